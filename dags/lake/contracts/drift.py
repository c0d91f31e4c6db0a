"""Differences between what the contracts say and what the live catalog and warehouse have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.catalog import FINGERPRINT, VERSION, ContractTable

_CRAWLED = "UpdatedByCrawler"  # what a crawler writes into the parameters of every table it touches
_FOLLOW = "ensure_tables follows on the next run, or stops and says why it cannot."
_RESTORE = "Find out who changed it; the contract owns this table. " + _FOLLOW
# Redshift's catalog names beside those of its documentation ("Data types", aliases).
_REDSHIFT = {
    "int2": "smallint", "int4": "integer", "int": "integer", "int8": "bigint", "bool": "boolean",
    "float8": "double precision", "timestamp without time zone": "timestamp",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Drift:
    """One difference.

    :param where: table, with its database or schema
    :param what: what differs
    :param fix: what to do about it
    """

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.fix}"


def table_drift(wanted: ContractTable, existing: Mapping[str, Any] | None) -> Iterator[Drift]:
    """Compare a table of the Glue catalog with the one its contract wants.

    :param wanted: result of ``lake.catalog.contract_tables``
    :param existing: ``Table`` as GetTable answers it, None when there is none
    """
    where = f"{wanted.database}.{wanted.name}"
    if existing is None:
        yield Drift(where, "does not exist", "ensure_tables creates it on the first run.")
        return
    have, want = existing["StorageDescriptor"], wanted.definition["StorageDescriptor"]
    yield from _columns(where, "column", _types(have["Columns"]), _types(want["Columns"]))
    keys = existing.get("PartitionKeys", []), wanted.definition["PartitionKeys"]
    yield from _columns(where, "partition key", _types(keys[0]), _types(keys[1]))
    if have.get("Location", "").rstrip("/") != want["Location"].rstrip("/"):
        yield Drift(where, f"location is {have.get('Location')}, the contract says {want['Location']}", _RESTORE)
    for part in ("InputFormat", "OutputFormat"):
        if have.get(part) != want[part]:
            yield Drift(where, f"{part} is {have.get(part)}, the contract says {want[part]}", _RESTORE)
    yield from _parameters(where, existing.get("Parameters", {}), wanted.definition["Parameters"])


def warehouse_drift(table: str, compiled: Mapping[str, Any], existing: Sequence[Mapping[str, Any]]) -> Iterator[Drift]:
    """Compare a table of the warehouse with the contract it was made from.

    :param table: ``schema.table``
    :param compiled: the compiled contract
    :param existing: ``ColumnList`` as DescribeTable of the Redshift Data API answers it
    """
    have = {column["name"].lower(): redshift_type(column) for column in existing}
    want = {column["name"]: column["redshift_type"] for column in compiled["columns"]}
    fix = "The warehouse follows by hand: ALTER TABLE (docs/runbook.md, 'Breaking changes')."
    for drift in _columns(table, "column", have, want):
        yield Drift(drift.where, drift.what, fix)


def redshift_type(column: Mapping[str, Any]) -> str:
    """Return the type of a column as contracts spell it.

    :param column: entry of ``ColumnList`` of DescribeTable
    """
    kind = str(column["typeName"]).lower()
    kind = _REDSHIFT.get(kind, kind)
    if kind in ("varchar", "character varying"):
        return f"varchar({column['length']})"
    if kind in ("numeric", "decimal"):
        return f"decimal({column['precision']},{column['scale']})"
    return kind


def _types(columns: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {column["Name"].lower(): column.get("Type", "").lower() for column in columns}


def _columns(where: str, kind: str, have: Mapping[str, str], want: Mapping[str, str]) -> Iterator[Drift]:
    for name in sorted(have.keys() | want.keys()):
        if name not in have:
            yield Drift(where, f"{kind} {name} ({want[name]}) is missing", _FOLLOW)
        elif name not in want:
            yield Drift(where, f"{kind} {name} ({have[name]}) is not in the contract", _RESTORE)
        elif have[name] != want[name]:
            yield Drift(where, f"{kind} {name} is {have[name]}, the contract says {want[name]}", _RESTORE)


def _parameters(where: str, have: Mapping[str, str], want: Mapping[str, str]) -> Iterator[Drift]:
    if _CRAWLED in have:
        fix = "Crawlers are for landing only: take the table's folder out of the crawler's targets."
        yield Drift(where, f"the crawler {have[_CRAWLED]} changed it", fix)
    for name in sorted(want):
        if have.get(name) != want[name]:
            fix = _FOLLOW if name in (VERSION, FINGERPRINT) else _RESTORE
            yield Drift(where, f"parameter {name} is {have.get(name)!r}, the contract says {want[name]!r}", fix)
