"""What only all contracts together can tell: references between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lake.contracts.odcs import Problem

# Types whose values can be compared: a foreign key of another family never matches.
_FAMILIES = {
    "smallint": "number", "int": "number", "bigint": "number", "double": "number", "string": "text", "date": "date",
    "timestamp": "timestamp", "boolean": "boolean",
}  # fmt: skip


def lint_folder(compiled: list[dict[str, Any]]) -> dict[str, list[Problem]]:
    """Return the problems by file name; files without problems are left out.

    :param compiled: all compiled contracts
    """
    by_product = {contract["product"]: contract for contract in compiled}
    found = {}
    for contract in compiled:
        problems = [problem for rule in contract["lake_rules"] for problem in _lint_rule(contract, rule, by_product)]
        problems += _lint_landing(contract, compiled)
        if problems:
            found[f"{contract['product']}.odcs.yaml"] = problems
    return found


def _lint_rule(contract: dict[str, Any], rule: dict[str, Any], by_product: dict[str, Any]) -> Iterator[Problem]:
    if rule["check"] == "reconciliation":
        yield from _lint_reconciliation(contract, rule, by_product)
    if rule["check"] != "referential_integrity":
        return
    path, arguments = f"relationships {rule['id']}", rule["arguments"]
    target = by_product.get(arguments["to_product"])
    if target is None:
        what = f"refers to {arguments['to_product']!r}, which has no contract"
        yield Problem(path, what, f"Known: {', '.join(sorted(by_product))}.")
        return
    own, other = _types(contract), _types(target)
    for name, to_name in zip(arguments["columns"], arguments["to_columns"], strict=True):
        if to_name not in other:
            what = f"refers to {target['product']}.{to_name}, which does not exist"
            yield Problem(path, what, f"Columns: {', '.join(other)}.")
        elif own[name] != other[to_name]:
            what = f"compares {name} ({own[name]}) with {target['product']}.{to_name} ({other[to_name]})"
            yield Problem(path, what, "Both sides of a foreign key are of one kind of type.")


def _lint_reconciliation(
    contract: dict[str, Any], rule: dict[str, Any], by_product: dict[str, Any]
) -> Iterator[Problem]:
    path, arguments = f"quality {rule['id']}", rule["arguments"]
    target = by_product.get(arguments["product"])
    if target is None:
        what = f"compares with {arguments['product']!r}, which has no contract"
        yield Problem(path, what, f"Known: {', '.join(sorted(by_product))}.")
        return
    for name, owner in (("measure", contract), ("productMeasure", target)):
        found = re.search(r"\((?:distinct )?([a-z]\w*)\)", arguments[name])
        if found and found[1] not in (columns := _types(owner)):
            what = f"{name} is {arguments[name]}, but {owner['product']} has no column {found[1]!r}"
            yield Problem(path, what, f"Columns: {', '.join(columns)}.")


def _lint_landing(contract: dict[str, Any], compiled: list[dict[str, Any]]) -> Iterator[Problem]:
    prefix = contract["landing"]["prefix"]
    for other in compiled:
        if other is not contract and other["landing"]["prefix"].startswith(prefix):
            what = f"landing folder {prefix} holds that of {other['product']} ({other['landing']['prefix']})"
            yield Problem("servers", what, "A crawler must find one table in a folder: give each product its own.")


def _types(contract: dict[str, Any]) -> dict[str, str]:
    kinds = {column["name"]: column["athena_type"].split("(")[0] for column in contract["columns"]}
    return {name: _FAMILIES.get(kind, "number") for name, kind in kinds.items()}
