"""The catalog part of the Glue API."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.responses import GlueResponse

from local.errors import AwsError
from local.identity import Caller, caller_of
from local.services.glue.catalog import permissions
from local.services.glue.catalog.backend import CatalogBackend
from local.services.glue.catalog.tables import LocalTable
from local.services.glue.pages import page
from local.services.lakeformation import catalog_events

# Source: AWS Glue API reference, constraints of the batch calls
BATCH_LIMITS = {
    "PartitionInputList": 100,
    "Entries": 100,
    "PartitionsToDelete": 25,
    "PartitionsToGet": 1000,
    "TablesToDelete": 100,
}
PARTITIONS_PER_PAGE = 1000


class CatalogResponse(GlueResponse):
    """Requests about databases, tables and partitions."""

    @property
    def catalog(self) -> CatalogBackend:
        backend = self.glue_backend
        assert isinstance(backend, CatalogBackend)
        return backend

    @property
    def caller(self) -> Caller:
        return caller_of(self.headers)

    @property
    def database_name(self) -> str:
        return str(self.parameters["DatabaseName"])

    @property
    def table_name(self) -> str:
        return str(self.parameters["TableName"])

    def create_database(self) -> ActionResult:
        name = self.parameters["DatabaseInput"]["Name"]
        permissions.require(self.caller, "CREATE_DATABASE", name)
        result = super().create_database()
        catalog_events.database_created(self.caller.arn, name)
        return result

    def update_database(self) -> ActionResult:
        permissions.require(self.caller, "ALTER", self.parameters["Name"])
        return super().update_database()

    def delete_database(self) -> EmptyResult:
        name = self.parameters["Name"]
        self.catalog.get_database(name)
        permissions.require(self.caller, "DROP", name)
        result = super().delete_database()
        catalog_events.database_dropped(name)
        return result

    def get_database(self) -> ActionResult:
        database = self.catalog.get_database(self.parameters["Name"])
        permissions.require(self.caller, "DESCRIBE", database.name)
        return ActionResult({"Database": database.as_dict()})

    def get_databases(self) -> ActionResult:
        visible = [
            database for database in self.catalog.get_databases() if permissions.may_see(self.caller, database.name)
        ]
        databases, token = self._page(visible)
        return ActionResult({"DatabaseList": [database.as_dict() for database in databases], "NextToken": token})

    def create_table(self) -> ActionResult:
        table_input = self.parameters["TableInput"]
        name = table_input["Name"]
        self.catalog.get_database(self.database_name)
        permissions.require(self.caller, "CREATE_TABLE", self.database_name)
        permissions.require_location(self.caller, self.database_name, name, table_input.get("StorageDescriptor"))
        self.catalog.create_table(
            self.database_name, name, table_input, self.parameters.get("OpenTableFormatInput"), self.caller.arn
        )
        catalog_events.table_created(self.caller.arn, self.database_name, name)
        return EmptyResult()

    def update_table(self) -> ActionResult:
        table_input = self.parameters["TableInput"]
        table = self.catalog.local_table(self.database_name, table_input["Name"])
        permissions.require(self.caller, "ALTER", self.database_name, table.name)
        storage = table_input.get("StorageDescriptor") or {}
        if storage.get("Location") != (table.current.get("StorageDescriptor") or {}).get("Location"):
            permissions.require_location(self.caller, self.database_name, table.name, storage)
        self.catalog.replace_table(
            self.database_name, table_input, self.parameters.get("VersionId"), not self.parameters.get("SkipArchive")
        )
        return EmptyResult()

    def delete_table(self) -> ActionResult:
        self._drop(self.parameters["Name"])
        return EmptyResult()

    def batch_delete_table(self) -> ActionResult:
        self._check_batch("TablesToDelete")
        errors = []
        for name in self.parameters["TablesToDelete"]:
            try:
                self._drop(name)
            except Exception as error:
                errors.append({"TableName": name, "ErrorDetail": _detail(error)})
        return ActionResult({"Errors": errors})

    def _drop(self, name: str) -> None:
        self.catalog.get_table(self.database_name, name)
        permissions.require(self.caller, "DROP", self.database_name, name)
        self.catalog.delete_table(self.database_name, name)
        catalog_events.table_dropped(self.database_name, name)

    def get_table(self) -> ActionResult:
        table = self._visible_table(self.parameters["Name"])
        return ActionResult({"Table": permissions.visible_part(self.caller, table.as_dict())})

    def get_tables(self) -> ActionResult:
        visible = [
            table
            for table in self.catalog.get_tables(self.database_name.lower(), self.parameters.get("Expression"))
            if permissions.may_see(self.caller, table.database_name, table.name)
        ]
        tables, token = self._page(visible)
        answers = [permissions.visible_part(self.caller, table.as_dict()) for table in tables]
        return ActionResult({"TableList": answers, "NextToken": token})

    def get_table_version(self) -> ActionResult:
        table = self._visible_table(self.table_name)
        version = table.as_dict(self.parameters.get("VersionId"))
        shown = permissions.visible_part(self.caller, version)
        return ActionResult({"TableVersion": {"Table": shown, "VersionId": version["VersionId"]}})

    def get_table_versions(self) -> ActionResult:
        table = self._visible_table(self.table_name)
        versions, token = self._page(list(reversed(table.versions)))
        shown = [permissions.visible_part(self.caller, table.as_dict(version)) for version in versions]
        found = [{"Table": answer, "VersionId": answer["VersionId"]} for answer in shown]
        return ActionResult({"TableVersions": found, "NextToken": token})

    def create_partition(self) -> ActionResult:
        self._require_on_table("INSERT")
        return super().create_partition()

    def batch_create_partition(self) -> ActionResult:
        self._check_batch("PartitionInputList")
        self._require_on_table("INSERT")
        return super().batch_create_partition()

    def update_partition(self) -> ActionResult:
        self._require_on_table("ALTER")
        return super().update_partition()

    def batch_update_partition(self) -> ActionResult:
        self._check_batch("Entries")
        self._require_on_table("ALTER")
        return super().batch_update_partition()

    def delete_partition(self) -> ActionResult:
        self._require_on_table("DELETE")
        return super().delete_partition()

    def batch_delete_partition(self) -> ActionResult:
        self._check_batch("PartitionsToDelete")
        self._require_on_table("DELETE")
        return super().batch_delete_partition()

    def batch_get_partition(self) -> ActionResult:
        self._check_batch("PartitionsToGet")
        table = self._visible_table(self.table_name)
        keys = self.parameters["PartitionsToGet"]
        found = self.catalog.batch_get_partition(self.database_name, self.table_name, keys)
        return ActionResult({"Partitions": permissions.visible_partitions(self.caller, table.as_dict(), found)})

    def get_partition(self) -> ActionResult:
        table = self._visible_table(self.table_name)
        values = self.parameters["PartitionValues"]
        found = self.catalog.get_partition(self.database_name, self.table_name, values).as_dict()
        (shown,) = permissions.visible_partitions(self.caller, table.as_dict(), [found])
        return ActionResult({"Partition": shown})

    def get_partitions(self) -> ActionResult:
        table = self._visible_table(self.table_name)
        found = self.catalog.partitions_of(self.database_name, self.table_name, self.parameters.get("Expression"))
        partitions, token = self._page(found, PARTITIONS_PER_PAGE)
        answers = permissions.visible_partitions(
            self.caller, table.as_dict(), [partition.as_dict() for partition in partitions]
        )
        if self.parameters.get("ExcludeColumnSchema"):
            answers = [_without_columns(answer) for answer in answers]
        return ActionResult({"Partitions": answers, "NextToken": token})

    def _visible_table(self, name: str) -> LocalTable:
        table = self.catalog.local_table(self.database_name, name)
        permissions.require(self.caller, "DESCRIBE", self.database_name, table.name)
        return table

    def _require_on_table(self, action: str) -> None:
        table = self.catalog.get_table(self.database_name, self.table_name)
        permissions.require(self.caller, action, self.database_name, table.name)

    def _check_batch(self, name: str) -> None:
        limit = BATCH_LIMITS[name]
        if len(self.parameters[name]) > limit:
            member = name[0].lower() + name[1:]
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value at '{member}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {limit}",
            )

    def _page(self, items: list[Any], default_size: int = 100) -> tuple[list[Any], str | None]:
        return page(items, self.parameters.get("NextToken"), self.parameters.get("MaxResults"), default_size)


def _detail(error: Exception) -> dict[str, str]:
    """An error of one item of a batch; anything but a refusal goes up."""
    code = getattr(error, "code", None) if isinstance(error, AwsError) else getattr(error, "error_type", None)
    if code is None:
        raise error
    return {"ErrorCode": str(code), "ErrorMessage": str(getattr(error, "message", error))}


def _without_columns(partition: dict[str, Any]) -> dict[str, Any]:
    storage = {name: value for name, value in (partition.get("StorageDescriptor") or {}).items() if name != "Columns"}
    return partition | {"StorageDescriptor": storage}
