"""Lake Formation in front of catalog writes.

Source: Lake Formation developer guide, "Lake Formation permissions reference". It names no permission for
partitions: here creating them takes INSERT, changing them ALTER, dropping them DELETE.
"""

from __future__ import annotations

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


def require_location(caller: Caller, database: str, table: str | None, storage: dict[str, object] | None) -> None:
    """Refuse to point a table at a registered place that the caller may not use.

    :param storage: StorageDescriptor
    """
    location = (storage or {}).get("Location")
    if location:
        require(caller, "DATA_LOCATION_ACCESS", database, table, str(location))
