"""moto's Data Catalog with the rules of AWS that it lacks: lower-case names and updates that notice each other."""

from __future__ import annotations

import threading
from typing import Any

from moto.glue.exceptions import TableAlreadyExistsException
from moto.glue.models import FakeDatabase, FakePartition, FakeTable, GlueBackend

from local.services.glue.catalog.names import folded_partition, folded_table
from local.services.glue.catalog.tables import LocalTable

# One for all back ends: reading a version and writing the next one must not be divided. Iceberg commits depend on it.
CATALOG_LOCK = threading.RLock()


class CatalogBackend(GlueBackend):
    """Databases, tables, partitions."""

    def create_database(
        self, database_name: str, database_input: dict[str, Any], tags: dict[str, str] | None = None
    ) -> FakeDatabase:
        name = database_name.lower()
        with CATALOG_LOCK:
            return super().create_database(name, database_input | {"Name": name}, tags)

    def get_database(self, database_name: str) -> FakeDatabase:
        return super().get_database(database_name.lower())

    def update_database(self, database_name: str, database_input: dict[str, Any]) -> None:
        with CATALOG_LOCK:
            super().update_database(database_name.lower(), database_input | {"Name": database_name.lower()})

    def delete_database(self, database_name: str) -> None:
        with CATALOG_LOCK:
            super().delete_database(database_name.lower())

    def create_table(
        self,
        database_name: str,
        table_name: str,
        table_input: dict[str, Any],
        open_table_format_input: dict[str, Any] | None = None,
        created_by: str | None = None,
    ) -> FakeTable:
        """:param created_by: ARN of the caller"""
        folded = folded_table(table_input | {"Name": table_name})
        with CATALOG_LOCK:
            database = self.get_database(database_name)
            if folded["Name"] in database.tables:
                raise TableAlreadyExistsException()
            table = LocalTable(database.name, folded, self.account_id, open_table_format_input, created_by)
            database.tables[table.name] = table
        return table

    def get_table(self, database_name: str, table_name: str) -> FakeTable:
        return super().get_table(database_name, table_name.lower())

    def replace_table(
        self, database_name: str, table_input: dict[str, Any], expected_version: str | None, archive: bool = True
    ) -> None:
        """UpdateTable with its condition; see :meth:`LocalTable.replace`."""
        with CATALOG_LOCK:
            table = self.local_table(database_name, table_input["Name"])
            table.replace(folded_table(table_input), expected_version, archive)

    def update_table(self, database_name: str, table_name: str, table_input: dict[str, Any]) -> None:
        self.replace_table(database_name, table_input | {"Name": table_name}, None)

    def local_table(self, database_name: str, table_name: str) -> LocalTable:
        """The table as our class, for what moto's lacks."""
        table = self.get_table(database_name, table_name)
        assert isinstance(table, LocalTable)
        return table

    def delete_table(self, database_name: str, table_name: str) -> None:
        with CATALOG_LOCK:
            super().delete_table(database_name, table_name.lower())

    def create_partition(self, database_name: str, table_name: str, part_input: dict[str, Any]) -> None:
        with CATALOG_LOCK:
            table = self.local_table(database_name, table_name)
            table.check_values(part_input.get("Values") or [])
            table.create_partition(folded_partition(part_input))

    def batch_create_partition(
        self, database_name: str, table_name: str, partition_input: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        with CATALOG_LOCK:
            table = self.local_table(database_name, table_name)
            for partition in partition_input:
                table.check_values(partition.get("Values") or [])
            return super().batch_create_partition(
                database_name, table_name, [folded_partition(partition) for partition in partition_input]
            )

    def update_partition(
        self, database_name: str, table_name: str, part_input: dict[str, Any], part_to_update: Any
    ) -> None:
        with CATALOG_LOCK:
            table = self.local_table(database_name, table_name)
            # AWS takes the values of the partition to update when the input has none
            values = part_input.get("Values") or part_to_update
            table.check_values(values)
            table.update_partition(part_to_update, folded_partition(part_input | {"Values": values}))

    def batch_update_partition(
        self, database_name: str, table_name: str, entries: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        folded = [entry | {"PartitionInput": folded_partition(entry["PartitionInput"])} for entry in entries]
        with CATALOG_LOCK:
            return super().batch_update_partition(database_name, table_name, folded)

    def delete_partition(self, database_name: str, table_name: str, part_to_delete: Any) -> None:
        with CATALOG_LOCK:
            super().delete_partition(database_name, table_name, part_to_delete)

    def partitions_of(self, database_name: str, table_name: str, expression: str | None) -> list[FakePartition]:
        """Partitions that an expression selects, in the order of their values."""
        found = self.get_partitions(database_name, table_name, expression or "")
        return sorted(found, key=lambda partition: list(map(str, partition.values)))
