"""With whose rights a query reaches the catalog and S3: the caller's, as AWS does with forward access sessions.

A location that is registered with Lake Formation is read with the rights of the role it is registered with, which the
caller gets by ``lakeformation:GetDataAccess``; everything else, and all writing, is done with the caller's own rights
("Lake Formation permissions do not apply when writing objects", Athena User Guide, "Use Athena to query data registered
with AWS Lake Formation").
"""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb

from local.clients import service_client
from local.identity import LOCAL_ADMIN, Caller, access_key_for, secret_key_for
from local.services.athena.duckdb_pool import create_secret
from local.services.athena.errors import PermissionDenied, QueryFailed
from local.services.athena.names import S3Address, as_folder
from local.services.iam.authorizer import NotAuthorized, Origin, authorize
from local.services.lakeformation import access as lake_formation
from local.settings import LocalSettings

_ATHENA = Origin(via="athena.amazonaws.com")


class ForwardAccess:
    """The rights of one query's caller.

    :param caller: who started the query; one that another engine asks for (``via``) has its results written with the
        engine's rights.
    """

    def __init__(self, caller: Caller, settings: LocalSettings) -> None:
        self._caller = caller
        self._settings = settings
        self._granted: set[tuple[str, str]] = set()
        self._vended = False

    def require(self, action: str, *resources: str) -> None:
        """Refuse what the caller's policies do not allow; asked once per query.

        :param action: ``glue:GetTable``.
        :param resources: ARNs, each of which must be allowed.
        :raises QueryFailed: in Athena's words.
        """
        for resource in resources:
            if (action, resource) in self._granted:
                continue
            try:
                authorize(self._caller, action, resource, origin=_ATHENA)
            except NotAuthorized as error:
                raise QueryFailed("", f"Insufficient permissions to execute the query. {error.message}") from error
            self._granted.add((action, resource))

    def require_table(self, action: str, database: str, table: str | None = None) -> None:
        """Refuse a catalog call on a database or table.

        :param table: a name or ``*``; None for the database alone.
        """
        start = f"arn:aws:glue:{self._settings.region}:{self._settings.account_id}:"
        resources = [f"{start}catalog", f"{start}database/{database.lower()}"]
        self.require(action, *resources, *([f"{start}table/{database.lower()}/{table.lower()}"] if table else []))

    def require_databases(self) -> None:
        """Refuse a list of all databases."""
        self.require("glue:GetDatabases", f"arn:aws:glue:{self._settings.region}:{self._settings.account_id}:catalog")

    def require_describe(self, database: str, table: str | None = None) -> None:
        """Refuse to tell about a database or table what Lake Formation hides.

        :raises PermissionDenied: not granted.
        """
        if not lake_formation.allowed(self._caller.arn, "DESCRIBE", database, table):
            raise PermissionDenied(
                f"Insufficient Lake Formation permission(s): Required Describe on {table or database}"
            )

    def writer(self) -> Any:
        """S3 with the caller's own rights; results for another engine are written with the engine's."""
        return _s3(self._settings, LOCAL_ADMIN if self._caller.via else self._caller.name)

    def reader(self, address: S3Address) -> Any:
        """S3 for reading a table's files.

        :raises QueryFailed: the location is registered, and the caller may not get its credentials.
        """
        role = self._lent_role(address.uri)
        if role is not None:
            self.vend()
        return _s3(self._settings, role or self._caller.name)

    def vend(self) -> None:
        """:raises QueryFailed: the caller may not get credentials of registered locations."""
        if not self._vended:
            self.require("lakeformation:GetDataAccess", "*")
            self._vended = True

    def open(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a query's database its keys: the caller's, and for registered locations their roles'."""
        create_secret(connection, "caller", *_keys(self._caller.name))
        if self._caller.name == LOCAL_ADMIN:
            return
        for number, (location, role) in enumerate(lake_formation.registered_roles()):
            create_secret(connection, f"registered_{number}", *_keys(role or self._caller.name), as_folder(location))

    def write_to(self, connection: duckdb.DuckDBPyConnection, location: str) -> None:
        """Below this location the caller's own rights count, also when it is registered."""
        create_secret(connection, "written", *_keys(self._caller.name), as_folder(location))

    def _lent_role(self, uri: str) -> str | None:
        return None if self._caller.name == LOCAL_ADMIN else lake_formation.lent_role(uri)


def _keys(principal: str) -> tuple[str, str]:
    return access_key_for(principal), secret_key_for(principal)


@cache
def _s3(settings: LocalSettings, principal: str) -> Any:
    return service_client("s3", settings, principal, max_pool_connections=16)
