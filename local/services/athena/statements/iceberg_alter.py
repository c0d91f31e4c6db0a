"""ALTER TABLE on Iceberg tables: changes of the schema and of properties, without touching a data file.

Source: Athena user guide, "Evolve Iceberg table schema" and "ALTER TABLE SET TBLPROPERTIES".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local.services.athena.catalog import Table
from local.services.athena.errors import QueryFailed, hive_failure
from local.services.athena.session import QuerySession
from local.services.athena.statements.hive_ddl import assigned_properties, column_definition, parse_hive
from local.services.athena.statements.iceberg_tables import arrow_schema, commit, load
from local.services.athena.statements.result import DDL, StatementResult, done

_NAME = r"[`\"]?(\w+)[`\"]?"
_ADD = re.compile(r"^ADD\s+COLUMNS\s*\((?P<columns>.*)\)$", re.I | re.S)
_DROP = re.compile(rf"^DROP\s+COLUMN\s+{_NAME}$", re.I)
_CHANGE = re.compile(
    rf"^CHANGE\s+(?:COLUMN\s+)?{_NAME}\s+(?P<definition>.*?)(?:\s+(?:(?P<first>FIRST)|AFTER\s+[`\"]?(?P<after>\w+)[`\"]?))?$",
    re.I | re.S,
)
_SET = re.compile(r"^SET\s+TBLPROPERTIES\s*\((?P<properties>.*)\)$", re.I | re.S)
_UNSET = re.compile(r"^UNSET\s+TBLPROPERTIES\s*\((?P<names>.*)\)$", re.I | re.S)
_PROPERTY_NAME = re.compile(r"""['"]([^'"]+)['"]""")
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
# The guide: "integer to big integer, float to double, increasing the precision of a decimal type".
_WIDER = {("int", "bigint"), ("float", "double")}


def alter(session: QuerySession, table: Table, change: str) -> StatementResult:
    """:param change: what follows the table's name
    :raises QueryFailed: Iceberg tables have no such change
    """
    for pattern, apply in _CHANGES:
        found = pattern.match(change)
        if found:
            return apply(session, table, found)
    raise QueryFailed(
        "NOT_SUPPORTED",
        f"ALTER TABLE {table.name} {change[:60]} is not supported for Iceberg tables: there are ADD COLUMNS, "
        f"DROP COLUMN, CHANGE COLUMN, SET and UNSET TBLPROPERTIES",
    )


def _add(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    columns = [column_definition(node) for node in parse_hive(f"CREATE EXTERNAL TABLE x ({found[1]})").this.expressions]
    existing = {column.name for column in table.columns}
    for column in columns:
        if column["Name"] in existing:
            raise hive_failure(f"Duplicate column name: {column['Name']}")
        existing.add(column["Name"])
    wanted = arrow_schema(session, {column["Name"]: column["Type"] for column in columns})

    def change() -> None:
        with load(session, table).transaction() as transaction:
            with transaction.update_schema() as update:
                update.union_by_name(wanted)
            for column in columns:
                if column.get("Comment"):
                    with transaction.update_schema() as update:
                        update.update_column(column["Name"], doc=column["Comment"])

    commit(change)
    return done(DDL, "ALTER_TABLE_ADD_COLUMNS")


def _drop(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    name = _existing(table, found[1])
    iceberg = load(session, table)
    if name in _partitioned_by(iceberg):
        raise hive_failure(f"Cannot delete partition column {name}")

    def change() -> None:
        with iceberg.update_schema() as update:
            update.delete_column(name)

    commit(change)
    return done(DDL, "ALTER_TABLE_DROP_COLUMN")


def _change(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    old = _existing(table, found[1])
    (node,) = parse_hive(f"CREATE EXTERNAL TABLE x ({found['definition']})").this.expressions
    column = column_definition(node)
    name = column["Name"]
    if name != old and any(other.name == name for other in table.columns):
        raise hive_failure(f"Duplicate column name: {name}")
    (present,) = (other.type for other in table.columns if other.name == old)
    if not _may_become(present, column["Type"]):
        raise hive_failure(f"Cannot change column type: {old}: {present} -> {column['Type']}")
    after = _existing(table, found["after"]) if found["after"] else ""
    wanted = arrow_schema(session, {column["Name"]: column["Type"]})

    def change() -> None:
        with load(session, table).transaction() as transaction:
            with transaction.update_schema() as update:
                if name != old:
                    update.rename_column(old, name)
                if column.get("Comment"):
                    update.update_column(old, doc=column["Comment"])
            with transaction.update_schema() as update:
                update.union_by_name(wanted)
            with transaction.update_schema() as update:
                if found["first"]:
                    update.move_first(name)
                elif after:
                    update.move_after(name, after)

    commit(change)
    return done(DDL, "ALTER_TABLE_CHANGE_COLUMN")


def _set_properties(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    properties = assigned_properties(found["properties"])

    def change() -> None:
        with load(session, table).transaction() as transaction:
            transaction.set_properties(properties)

    commit(change)
    return done(DDL, "ALTER_TABLE_SET_TBLPROPERTIES")


def _unset_properties(session: QuerySession, table: Table, found: re.Match[str]) -> StatementResult:
    names = _PROPERTY_NAME.findall(found["names"])

    def change() -> None:
        with load(session, table).transaction() as transaction:
            transaction.remove_properties(*names)

    commit(change)
    return done(DDL, "ALTER_TABLE_UNSET_TBLPROPERTIES")


def _existing(table: Table, name: str) -> str:
    if all(column.name != name.lower() for column in table.columns):
        raise hive_failure(f"Invalid column reference {name}: {table.database}.{table.name} has no such column")
    return name.lower()


def _partitioned_by(iceberg: Any) -> set[str]:
    """Columns that the current partition spec reads."""
    return {iceberg.schema().find_column_name(field.source_id) for field in iceberg.spec().fields}


def _may_become(present: str, wanted: str) -> bool:
    if present == wanted or (present, wanted) in _WIDER:
        return True
    narrow, wide = _DECIMAL.fullmatch(present), _DECIMAL.fullmatch(wanted)
    return bool(narrow and wide and narrow[2] == wide[2] and int(narrow[1]) <= int(wide[1]))


_CHANGES: list[tuple[re.Pattern[str], Callable[[QuerySession, Table, re.Match[str]], StatementResult]]] = [
    (_ADD, _add),
    (_DROP, _drop),
    (_CHANGE, _change),
    (_SET, _set_properties),
    (_UNSET, _unset_properties),
]
