"""PIVOT and UNPIVOT, which PostgreSQL does not have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation.generator import Verbatim, write

ColumnsOf = Callable[[exp.Table], Sequence[str]]


def rewrite_pivots(sources: list[exp.Expr], columns_of: ColumnsOf) -> None:
    for source in sources:
        pivots = source.args.get("pivots") or []
        if not pivots:
            continue
        pivot = pivots[0]
        inner = source.copy()
        inner.set("pivots", None)
        if not inner.alias:
            inner.set("alias", exp.TableAlias(this=exp.to_identifier("_source")))
        columns = _columns(source, columns_of)
        alias = pivot.alias or source.alias or "_pivot"
        build = _unpivoted if pivot.args.get("unpivot") else _pivoted
        source.replace(Verbatim(f"({build(pivot, inner, columns)}) AS {alias}"))


def _columns(source: exp.Expr, columns_of: ColumnsOf) -> list[str]:
    if isinstance(source, exp.Table):
        columns = list(columns_of(source))
    elif isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query) and not source.this.is_star:
        columns = [item.alias_or_name for item in source.this.selects]
    else:
        columns = []
    if not columns:
        raise RedshiftError("the columns of a PIVOT or UNPIVOT input are not known: list them instead of using *")
    return columns


def _label(item: exp.Expr) -> tuple[exp.Expr, str]:
    """Give ``(value, output name)`` of one entry of the IN list."""
    if isinstance(item, (exp.PivotAlias, exp.Alias)):
        return item.this, item.alias if isinstance(item, exp.Alias) else item.args["alias"].name
    return item, item.name if isinstance(item, (exp.Literal, exp.Column, exp.Identifier)) else item.sql()


def _unpivoted(pivot: exp.Pivot, inner: exp.Expr, columns: list[str]) -> str:
    field = pivot.args["fields"][0]
    value, name = write(pivot.expressions[0]), write(field.this)
    taken = [(node.name, label) for node, label in map(_label, field.expressions)]
    names = {column.lower() for column, _ in taken}
    kept = "".join(f"{inner.alias}.{column}, " for column in columns if column.lower() not in names)
    rows = ", ".join(f"('{label}', {inner.alias}.{column})" for column, label in taken)
    where = "" if pivot.args.get("include_nulls") else f" WHERE _unpivoted.{value} IS NOT NULL"
    return (
        f"SELECT {kept}_unpivoted.{name}, _unpivoted.{value} FROM {write(inner)}"
        f" CROSS JOIN LATERAL (VALUES {rows}) AS _unpivoted({name}, {value}){where}"
    )


def _pivoted(pivot: exp.Pivot, inner: exp.Expr, columns: list[str]) -> str:
    field = pivot.args["fields"][0]
    key = write(field.this)
    used = {key.lower()} | {c.name.lower() for a in pivot.expressions for c in a.find_all(exp.Column)}
    kept = [column for column in columns if column.lower() not in used]
    items = list(kept)
    for value, label in map(_label, field.expressions):
        for aggregate in pivot.expressions:
            suffix = f"_{aggregate.alias}" if isinstance(aggregate, exp.Alias) else ""
            function = aggregate.this if isinstance(aggregate, exp.Alias) else aggregate
            name = f"{label}{suffix}".lower()
            items.append(f'{write(function)} FILTER (WHERE {key} = {write(value)}) AS "{name}"')
    grouping = f" GROUP BY {', '.join(kept)}" if kept else ""
    return f"SELECT {', '.join(items)} FROM {write(inner)}{grouping}"
