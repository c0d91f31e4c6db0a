"""Everything Lake Formation remembers for one account and Region. Plain data: it is pickled to survive restarts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from .permissions import IAM_ALLOWED_PRINCIPALS
from .resources import CATALOG, Expression, Resource

CHANGES = threading.RLock()
"""Held by whoever changes the state: requests, and the Glue catalog's own threads. Decisions read without it."""


@dataclass(frozen=True)
class Grant:
    """What one principal holds on one resource.

    :param permissions: expanded permissions
    :param grantable: those of them it may pass on
    :param updated: time of the last change, seconds since the epoch
    :param updated_by: ARN of the principal that changed it last
    """

    permissions: frozenset[str]
    grantable: frozenset[str] = frozenset()
    updated: float = 0.0
    updated_by: str = ""


@dataclass(frozen=True)
class DataCellsFilter:
    """Rows and columns of one table that may be granted together.

    :param expression: row filter as given by the caller, None for all rows
    :param sql: the same as a SQL predicate with quoted names, None for all rows
    :param included: visible columns; empty when a wildcard is used
    :param excluded: columns hidden by the wildcard
    :param version: changes with every update
    """

    expression: str | None
    sql: str | None
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    version: str

    def columns(self, table_columns: tuple[str, ...]) -> frozenset[str]:
        """The columns of the table this filter shows."""
        if self.included:
            return frozenset(self.included) & frozenset(table_columns)
        return frozenset(table_columns) - frozenset(self.excluded)


@dataclass(frozen=True)
class RegisteredLocation:
    arn: str
    role_arn: str
    service_linked: bool = False
    hybrid: bool = False
    with_federation: bool = False
    with_privileged_access: bool = False
    modified: float = 0.0


Key = TypeVar("Key")
FilterKey = tuple[str, str, str]
"""(database, table, filter name)"""


def default_settings() -> dict[str, Any]:
    """Settings of an account nobody has configured: IAM alone decides about new databases and tables."""
    open_to_iam = {"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED_PRINCIPALS}, "Permissions": ["ALL"]}
    return {
        "DataLakeAdmins": [],
        "ReadOnlyAdmins": [],
        "CreateDatabaseDefaultPermissions": [open_to_iam],
        "CreateTableDefaultPermissions": [open_to_iam],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "1", "SET_CONTEXT": "TRUE"},
        "TrustedResourceOwners": [],
        "AllowExternalDataFiltering": False,
        "AllowFullTableExternalDataAccess": False,
        "ExternalDataFilteringAllowList": [],
        "AuthorizedSessionTagValueList": [],
    }


@dataclass
class LakeFormationState:
    settings: dict[str, Any] = field(default_factory=default_settings)
    locations: dict[str, RegisteredLocation] = field(default_factory=dict)
    grants: dict[str, dict[Resource, Grant]] = field(default_factory=dict)
    filters: dict[FilterKey, DataCellsFilter] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tag_expressions: dict[str, tuple[Expression, str]] = field(default_factory=dict)
    tag_assignments: dict[Resource, dict[str, str]] = field(default_factory=dict)
    opt_ins: dict[tuple[str, Resource], tuple[float, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.grants:
            # A new account lets every IAM principal create databases, until an administrator revokes it.
            self.grants[IAM_ALLOWED_PRINCIPALS] = {CATALOG: Grant(frozenset({"CREATE_DATABASE"}))}

    def grants_of(self, principals: tuple[str, ...]) -> Iterator[tuple[Resource, Grant]]:
        """All grants held by any of the principals."""
        for principal in principals:
            # A copy: grants may change while another service decides.
            yield from tuple(self.grants.get(principal, {}).items())

    def put_grant(self, principal: str, resource: Resource, grant: Grant) -> None:
        """Add a grant to what the principal already holds on the resource."""
        held = self.grants.setdefault(principal, {})
        before = held.get(resource, Grant(frozenset()))
        permissions = before.permissions | grant.permissions
        held[resource] = replace(grant, permissions=permissions, grantable=before.grantable | grant.grantable)

    def principals_in(self, setting: str) -> frozenset[str]:
        """ARNs listed under ``DataLakeAdmins`` or ``ReadOnlyAdmins``."""
        return frozenset(entry["DataLakePrincipalIdentifier"] for entry in self.settings.get(setting, []))

    def forget_table(self, database: str, table: str) -> None:
        """Drop grants, filters and tags of a table that no longer exists."""
        self._forget(lambda r: r.of_table and (r.database, r.table) == (database, table))
        _drop(self.filters, lambda key: key[:2] == (database, table))

    def forget_database(self, database: str) -> None:
        """Drop grants, filters and tags of a database that no longer exists, with all its tables."""
        self._forget(lambda r: r.database == database)
        _drop(self.filters, lambda key: key[0] == database)

    def _forget(self, gone: Callable[[Resource], bool]) -> None:
        for held in tuple(self.grants.values()):
            _drop(held, gone)
        _drop(self.tag_assignments, gone)
        _drop(self.opt_ins, lambda key: gone(key[1]))


def _drop(entries: dict[Key, Any], gone: Callable[[Key], bool]) -> None:
    """Remove entries in place, so that whoever reads meanwhile sees the rest."""
    for key in [key for key in tuple(entries) if gone(key)]:
        del entries[key]
