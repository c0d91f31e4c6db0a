"""Who sees what: the union of everything Lake Formation grants, column by column. Nothing denies. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lake.lake_formation.grant_changes import IAM_ALLOWED_PRINCIPALS
from lake.lake_formation.resources import OF_TABLE, Expression, Kind, Resource
from lake.lake_formation.state import LakeState, TableName

Rows = frozenset[str] | None
"""Predicates of which one must hold; None means all rows."""
Visible = Mapping[str, Rows]
"""Rows by column; a column that is not there is not visible."""


def readers(lake: LakeState, table: TableName) -> dict[str, Visible]:
    """What each principal sees of a table, for everybody who sees something.

    :param lake: state of the lake
    :param table: a table of the catalog
    """
    seen: dict[str, dict[str, Rows]] = {}
    for principal, columns, predicate in _scopes(lake, table):
        visible = seen.setdefault(principal, {})
        for column in columns:
            before = visible.get(column, frozenset())
            visible[column] = None if before is None or predicate is None else before | {predicate}
    order = lake.columns[table]
    return {
        principal: {column: visible[column] for column in order if column in visible}
        for principal, visible in sorted(seen.items())
        if visible
    }


def may_change(lake: LakeState, table: TableName) -> frozenset[str]:
    """Principals that may write rows, or alter or drop the table."""
    writing = {"ALTER", "DELETE", "DROP", "INSERT"}
    return frozenset(principal for principal, _, permissions in _grants(lake, table) if permissions & writing)


def is_open_to_iam(lake: LakeState, table: TableName) -> bool:
    """Whether IAM alone decides about a table."""
    return IAM_ALLOWED_PRINCIPALS in readers(lake, table)


def _grants(lake: LakeState, table: TableName) -> Iterator[tuple[str, Resource, frozenset[str]]]:
    for (principal, resource), rights in lake.tables[table].grants.items():
        yield principal, resource, rights.permissions
    for (principal, resource), rights in lake.grants.items():
        if resource.kind is Kind.ALL_TABLES and resource.database == table.database:
            yield principal, resource, rights.permissions
        elif resource.kind is Kind.TABLE_POLICY:
            matching = _matching(lake, table, resource)
            whole = len(matching) == len(lake.columns[table])
            # When a policy reaches only some columns, only reading is left of it.
            if matching:
                yield principal, resource, rights.permissions if whole else rights.permissions & {"SELECT"}


def _scopes(lake: LakeState, table: TableName) -> Iterator[tuple[str, frozenset[str], str | None]]:
    everything = frozenset(lake.columns[table])
    for principal, resource, permissions in _grants(lake, table):
        if "SELECT" not in permissions:
            continue
        if resource.kind is Kind.FILTER:
            found = lake.tables[table].filters.get(resource.name)
            if found is not None:
                columns = frozenset(found.columns) if found.columns else everything - set(found.excluded)
                yield principal, columns & everything, found.expression
        else:
            yield principal, _columns(lake, table, resource), None


def _columns(lake: LakeState, table: TableName, resource: Resource) -> frozenset[str]:
    everything = frozenset(lake.columns[table])
    if resource.kind is Kind.COLUMN:
        return everything & {resource.name}
    if resource.kind in OF_TABLE:
        return everything - set(resource.excluded)
    return _matching(lake, table, resource) if resource.kind is Kind.TABLE_POLICY else everything


def _matching(lake: LakeState, table: TableName, policy: Resource) -> frozenset[str]:
    """Columns that a tag policy reaches. Tags go down from database to table to column; the nearest value counts."""
    expression = lake.tag_expressions.get(policy.name, ()) if policy.name else policy.expression
    state = lake.tables[table]
    inherited = {**lake.database_tags.get(table.database, {}), **state.tags}
    return frozenset(
        column
        for column in lake.columns[table]
        if _fits(expression, {**inherited, **state.column_tags.get(column, {})})
    )


def _fits(expression: Expression, tags: Mapping[str, str]) -> bool:
    return bool(expression) and all(tags.get(key) in values for key, values in expression)
