"""The Iceberg copy of a published table: which Athena statements bring it to the contract's version.

Iceberg knows its columns by number, so it follows a contract further than Hive's Parquet does: columns are added, types
widened and columns reordered without touching a file. Source: Athena user guide, "Evolve Iceberg table schema".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lake.catalog import CatalogConflictError
from lake.contracts.ddl import athena_iceberg, iceberg_type

# "Currently, the following cases are supported for Iceberg tables" (the same page); a decimal's scale stays.
WIDER = {("int", "bigint"), ("float", "double")}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


def iceberg_statements(
    compiled: Mapping[str, Any], existing: Mapping[str, Any] | None, curated_bucket: str
) -> list[str]:
    """Return the statements that make the table, or that let it follow the contract; none when nothing is to do.

    :param compiled: the compiled contract
    :param existing: ``Table`` as Glue's GetTable answers it, None if there is none
    :param curated_bucket: name of the bucket of the table's location
    :raises CatalogConflictError: the table cannot follow: a column is gone, or has a type Iceberg cannot turn into the
        contract's
    """
    if existing is None:
        return [athena_iceberg(dict(compiled)).replace("${curated}", curated_bucket)]
    table = iceberg_table(compiled)
    if existing.get("Parameters", {}).get("table_type", "").upper() != "ICEBERG":
        raise CatalogConflictError(f"{table} exists and is no Iceberg table. Drop or rename it; nothing was changed.")
    have = {
        column["Name"]: column["Type"].lower()
        for column in existing["StorageDescriptor"]["Columns"]
        # A column that was dropped stays in Glue, marked.
        if column.get("Parameters", {}).get("iceberg.field.current") != "false"
    }
    want = {column["name"]: iceberg_type(column["athena_type"]) for column in compiled["columns"]}
    _refuse(table, have, want)
    added = ", ".join(f"`{name}` {kind}" for name, kind in want.items() if name not in have)
    return [
        *([f"ALTER TABLE {table} ADD COLUMNS ({added})"] if added else []),
        *(
            f"ALTER TABLE {table} CHANGE COLUMN `{name}` `{name}` {want[name]}"
            for name, kind in have.items()
            if kind != want[name]
        ),
    ]


def iceberg_table(compiled: Mapping[str, Any]) -> str:
    """:return: database and name of the table"""
    return f"{compiled['databases']['curated']}.{compiled['product']}_iceberg"


def _refuse(table: str, have: Mapping[str, str], want: Mapping[str, str]) -> None:
    gone = [f"{name} is not in the contract any more" for name in have if name not in want]
    changed: Sequence[str] = [
        f"{name} {kind} -> {want[name]}"
        for name, kind in have.items()
        if name in want and not _widens(kind, want[name])
    ]
    if gone or changed:
        raise CatalogConflictError(
            f"{table} cannot follow the contract by itself: {'; '.join([*changed, *gone])}. Nothing was changed. "
            "If readers of the table agree, change it by hand (ALTER TABLE ... DROP COLUMN), or make a new one."
        )


def _widens(present: str, wanted: str) -> bool:
    if present == wanted or (present, wanted) in WIDER:
        return True
    narrow, wide = _DECIMAL.fullmatch(present), _DECIMAL.fullmatch(wanted)
    return bool(narrow and wide and narrow[2] == wide[2] and int(narrow[1]) <= int(wide[1]))
