"""information_schema, as far as the caller may see."""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from local.services.athena.catalog import Table
from local.services.athena.errors import PermissionDenied, QueryFailed
from local.services.athena.hive_types import trino_type
from local.services.athena.names import literal
from local.services.athena.session import QuerySession

_CATALOG = "awsdatacatalog"
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type",
    ),
}  # fmt: skip


def query(session: QuerySession, name: str) -> exp.Query:
    """The rows of ``information_schema.<name>`` as a query of constants.

    :raises QueryFailed: no such table.
    """
    if name not in _COLUMNS:
        raise QueryFailed("TABLE_NOT_FOUND", f"Table '{_CATALOG}.information_schema.{name}' does not exist")
    columns = _COLUMNS[name]
    rows = (
        _schemata(session)
        if name == "schemata"
        else [row for table in _tables(session) for row in _rows(session, name, table)]
    )
    values = ", ".join("(" + ", ".join(_value(value) for value in row) + ")" for row in rows)
    empty = "(" + ", ".join("NULL" for _ in columns) + ")"
    condition = "" if rows else " WHERE false"
    text = f"SELECT * FROM (VALUES {values or empty}) AS information__({', '.join(columns)}){condition}"
    found = sqlglot.parse_one(text, read="trino")
    assert isinstance(found, exp.Query)
    return found


def _tables(session: QuerySession) -> list[Table]:
    names = session.catalog.database_names()
    return [table for name in names if _sees_tables(session, name) for table in session.catalog.tables(name)]


def _sees_tables(session: QuerySession, database: str) -> bool:
    return any(session.authorizer.may_describe(table) for table in session.catalog.tables_inside(database))


def _schemata(session: QuerySession) -> list[Sequence[object]]:
    names = session.catalog.database_names()
    return [(_CATALOG, name) for name in names if session.authorizer.may("DESCRIBE", name)]


def _rows(session: QuerySession, name: str, table: Table) -> list[Sequence[object]]:
    try:
        visible = session.authorizer.describe(table).columns
    except PermissionDenied:
        return []
    if name == "columns":
        return [
            (_CATALOG, table.database, table.name, column.name, i + 1, None, "YES", trino_type(column.type))
            for i, column in enumerate(table.columns)
            if column.name in visible
        ]
    if name == "views":
        return [(_CATALOG, table.database, table.name, None)] if table.is_view else []
    return [(_CATALOG, table.database, table.name, "VIEW" if table.is_view else "BASE TABLE")]


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return literal(value) if isinstance(value, str) else str(value)
