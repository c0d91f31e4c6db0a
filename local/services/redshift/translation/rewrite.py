"""Turns a parsed Redshift statement into PostgreSQL text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlglot import exp

from local.services.redshift.translation.dialect import parse
from local.services.redshift.translation.functions import rewrite_calls, rewrite_windows
from local.services.redshift.translation.generator import Verbatim, write
from local.services.redshift.translation.pivots import rewrite_pivots
from local.services.redshift.translation.semistructured import rewrite_navigation, rewrite_sources

_OWN_AGGREGATES = frozenset({"median", "string_agg", "redshift_listagg", "redshift_listagg_desc"})


class ColumnLookup(Protocol):
    """What a rewrite must know of the database."""

    def columns(self, table: exp.Table) -> Sequence[str]:
        """Column names in table order; empty if the table does not exist (yet)."""
        ...


class NoColumns:
    """For statements without tables."""

    def columns(self, table: exp.Table) -> Sequence[str]:
        return ()


def to_postgres(statement: str | exp.Expr, lookup: ColumnLookup | None = None) -> str:
    """Translate one statement.

    :param statement: text, or a tree that is changed in place
    :raises RedshiftError: a syntax error
    """
    tree = parse(statement) if isinstance(statement, str) else statement
    rewrite(tree, lookup or NoColumns())
    return write(tree)


def rewrite(tree: exp.Expr, lookup: ColumnLookup) -> None:
    rewrite_calls(tree)
    rewrite_windows(tree)
    for when in list(tree.find_all(exp.When)):
        _rewrite_merge_insert(when)
    for select in list(tree.find_all(exp.Select)):
        _rewrite_select(select, lookup)


def _rewrite_select(select: exp.Select, lookup: ColumnLookup) -> None:
    start = select.args.get("from_")
    sources = ([start.this] if start else []) + [join.this for join in select.args.get("joins") or []]
    names = {source.alias_or_name.lower() for source in sources if source.alias_or_name}
    rewrite_sources(sources, names)
    rewrite_navigation(select, names)
    rewrite_pivots(sources, lookup.columns)
    _inline_lateral_aliases(select, sources, lookup)
    _expand_group_by_all(select)


def _inline_lateral_aliases(select: exp.Select, sources: list[exp.Expr], lookup: ColumnLookup) -> None:
    """An alias may be used by later items and by WHERE; a column of a source wins over an alias of the same name."""
    columns: set[str] = set()
    for source in sources:
        if isinstance(source, exp.Table):
            columns |= {name.lower() for name in lookup.columns(source)}
        elif isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query):
            columns |= {item.alias_or_name.lower() for item in source.this.selects}
    aliases: dict[str, exp.Expr] = {}

    def inline(node: exp.Expr) -> None:
        for column in list(node.find_all(exp.Column)):
            name = column.name.lower()
            used = not column.table and name in aliases and name not in columns
            if used and column.find_ancestor(exp.Select) is select:
                column.replace(exp.paren(aliases[name].copy()))

    for item in list(select.expressions):
        inline(item)
        if isinstance(item, exp.Alias):
            expression, name = item.this, item.alias.lower()
            if not (isinstance(expression, exp.Column) and expression.name.lower() == name):
                aliases[name] = expression
    for clause in ("where", "qualify", "having"):
        if select.args.get(clause):
            inline(select.args[clause])


def _expand_group_by_all(select: exp.Select) -> None:
    group = select.args.get("group")
    if group is None or not group.args.get("all") or group.expressions:
        return
    keys = [
        exp.Literal.number(position)
        for position, item in enumerate(select.expressions, 1)
        if not item.find(exp.AggFunc)
        and not any(f.name.lower() in _OWN_AGGREGATES for f in item.find_all(exp.Anonymous))
    ]
    group.set("all", None)
    group.set("expressions", keys)


def _rewrite_merge_insert(when: exp.When) -> None:
    """``WHEN NOT MATCHED THEN INSERT VALUES (...)`` without a column list, which sqlglot garbles."""
    insert = when.args.get("then")
    if not isinstance(insert, exp.Insert) or insert.args.get("expression"):
        return
    values = insert.this
    if isinstance(values, exp.Values):
        when.set("then", Verbatim(f"INSERT {write(values)}"))
    elif isinstance(values, (exp.Tuple, exp.Paren)) and values.sql().upper().startswith(("(VALUES", "VALUES")):
        row = values.expressions[0] if isinstance(values, exp.Tuple) else values.this
        items = ", ".join(write(item) for item in row.expressions)
        when.set("then", Verbatim(f"INSERT VALUES ({items})"))
