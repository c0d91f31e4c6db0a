"""Which partitions of a table a query reads: registered or projected, then pruned before any file is listed."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from local.services.athena.catalog import Catalog, Column, Partition, Table
from local.services.athena.functions import define_functions, to_duckdb
from local.services.athena.functions.nodes import Node
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier, literal
from local.services.athena.scan.projection import is_projected, projected_partitions


def wanted_partitions(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, table: Table, conditions: Sequence[Node]
) -> list[Partition]:
    """:param conditions: predicates over the table's partition keys only, columns without table name."""
    projected = is_projected(table)
    partitions = projected_partitions(table, conditions) if projected else list(catalog.partitions(table))
    if not partitions or not conditions:
        return partitions
    predicate = " AND ".join(f"({to_duckdb(condition.copy())})" for condition in conditions)
    define_functions(connection, predicate, set())
    return [partitions[i] for i in _matching(connection, table.partition_keys, partitions, predicate)]


def _matching(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[Column], partitions: Sequence[Partition], predicate: str
) -> list[int]:
    columns = ", ".join(
        f"TRY_CAST(v[{i + 1}] AS {duckdb_type(key.type)}) AS {identifier(key.name)}" for i, key in enumerate(keys)
    )
    rows = ", ".join(
        f"({i}, [{', '.join(literal(value) for value in partition.values)}])" for i, partition in enumerate(partitions)
    )
    query = f"SELECT i__ FROM (SELECT i__, {columns} FROM (VALUES {rows}) AS p(i__, v)) WHERE {predicate} ORDER BY i__"
    return [row[0] for row in connection.execute(query).fetchall()]
