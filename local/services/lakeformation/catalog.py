"""What Lake Formation reads of its neighbours: tables and columns of the Glue catalog, principals of IAM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.identity import LOCAL_ADMIN

from .permissions import IAM_ALLOWED_PRINCIPALS


class GlueCatalogReader:
    """The Glue catalog of one account and Region, read in process.

    :param account_id: twelve digits
    :param region: Region of the catalog
    """

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region

    def databases(self) -> Iterator[str]:
        """Names of all databases."""
        return iter([name.lower() for name in self._backend.databases])

    def tables(self, database: str) -> Iterator[str]:
        """Names of all tables of a database; none when it does not exist."""
        found = self._database(database)
        return iter([name.lower() for name in found.tables] if found else [])

    def database_exists(self, database: str) -> bool:
        return self._database(database) is not None

    def table_exists(self, database: str, table: str) -> bool:
        return self._table(database, table) is not None

    def table_columns(self, database: str, table: str) -> tuple[str, ...]:
        """Lower-cased columns, partition columns last; empty when the table does not exist."""
        return tuple(name for name, _ in self.typed_columns(database, table))

    def partition_columns(self, database: str, table: str) -> frozenset[str]:
        shape = self._table(database, table) or {}
        return frozenset(column["Name"].lower() for column in shape.get("PartitionKeys") or [])

    def typed_columns(self, database: str, table: str) -> tuple[tuple[str, str], ...]:
        """(lower-cased name, Hive type) pairs, partition columns last."""
        shape = self._table(database, table) or {}
        columns = [*((shape.get("StorageDescriptor") or {}).get("Columns") or []), *(shape.get("PartitionKeys") or [])]
        return tuple((column["Name"].lower(), str(column.get("Type") or "string").lower()) for column in columns)

    def is_view(self, database: str, table: str) -> bool:
        return (self._table(database, table) or {}).get("TableType") == "VIRTUAL_VIEW"

    def is_resource_link(self, database: str, table: str = "") -> bool:
        """Whether a database, or a table in it, only points to another one."""
        if table:
            return bool((self._table(database, table) or {}).get("TargetTable"))
        return bool(self._database_input(database).get("TargetDatabase"))

    def table_location(self, database: str, table: str) -> str | None:
        shape = self._table(database, table) or {}
        return (shape.get("StorageDescriptor") or {}).get("Location") or None

    def database_location(self, database: str) -> str | None:
        return self._database_input(database).get("LocationUri") or None

    def table_default_permissions(self, database: str) -> list[dict[str, Any]] | None:
        """``CreateTableDefaultPermissions`` of a database; None when the account's setting applies."""
        return self._database_input(database).get("CreateTableDefaultPermissions")

    @property
    def _backend(self) -> Any:
        from moto.glue.models import glue_backends

        return glue_backends[self._account_id][self._region]

    def _database(self, database: str) -> Any:
        return _named(self._backend.databases, database)

    def _database_input(self, database: str) -> dict[str, Any]:
        found = self._database(database)
        return dict(found.input) if found else {}

    def _table(self, database: str, table: str) -> dict[str, Any] | None:
        found = self._database(database)
        entry = _named(found.tables, table) if found else None
        return dict(entry.as_dict()) if entry is not None else None


def _named(entries: Any, name: str) -> Any:
    """Entry by name without regard to case: the catalog's names are lower-case on AWS, moto keeps them as given."""
    exact = entries.get(name)
    if exact is not None:
        return exact
    return next((entry for key, entry in list(entries.items()) if key.lower() == name.lower()), None)


class PrincipalDirectory:
    """Knows whether a principal can be granted something.

    :param account_id: account whose IAM is asked
    """

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    def exists(self, principal: str) -> bool:
        """True for an IAM role or user of this account and for the two virtual groups."""
        if principal in (IAM_ALLOWED_PRINCIPALS, f"{self._account_id}:IAMPrincipals"):
            return True
        if principal == f"arn:aws:iam::{self._account_id}:user/{LOCAL_ADMIN}":
            return True
        from moto.iam.models import iam_backends

        iam = iam_backends[self._account_id]["aws"]
        known = {role.arn for role in iam.roles.values()} | {user.arn for user in iam.users.values()}
        return principal in known
