"""Lake Formation in front of the Data Catalog.

Source: Lake Formation developer guide, "Lake Formation permissions reference". It names no permission for
partitions: here creating them takes INSERT, changing them ALTER, dropping them DELETE.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.identity import LOCAL_ADMIN, Caller
from local.services.lakeformation import access


def require(caller: Caller, action: str, database: str, table: str | None = None, location: str | None = None) -> None:
    """Refuse what the caller was not granted.

    The local administrator, as whom the engines of the local AWS register what they wrote, may do everything.

    :param action: a Lake Formation permission, such as CREATE_TABLE
    :param location: for DATA_LOCATION_ACCESS
    :raises AccessDenied: not granted
    """
    if caller.name == LOCAL_ADMIN:
        return
    access.require(caller.arn, action, database.lower(), table.lower() if table else None, location)


def may_see(caller: Caller, database: str, table: str | None = None) -> bool:
    """Whether a list shows this database or table to the caller."""
    return caller.name == LOCAL_ADMIN or access.allowed(
        caller.arn, "DESCRIBE", database.lower(), table.lower() if table else None
    )


def visible_part(caller: Caller, table: dict[str, Any]) -> dict[str, Any]:
    """A table as GetTable answers it: without the columns that the caller may not see.

    :param table: the whole answer
    """
    if caller.name == LOCAL_ADMIN:
        return table
    storage = table.get("StorageDescriptor") or {}
    columns, keys = storage.get("Columns") or [], table.get("PartitionKeys") or []
    seen = _visible_columns(caller, table, (*columns, *keys))
    shown = dict(table)
    if columns:
        shown["StorageDescriptor"] = storage | {"Columns": [column for column in columns if column["Name"] in seen]}
    if keys:
        shown["PartitionKeys"] = [key for key in keys if key["Name"] in seen]
    return shown


def visible_partitions(caller: Caller, table: dict[str, Any], partitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Partitions as GetPartitions answers them: without the columns that the caller may not see.

    :param table: the whole answer of GetTable
    :param partitions: whole answers; a partition may still have columns that its table has no more
    """
    if caller.name == LOCAL_ADMIN:
        return partitions
    columns = [column for found in partitions for column in (found.get("StorageDescriptor") or {}).get("Columns") or []]
    seen = _visible_columns(caller, table, columns)
    shown = []
    for found in partitions:
        storage = found.get("StorageDescriptor") or {}
        kept = [column for column in storage.get("Columns") or [] if column["Name"] in seen]
        shown.append(found | {"StorageDescriptor": storage | {"Columns": kept}} if "Columns" in storage else found)
    return shown


def _visible_columns(caller: Caller, table: dict[str, Any], columns: Iterable[dict[str, Any]]) -> set[str]:
    names = list(dict.fromkeys(column["Name"] for column in columns))
    return set(access.table_access(caller.arn, table["DatabaseName"], table["Name"], names, "DESCRIBE").columns)


def require_location(caller: Caller, database: str, table: str | None, storage: dict[str, object] | None) -> None:
    """Refuse to point a table at a registered place that the caller may not use.

    :param storage: StorageDescriptor
    """
    location = (storage or {}).get("Location")
    if location:
        require(caller, "DATA_LOCATION_ACCESS", database, table, str(location))
