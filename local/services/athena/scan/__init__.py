"""A Glue table as a DuckDB relation: files of the wanted partitions, read as the table's SerDe would."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from local.services.athena.catalog import Catalog, Partition, Table
from local.services.athena.functions.nodes import Node
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier, literal
from local.services.athena.scan import columnar, iceberg, json_lines, text
from local.services.athena.scan.partitions import wanted_partitions
from local.services.athena.scan.source import FILE_COLUMN, Source
from local.services.athena.storage import DataFile, Storage

_DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"

# With more partitions than this, one listing of the table is cheaper than one listing per partition.
_LISTINGS = 16


class TableScanner:
    """Reads tables for one query.

    :param connection: not hardened yet: schemas of files are looked at here.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, storage: Storage, catalog: Catalog) -> None:
        self._connection = connection
        self._storage = storage
        self._catalog = catalog
        self.files: list[DataFile] = []
        self.folders: set[str] = set()
        self.bytes_read_elsewhere = 0

    def relation(
        self, table: Table, conditions: Sequence[Node] = (), with_path: bool = False, snapshot: str = ""
    ) -> str:
        """SELECT over exactly the table's columns, data columns first, names in lower case.

        :param conditions: predicates over partition keys; partitions where one of them is not true are not read.
        :param with_path: add the hidden column ``$path``.
        :param snapshot: DuckDB's time-travel argument for Iceberg.
        """
        if table.is_iceberg:
            self._storage.prepare_read(table.location)
            iceberg.load(self._connection)
            self.folders.add(iceberg.table_folder(table))
            return iceberg.relation(table, snapshot)
        if not table.partition_keys:
            files = self._storage.data_files(table.location)
            return self._read(table, [(Partition((), table.location), files)], with_path)
        partitions = wanted_partitions(self._connection, self._catalog, table, conditions)
        return self._read(table, self._files_of(table, partitions), with_path)

    def allowed_folders(self) -> set[str]:
        """The only places that this query may read."""
        return self.folders | {file.uri.rsplit("/", 1)[0] + "/" for file in self.files}

    def _files_of(self, table: Table, partitions: Sequence[Partition]) -> list[tuple[Partition, list[DataFile]]]:
        root = table.location.rstrip("/") + "/"
        below_root = [p for p in partitions if (p.location.rstrip("/") + "/").startswith(root)]
        if len(below_root) <= _LISTINGS:
            return [(p, self._storage.data_files(p.location)) for p in partitions]
        by_folder: dict[str, list[DataFile]] = {}
        for file in self._storage.data_files(root):
            folder = file.uri.rsplit("/", 1)[0] + "/"
            while len(folder) >= len(root):
                by_folder.setdefault(folder, []).append(file)
                folder = folder.rstrip("/").rsplit("/", 1)[0] + "/"
        listed = {p.location for p in below_root}
        return [
            (
                p,
                by_folder.get(p.location.rstrip("/") + "/", [])
                if p.location in listed
                else self._storage.data_files(p.location),
            )
            for p in partitions
        ]

    def _read(self, table: Table, found: Sequence[tuple[Partition, list[DataFile]]], with_path: bool) -> str:
        groups = [(partition, files) for partition, files in found if files]
        # Projected partitions may share a location: every file is read once and joined to each of its partitions.
        files = list(dict.fromkeys(file for _, files in groups for file in files))
        if not files:
            return _nothing(table, with_path)
        self.files += files
        source = self._source(table, files)
        columns = list(source.projections)
        relation = source.relation
        if len(groups) == 1:
            columns += [
                _partition_value(v, k.type, k.name)
                for v, k in zip(groups[0][0].values, table.partition_keys, strict=True)
            ]
        else:
            columns += [_partition_column(i, k.type, k.name) for i, k in enumerate(table.partition_keys)]
            relation += f" JOIN {_partition_values(groups)} ON {FILE_COLUMN} = partition__.file__"
        if with_path:
            columns.append(f'{FILE_COLUMN} AS "$path"')
        return f"SELECT {', '.join(columns)} FROM {relation}"

    def _source(self, table: Table, files: Sequence[DataFile]) -> Source:
        kind = (table.serde + " " + table.input_format).lower()
        if "parquet" in kind:
            return columnar.parquet(self._connection, table, files)
        if "avro" in kind:
            return columnar.avro(self._connection, table, files)
        if "orc" in kind:
            # Read by pyarrow, outside DuckDB's measurement.
            self.bytes_read_elsewhere += sum(file.size for file in files)
            return columnar.orc(self._connection, self._storage, table, files)
        if "cloudtrail" in kind:
            return json_lines.cloudtrail(table, files)
        if "json" in kind:
            return json_lines.json_serde(table, files)
        return text.source(table, files)


def _nothing(table: Table, with_path: bool) -> str:
    columns = [f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in table.columns]
    if with_path:
        columns.append('CAST(NULL AS VARCHAR) AS "$path"')
    return f"SELECT {', '.join(columns)} WHERE false"


def _partition_value(value: str, hive: str, name: str) -> str:
    given = "NULL" if value == _DEFAULT_PARTITION else literal(value)
    return f"CAST({given} AS {duckdb_type(hive)}) AS {identifier(name)}"


def _partition_column(position: int, hive: str, name: str) -> str:
    return f"CAST(partition__.key_{position} AS {duckdb_type(hive)}) AS {identifier(name)}"


def _partition_values(groups: Sequence[tuple[Partition, list[DataFile]]]) -> str:
    """Which file belongs to which partition, as a relation to join with: one read over all partitions."""
    rows = []
    for partition, files in groups:
        values = ", ".join("NULL" if v == _DEFAULT_PARTITION else literal(v) for v in partition.values)
        rows += [f"({literal(file.uri)}, {values})" for file in files]
    keys = ", ".join(f"key_{i}" for i in range(len(groups[0][0].values)))
    return f"(SELECT * FROM (VALUES {', '.join(rows)}) AS v(file__, {keys})) AS partition__"
