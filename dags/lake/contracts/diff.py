"""Compare contracts with an older version: ``python -m lake.contracts diff``, also ``make diff``.

Tells every change with its level (patch, minor, major), why, what the pipeline will do and who reads the product. The
version must be raised as far as the gravest change asks. Exit code: 0 good, 1 a version was not raised enough or a
contract was removed that was not deprecated, 2 nothing could be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lake.contracts.change import Change, Level
from lake.contracts.consumers import Consumer, consumers
from lake.contracts.contract_changes import compare
from lake.contracts.odcs import ContractError, Document
from lake.contracts.revisions import CONTRACTS, UnknownRevisionError, contracts_at, contracts_in_git

_ENDED = ("deprecated", "retired")


@dataclass(frozen=True)
class ProductDiff:
    """What happened to one contract.

    :param product: its name
    :param old_version: version before, None for a new contract
    :param new_version: version after, None for a removed one
    :param changes: the gravest first
    :param consumers: who reads the product; empty when nothing changed
    :param problem: what is wrong with the version, or None
    """

    product: str
    old_version: str | None
    new_version: str | None
    changes: list[Change]
    consumers: list[Consumer]
    problem: str | None


def diff(old: dict[str, Document], new: dict[str, Document], repository: Path) -> list[ProductDiff]:
    """Compare all contracts; those without a change are left out.

    :param old: older contracts by product
    :param new: newer contracts by product
    :param repository: where SQL and DAG files are looked for that read a changed product
    """
    found = []
    for product in sorted(old.keys() | new.keys()):
        was, now = old.get(product), new.get(product)
        if was is None:
            found.append(ProductDiff(product, None, str((now or {}).get("version")), [], [], None))
            continue
        changes = compare(was, now) if now is not None else [_removed(product)]
        problem = _version_problem(product, was, now, changes)
        if changes or problem or now is None or was.get("version") != now.get("version"):
            readers = consumers(product, was, old | new, repository) if changes else []
            version = None if now is None else str(now.get("version"))
            found.append(ProductDiff(product, str(was.get("version")), version, changes, readers, problem))
    return found


def raised(old: str, new: str) -> Level | None:
    """Return the part of the version that was raised, or None when it was not.

    :param old: semantic version before
    :param new: semantic version after
    :raises ValueError: if one of them is no semantic version of three numbers
    """
    before, after = _numbers(old), _numbers(new)
    if after <= before:
        return None
    parts = zip((Level.MAJOR, Level.MINOR, Level.PATCH), before, after, strict=True)
    return next(level for level, was, now in parts if was != now)


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def _removed(product: str) -> Change:
    why = "Everybody who reads it loses it."
    return Change(
        "contract", f"{product} was removed", Level.MAJOR, why, "No run follows; the tables stay, nobody owns them."
    )


def _version_problem(product: str, old: Document, new: Document | None, changes: list[Change]) -> str | None:
    if new is None:
        if old.get("status") in _ENDED:
            return None
        return f"{product} has status {old.get('status')!r}: set it to deprecated, tell the readers, then remove it."
    was, now = str(old.get("version")), str(new.get("version"))
    try:
        level = raised(was, now)
        before, after = _numbers(was), _numbers(now)
    except ValueError:
        return f"{was} -> {now}: not semantic versions like 1.4.2, so nobody can tell whether it was raised."
    if after < before:
        return f"the version went back from {was} to {now}; readers and tables only follow newer ones."
    if not changes:
        return None
    needed = max(change.level for change in changes)
    if level is None or level < needed:
        return f"a {needed} change needs at least version {next_version(was, needed)}, the contract says {now}."
    return None


def next_version(version: str, level: Level) -> str:
    """Return the least version that raises a part.

    :param version: semantic version
    :param level: part to raise
    """
    major, minor, patch = _numbers(version)
    if level is Level.MAJOR:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if level is Level.MINOR else f"{major}.{minor}.{patch + 1}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the command
    """
    parser.add_argument("paths", nargs="*", type=Path, metavar="OLD NEW", help="two contracts or two folders instead")
    parser.add_argument("--against", default="origin/main", metavar="REVISION", help="compare with a git revision")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare and print.

    :param options: ``repository``, ``paths``, ``against`` and ``json``
    :return: exit code, see above
    """
    if len(options.paths) not in (0, 2):
        sys.stderr.write("Name two contracts or folders, or none to compare the working tree with --against.\n")
        return 2
    try:
        if options.paths:
            old, new = (contracts_at(path) for path in options.paths)
        else:
            old = contracts_in_git(options.repository, options.against)
            new = contracts_at(options.repository / CONTRACTS)
    except (ContractError, UnknownRevisionError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = diff(old, new, options.repository)
    sys.stdout.write(_as_json(found) if options.json else _as_text(found))
    return 1 if any(product.problem for product in found) else 0


def _as_json(found: list[ProductDiff]) -> str:
    products: list[dict[str, Any]] = [
        {**asdict(product), "changes": [{**asdict(change), "level": str(change.level)} for change in product.changes]}
        for product in found
    ]
    return json.dumps({"products": products}, indent=1, ensure_ascii=False) + "\n"


def _as_text(found: list[ProductDiff]) -> str:
    if not found:
        return "No contract changed.\n"
    lines = []
    for product in found:
        if product.old_version is None:
            lines.append(f"{product.product}: new, version {product.new_version}")
            continue
        lines.append(f"{product.product}: {product.old_version} -> {product.new_version or 'removed'}")
        lines += [f"  {change}" for change in product.changes]
        if product.consumers:
            lines += ["  who reads it:", *(f"    {consumer}" for consumer in product.consumers)]
        lines.append(f"  NOT GOOD: {product.problem}" if product.problem else "  version: good")
    return "\n".join(lines) + "\n"
