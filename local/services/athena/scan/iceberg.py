"""Iceberg tables: DuckDB reads the metadata file that the catalog points to."""

from __future__ import annotations

import duckdb

from local.services.athena.catalog import Table
from local.services.athena.duckdb_pool import load_extension
from local.services.athena.errors import QueryFailed
from local.services.athena.names import as_folder, identifier, literal


def load(connection: duckdb.DuckDBPyConnection) -> None:
    for extension in ("avro", "iceberg"):
        load_extension(connection, extension)


def table_folder(table: Table) -> str:
    """The folder with the table's data and metadata."""
    if table.location:
        return as_folder(table.location)
    return as_folder(_metadata_file(table).rsplit("/metadata/", 1)[0])


def relation(table: Table, snapshot: str) -> str:
    """:param snapshot: ``snapshot_from_id`` or ``snapshot_from_timestamp`` argument, or empty for the current one."""
    columns = ", ".join(identifier(column.name) for column in table.columns)
    argument = f", {snapshot}" if snapshot else ""
    return f"SELECT {columns} FROM iceberg_scan({literal(_metadata_file(table))}{argument})"


def _metadata_file(table: Table) -> str:
    location = table.parameters.get("metadata_location")
    if not location:
        raise QueryFailed(
            "ICEBERG_INVALID_METADATA",
            f"Table {table.database}.{table.name} has table_type ICEBERG but no metadata_location",
        )
    return location
