"""The Glue Data Catalog: read in this process, written through its API (so that its own checks apply)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from local.services.athena.errors import QueryFailed, hive_failure, semantic_failure
from local.services.athena.forward_access import ForwardAccess

_PARTITION_BATCH = 100

# What CreateTable and UpdateTable accept; the rest of a GetTable answer is set by Glue.
_TABLE_INPUT_FIELDS = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText",
    "ViewExpandedText", "TableType", "Parameters",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """:param name: lower case. :param type: Hive type."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Partition:
    values: tuple[str, ...]
    location: str


class Table:
    """One Glue table.

    :param definition: as GetTable returns it.
    """

    def __init__(self, database: str, definition: dict[str, Any]) -> None:
        self.database = database
        self.definition = definition
        self.name = str(definition["Name"]).lower()
        self.storage: dict[str, Any] = definition.get("StorageDescriptor") or {}
        self.parameters: dict[str, str] = definition.get("Parameters") or {}
        serde = self.storage.get("SerdeInfo") or {}
        self.serde: str = serde.get("SerializationLibrary") or ""
        self.serde_parameters: dict[str, str] = serde.get("Parameters") or {}
        self.input_format: str = self.storage.get("InputFormat") or ""
        self.location: str = self.storage.get("Location") or ""

    @cached_property
    def data_columns(self) -> tuple[Column, ...]:
        return _columns(self.storage.get("Columns"))

    @cached_property
    def partition_keys(self) -> tuple[Column, ...]:
        return _columns(self.definition.get("PartitionKeys"))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Data columns, then partition keys: the order of ``SELECT *``."""
        return self.data_columns + self.partition_keys

    @property
    def is_view(self) -> bool:
        return self.definition.get("TableType") == "VIRTUAL_VIEW"

    @property
    def link_target(self) -> str | None:
        """``catalog.database.table`` that this resource link points to; None for a real table."""
        return _target_text(self.definition.get("TargetTable"))

    @property
    def is_iceberg(self) -> bool:
        return self.parameters.get("table_type", "").upper() == "ICEBERG"

    @property
    def format(self) -> str:
        """PARQUET, ORC, AVRO, JSON or TEXTFILE: how rows are written to this table."""
        input_format, serde = self.input_format.lower(), self.serde.lower()
        for name in ("parquet", "orc", "avro"):
            if name in input_format:
                return name.upper()
        return "JSON" if "json" in serde else "TEXTFILE"

    def table_input(self, **changes: Any) -> dict[str, Any]:
        """TableInput for UpdateTable: this table with some fields replaced."""
        kept = {
            field: self.definition[field] for field in _TABLE_INPUT_FIELDS if self.definition.get(field) is not None
        }
        return kept | changes


class Catalog:
    """:param backend: moto's Glue back end of this account and region.
    :param client: boto3 Glue client of the caller.
    :param rights: which of the catalog calls that Athena makes for the caller are allowed to it.
    """

    def __init__(self, backend: Any, client: Any, rights: ForwardAccess) -> None:
        self.backend = backend
        self.client = client
        self._rights = rights

    def database_names(self) -> list[str]:
        self._rights.require_databases()
        return sorted(self.backend.databases)

    def database(self, name: str) -> dict[str, Any] | None:
        self._rights.require_table("glue:GetDatabase", name)
        found = self.backend.databases.get(name.lower())
        return found.as_dict() if found is not None else None

    def table(self, database: str, name: str) -> Table | None:
        self._rights.require_table("glue:GetTable", database, name)
        found = self.backend.databases.get(database.lower())
        if found is None:
            return None
        self._refuse_link(database)
        definition = found.tables.get(name.lower())
        if definition is None:
            return None
        table = Table(database.lower(), definition.as_dict())
        if table.link_target:
            self._rights.require_describe(table.database, table.name)
            raise _link_refused(f"{table.database}.{table.name}", table.link_target)
        return table

    def tables(self, database: str) -> list[Table]:
        """All tables and views of a database by name.

        :raises QueryFailed: no such database.
        """
        self._rights.require_table("glue:GetTables", database, "*")
        self._refuse_link(database)
        return self.tables_inside(database)

    def _refuse_link(self, database: str) -> None:
        """:raises QueryFailed: the database is a resource link: its tables are in another catalog or database"""
        found = self.backend.databases.get(database.lower())
        target = _target_text(found.as_dict().get("TargetDatabase")) if found is not None else None
        if target:
            self._rights.require_describe(database.lower())
            raise _link_refused(database.lower(), target)

    def tables_inside(self, database: str) -> list[Table]:
        """The same without a call of the caller's: whether a list shows a database is the catalog's own question.

        :raises QueryFailed: no such database.
        """
        found = self.backend.databases.get(database.lower())
        if found is None:
            raise QueryFailed("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
        return [Table(database.lower(), found.tables[name].as_dict()) for name in sorted(found.tables)]

    def hive_table(self, database: str, name: str) -> Table:
        """The table a Hive DDL statement names.

        :raises QueryFailed: no such table.
        """
        table = self.table(database, name)
        if table is None:
            raise semantic_failure(f"[Error 10001]: Table not found {database}.{name}")
        return table

    def partitions(self, table: Table) -> Iterator[Partition]:
        self._rights.require_table("glue:GetPartitions", table.database, table.name)
        found = self.backend.databases[table.database].tables[table.name]
        for partition in list(found.partitions.values()):
            given = partition.as_dict()
            storage = given.get("StorageDescriptor") or {}
            yield Partition(tuple(given["Values"]), storage.get("Location") or table.location)

    # Changes

    def create_database(self, name: str, description: dict[str, Any]) -> None:
        self._call("create_database", DatabaseInput={"Name": name, **description})

    def drop_database(self, name: str) -> None:
        self._call("delete_database", Name=name)

    def create_table(self, database: str, table_input: dict[str, Any]) -> None:
        self._call("create_table", DatabaseName=database, TableInput=table_input)

    def update_table(self, database: str, table_input: dict[str, Any]) -> None:
        self._call("update_table", DatabaseName=database, TableInput=table_input)

    def drop_table(self, table: Table) -> None:
        self._call("delete_table", DatabaseName=table.database, Name=table.name)

    def drop_partition(self, table: Table, values: Sequence[str]) -> None:
        self._call("delete_partition", DatabaseName=table.database, TableName=table.name, PartitionValues=list(values))

    def move_partition(self, table: Table, partition: Partition) -> None:
        """Point a registered partition at another location."""
        self._call(
            "update_partition",
            DatabaseName=table.database,
            TableName=table.name,
            PartitionValueList=list(partition.values),
            PartitionInput=_partition_input(table, partition),
        )

    def add_partitions(self, table: Table, partitions: Iterable[Partition]) -> list[Partition]:
        """Register partitions that are not there yet.

        :returns: those that were added.
        """
        known = {partition.values for partition in self.partitions(table)}
        new = [partition for partition in dict.fromkeys(partitions) if partition.values not in known]
        for start in range(0, len(new), _PARTITION_BATCH):
            batch = new[start : start + _PARTITION_BATCH]
            answer = self._call(
                "batch_create_partition",
                DatabaseName=table.database,
                TableName=table.name,
                PartitionInputList=[_partition_input(table, partition) for partition in batch],
            )
            # Somebody else adding the same partition meanwhile is what we wanted.
            for failure in answer.get("Errors", []):
                detail = failure.get("ErrorDetail", {})
                if detail.get("ErrorCode") != "AlreadyExistsException":
                    raise hive_failure(f"{detail.get('ErrorCode')}: {detail.get('ErrorMessage')}")
        return new

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**arguments)
        except ClientError as error:
            detail = error.response.get("Error", {})
            raise hive_failure(f"{detail.get('Code')}(message:{detail.get('Message')})") from error
        return answer


def _target_text(target: dict[str, str] | None) -> str | None:
    """A resource link's target for people."""
    if not target:
        return None
    return ".".join(target[part] for part in ("CatalogId", "DatabaseName", "Name") if target.get(part))


def _link_refused(link: str, target: str) -> QueryFailed:
    return QueryFailed(
        "NOT_SUPPORTED", f"{link} is a resource link to {target}, which exists in Athena but is not followed locally"
    )


def _columns(definitions: Sequence[dict[str, Any]] | None) -> tuple[Column, ...]:
    """Columns of today: an Iceberg table's former ones stay in Glue, marked."""
    return tuple(
        Column(c["Name"].lower(), c.get("Type") or "string", c.get("Comment") or "")
        for c in definitions or ()
        if (c.get("Parameters") or {}).get("iceberg.field.current") != "false"
    )


def _partition_input(table: Table, partition: Partition) -> dict[str, Any]:
    return {
        "Values": list(partition.values),
        "StorageDescriptor": {**table.storage, "Location": partition.location},
        "Parameters": {},
    }
