"""How a table of the warehouse follows its contract: created, or evolved where nothing existing is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Redshift's catalog spells these in more words than its DDL.
_SPELLED = {
    "character varying": "varchar", "numeric": "decimal", "timestamp without time zone": "timestamp",
}  # fmt: skip
_VARCHAR = re.compile(r"varchar\((\d+)\)")


class WarehouseConflictError(Exception):
    """An existing table cannot follow the contract by itself; the text says why and what to do."""


def columns_query(schema: str, table: str) -> str:
    """Return the query for a table's columns: name, type, length, precision, scale.

    :param schema: schema in Redshift
    :param table: table in it
    """
    return (
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale FROM svv_columns"
        f" WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position"
    )


def catalog_columns(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return the type of each column as contracts spell it.

    :param rows: answer of :func:`columns_query`
    """
    return {str(name).lower(): _spelled(str(kind).lower(), *sizes) for name, kind, *sizes in rows}


def create_statement(schema: str, compiled: Mapping[str, Any]) -> str:
    """Return CREATE TABLE, sorted by the partition column: a day's rows are in few blocks.

    :param schema: schema in Redshift
    :param compiled: the compiled contract
    """
    columns = compiled["columns"]
    lines = [_column(column) + (" NOT NULL" if column["required"] else "") for column in columns]
    lines.append(f"PRIMARY KEY ({', '.join(_keys(columns))})")
    body = ", ".join(lines)
    table = f"{schema}.{compiled['product']}"
    return f"CREATE TABLE IF NOT EXISTS {table} ({body}) SORTKEY ({compiled['partition_column']})"


def evolution(schema: str, compiled: Mapping[str, Any], existing: Mapping[str, str]) -> list[str]:
    """Return the statements that bring an existing table to the contract, none of which rewrites a row.

    Redshift adds one column a statement and lets only a varchar grow in place (developer guide, "ALTER TABLE",
    ALTER COLUMN TYPE): not when it is part of the primary key.

    :param schema: schema in Redshift
    :param compiled: the compiled contract
    :param existing: result of :func:`catalog_columns`
    :raises WarehouseConflictError: if the contract differs in more than that
    """
    table, keys = f"{schema}.{compiled['product']}", _keys(compiled["columns"])
    statements, conflicts = [], []
    wanted = {column["name"]: column for column in compiled["columns"]}
    for name, column in wanted.items():
        kind = str(column["redshift_type"])
        if name not in existing:
            if column["required"] or name in keys:
                conflicts.append(f"{name} is new and may not be NULL, but the loaded rows have no value")
            else:
                statements.append(f"ALTER TABLE {table} ADD COLUMN {_column(column)}")
        elif existing[name] != kind:
            if _grows(existing[name], kind) and name not in keys:
                statements.append(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind}")
            else:
                conflicts.append(f"{name} is {existing[name]}, the contract says {kind}")
    conflicts += [f"{name} is not in the contract any more" for name in existing if name not in wanted]
    if conflicts:
        raise WarehouseConflictError(
            f"{table} cannot follow contract version {compiled['version']} by itself: {'; '.join(conflicts)}. "
            "Nothing was changed. Only nullable columns are added and varchars outside the key widened in place "
            "(docs/runbook.md, 'Breaking changes')."
        )
    return statements


def _grows(old: str, new: str) -> bool:
    before, after = _VARCHAR.fullmatch(old), _VARCHAR.fullmatch(new)
    return before is not None and after is not None and int(after[1]) > int(before[1])


def _column(column: Mapping[str, Any]) -> str:
    return f"{column['name']} {column['redshift_type']}"


def _keys(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    keys = [column for column in columns if column["primary_key_position"]]
    return [str(column["name"]) for column in sorted(keys, key=lambda column: int(column["primary_key_position"]))]


def _spelled(kind: str, length: Any, precision: Any, scale: Any) -> str:
    kind = _SPELLED.get(kind, kind)
    if kind == "varchar":
        return f"varchar({length})"
    return f"decimal({precision},{scale})" if kind == "decimal" else kind
