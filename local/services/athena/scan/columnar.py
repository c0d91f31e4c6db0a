"""Parquet, Avro and ORC: columns by name; a column that a file lacks is NULL."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.orc

from local.services.athena.catalog import Column, Table
from local.services.athena.duckdb_pool import load_extension
from local.services.athena.errors import QueryFailed
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier
from local.services.athena.scan.source import FILE_COLUMN, Source, file_list, missing
from local.services.athena.storage import DataFile, Storage

_FAMILIES = (
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"),
    ("FLOAT", "DOUBLE"),
    ("VARCHAR", "BLOB"),
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"),
)


def parquet(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[DataFile]) -> Source:
    """:raises QueryFailed: HIVE_BAD_DATA, a file's column has another type than the table says."""
    relation = (
        f"read_parquet({file_list(files)}, union_by_name=true, hive_partitioning=false, filename='{FILE_COLUMN}')"
    )
    found = _columns_of(connection, relation)
    return Source(relation, tuple(_by_name(column, found, table) for column in table.data_columns))


def avro(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[DataFile]) -> Source:
    load_extension(connection, "avro")
    relation = f"(SELECT *, filename AS {FILE_COLUMN} FROM read_avro({file_list(files)}, filename=true))"
    found = _columns_of(connection, relation)
    return Source(relation, tuple(_by_name(column, found, table) for column in table.data_columns))


def orc(connection: duckdb.DuckDBPyConnection, storage: Storage, table: Table, files: Sequence[DataFile]) -> Source:
    """DuckDB has no ORC reader: pyarrow's, into a temporary table."""
    parts = []
    for file in files:
        content = pyarrow.orc.read_table(io.BytesIO(storage.read(file.uri)))
        parts.append(content.append_column(FILE_COLUMN, pa.array([file.uri] * content.num_rows)))
    name = "orc_" + uuid.uuid4().hex
    connection.register(f"{name}_arrow", pa.concat_tables(parts, promote_options="default"))
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")
    connection.unregister(f"{name}_arrow")
    found = _columns_of(connection, name)
    return Source(name, tuple(_by_name(column, found, table) for column in table.data_columns))


def _columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, tuple[str, str]]:
    """Lower-case name -> (name, DuckDB type)."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {row[0].lower(): (row[0], row[1]) for row in rows}


def _by_name(column: Column, found: dict[str, tuple[str, str]], table: Table) -> str:
    if column.name not in found:
        return missing(column)
    name, kind = found[column.name]
    declared = duckdb_type(column.type)
    if not _compatible(kind, declared):
        raise QueryFailed(
            "HIVE_BAD_DATA",
            f"Field {column.name}'s type {kind} in the files of {table.database}.{table.name} "
            f"is incompatible with type {column.type} defined in table schema",
        )
    return f"CAST({identifier(name)} AS {declared}) AS {identifier(column.name)}"


def _compatible(stored: str, declared: str) -> bool:
    """Whether Athena reads a stored type as the declared one. Nested types are left to the cast."""
    if "(" in stored or "[" in stored or "(" in declared or "[" in declared:
        return _shape(stored) == _shape(declared)
    if stored == declared:
        return True
    return any(stored in family and declared in family for family in _FAMILIES)


def _shape(kind: str) -> str:
    if kind.endswith("]"):
        return "list"
    return kind.split("(", 1)[0]
