"""SQL of a contract that Spark could not run: rules, columns, and the headers that columns come from."""

from __future__ import annotations

from collections.abc import Iterator

from lake.contracts import row_rules
from lake.contracts.columns import is_derived, source_name
from lake.contracts.expression import VALUE, ExpressionError, Names, kind_of
from lake.contracts.odcs import Document, Problem, custom_property

_LANDING = "landing."


def expression_problems(document: Document) -> Iterator[Problem]:
    """Find expressions that are broken, name what is not there, or are no truth value where one is needed.

    Delivered columns are computed first, from headers; then derived ones in the order of the contract; then rules.
    Generated columns come last: none of the others can see them.

    :param document: the contract, with one table
    """
    table = document["schema"][0]
    columns = table.get("properties", [])
    delivered = [column for column in columns if not custom_property(column, "generatedBy")]
    headers = [header for column in columns if (header := source_name(column)) is not None]
    known = {str(column.get("name")): _is_truth(column) for column in delivered if not is_derived(column)}
    for position, column in enumerate(columns):
        path = f"schema[0].properties[{position}]"
        yield from _source_problems(path, column, headers)
        logic = column.get("transformLogic")
        if not logic or custom_property(column, "generatedBy"):
            continue
        names = Names(known, headers) if is_derived(column) else Names(dict.fromkeys(headers, False))
        yield from _problems(f"{path}.transformLogic", str(logic), names)
        if is_derived(column):
            known = {**known, str(column.get("name")): _is_truth(column)}
    for position, rule in enumerate(table.get("quality", [])):
        implementation = rule.get("implementation")
        if rule.get("engine") == row_rules.ENGINE and isinstance(implementation, dict):
            predicate = implementation.get("failsWhen")
            path = f"schema[0].quality[{position}].implementation.failsWhen"
            if predicate:
                yield from _problems(path, str(predicate), Names(known, headers), truth=True)

    filterable = {str(column.get("name")): _is_truth(column) for column in columns}
    for position, role in enumerate(document.get("roles", [])):
        if row_filter := custom_property(role, "rowFilter"):
            yield from _problems(f"roles[{position}]", str(row_filter), Names(filterable), truth=True)


def _problems(path: str, text: str, names: Names, *, truth: bool = False) -> Iterator[Problem]:
    try:
        kind = kind_of(text, names)
    except ExpressionError as error:
        yield Problem(path, f"{text!r} cannot be run: {error}", "Write one Spark SQL expression over values of a row.")
        return
    if truth and kind == VALUE:
        fix = "Write a comparison, for example quantity = 0."
        yield Problem(path, f"{text!r} is neither true nor false", fix)


def _source_problems(path: str, column: Document, headers: list[str]) -> Iterator[Problem]:
    known = {header.lower() for header in headers}
    for source in column.get("transformSourceObjects", []):
        header = str(source).split(".", 2)[-1]
        if str(source).startswith(_LANDING) and header.lower() not in known:
            fix = f"Delivered columns: {', '.join(headers)}."
            yield Problem(f"{path}.transformSourceObjects", f"{source!r} is no delivered column", fix)


def _is_truth(column: Document) -> bool:
    return column.get("physicalType") == "boolean"
