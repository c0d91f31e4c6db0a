"""What Lake Formation lets one caller do. Every statement asks here; nobody is exempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from local.errors import AwsError
from local.services.athena.catalog import Table
from local.services.athena.errors import PermissionDenied


class GrantedColumns(Protocol):
    """Columns in table order (empty = denied), an optional SQL predicate that rows must meet, and predicates for
    single columns: NULL in rows where theirs is not true.
    """

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def row_filter(self) -> str | None: ...

    @property
    def cell_filters(self) -> tuple[tuple[str, str], ...]: ...


class AccessControl(Protocol):
    """The interface of ``local.services.lakeformation.access``."""

    def table_access(
        self, caller_arn: str, database: str, table: str, columns: Sequence[str], action: str = "SELECT"
    ) -> GrantedColumns: ...

    def require(
        self, caller_arn: str, action: str, database: str, table: str | None = None, location: str | None = None
    ) -> None: ...


class Authorizer:
    """Lake Formation's answers for one caller, as query failures."""

    def __init__(self, access: AccessControl, caller_arn: str) -> None:
        self._access = access
        self._caller = caller_arn

    def select(self, table: Table) -> GrantedColumns:
        """What the caller may read of a table.

        :raises PermissionDenied: nothing.
        """
        return self._columns(table, "SELECT")

    def describe(self, table: Table) -> GrantedColumns:
        """Whose metadata the caller may see.

        :raises PermissionDenied: no column's.
        """
        return self._columns(table, "DESCRIBE")

    def may_describe(self, table: Table) -> bool:
        try:
            if table.link_target:
                # A resource link has no columns of its own.
                self.require("DESCRIBE", table.database, table.name)
            else:
                self.describe(table)
        except PermissionDenied:
            return False
        return True

    def may(self, action: str, database: str) -> bool:
        try:
            self.require(action, database)
        except PermissionDenied:
            return False
        return True

    def require(self, action: str, database: str, table: str | None = None, location: str | None = None) -> None:
        """:raises PermissionDenied: Lake Formation refuses the action."""
        try:
            self._access.require(self._caller, action, database, table, location)
        except AwsError as error:
            raise PermissionDenied(error.message) from error

    def _columns(self, table: Table, action: str) -> GrantedColumns:
        names = [column.name for column in table.columns]
        try:
            granted = self._access.table_access(self._caller, table.database, table.name, names, action)
        except AwsError as error:
            raise PermissionDenied(error.message) from error
        if not granted.columns:
            wanted = action.capitalize()
            raise PermissionDenied(f"Insufficient Lake Formation permission(s): Required {wanted} on {table.name}")
        return granted
