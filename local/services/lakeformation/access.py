"""Lake Formation decisions for the other services: Athena, Redshift Spectrum and the Glue catalog ask here.

Default is closed: nobody may do anything that was not granted. A database or table that carries a grant to
IAM_ALLOWED_PRINCIPALS is open to every caller, as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from local.errors import AwsError
from local.identity import LOCAL_ADMIN

from . import evaluation
from .state import LakeFormationState


class AccessDenied(AwsError):
    """The caller lacks a Lake Formation permission. Status 400, as the Glue catalog answers it.

    :param message: what was required and on what
    """

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message, 400)


@dataclass(frozen=True)
class TableAccess:
    """What a caller may see of a table.

    :param columns: permitted columns in table order; empty means denied
    :param row_filter: SQL predicate over the table's columns (also hidden ones), None for all rows.
        Apply it below the projection: it may name columns the caller must not see.
    :param cell_filters: (column, SQL predicate) pairs: the column is NULL in rows where the predicate is not true.
        Only there when several filters with different columns were granted.
    """

    columns: tuple[str, ...]
    row_filter: str | None = None
    cell_filters: tuple[tuple[str, str], ...] = ()


class CatalogReader(Protocol):
    """The part of the Glue catalog decisions need."""

    def table_columns(self, database: str, table: str) -> tuple[str, ...]:
        """Lower-cased columns, partition columns last; empty when the table does not exist."""

    def database_location(self, database: str) -> str | None:
        """LocationUri of a database, if it has one."""

    def table_default_permissions(self, database: str) -> list[dict[str, Any]] | None:
        """``CreateTableDefaultPermissions`` of a database; None when the account's setting applies."""


@dataclass(frozen=True)
class Authority:
    """Where decisions come from: the stored grants and the catalog they are about."""

    state: LakeFormationState
    catalog: CatalogReader


_authority: Callable[[], Authority] | None = None


def bind(authority: Callable[[], Authority]) -> None:
    """Tell this module where the running Lake Formation keeps its state (called by ``install``)."""
    global _authority
    _authority = authority


def current() -> Authority:
    """The running Lake Formation.

    :raises RuntimeError: ``install`` was not called
    """
    if _authority is None:
        raise RuntimeError("Lake Formation is not installed: call local.services.lakeformation.install() first")
    return _authority()


def is_local_operator(caller_arn: str) -> bool:
    """True for ``local-admin``, the owner of the laptop: no AWS principal, and never refused.

    Services use it among themselves, and CloudFormation deploys with it. All files are his own anyway.
    """
    return caller_arn.endswith(f":user/{LOCAL_ADMIN}")


def table_access(
    caller_arn: str, database: str, table: str, columns: Sequence[str], action: str = "SELECT"
) -> TableAccess:
    """Columns and rows a caller may use.

    :param caller_arn: ARN of the role or user; empty for nobody
    :param columns: all columns of the table in order, partition columns included
    :param action: SELECT for data, DESCRIBE for metadata (rows do not matter then)
    """
    if is_local_operator(caller_arn):
        return TableAccess(tuple(columns))
    rights = evaluation.table_rights(current().state, caller_arn, database.lower(), table.lower(), columns)
    if action == "DESCRIBE" and rights.permissions:
        return TableAccess(tuple(columns))
    readable = rights.readable_columns(columns)
    if action == "DESCRIBE" or not readable:
        return TableAccess(readable)
    return TableAccess(readable, _row_filter(rights.scopes), _cell_filters(rights.scopes, readable))


def _row_filter(scopes: Sequence[evaluation.Scope]) -> str | None:
    """Rows that at least one grant shows."""
    return _any_of([scope.row_filter for scope in scopes if scope.columns])


def _cell_filters(scopes: Sequence[evaluation.Scope], columns: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Predicates for columns that only some of the shown rows may show."""
    row_filters = {scope.row_filter for scope in scopes if scope.columns}
    cells = []
    for column in columns:
        filters = {scope.row_filter for scope in scopes if column.lower() in scope.columns}
        predicate = None if filters == row_filters else _any_of(sorted(filters, key=str))
        if predicate is not None:
            cells.append((column, predicate))
    return tuple(cells)


def _any_of(filters: Sequence[str | None]) -> str | None:
    """OR of predicates; None (all rows) wins."""
    predicates = [predicate for predicate in dict.fromkeys(filters) if predicate is not None]
    if len(predicates) < len(set(filters)) or not predicates:
        return None
    return predicates[0] if len(predicates) == 1 else " OR ".join(f"({predicate})" for predicate in predicates)


def allowed(caller_arn: str, action: str, database: str, table: str | None = None) -> bool:
    """Whether a caller may do something, without an error: for lists that leave out what may not be seen.

    :param action: DESCRIBE, CREATE_TABLE, ALTER, DROP, INSERT, DELETE, SELECT or CREATE_DATABASE (a right on the
        catalog, whatever the database's name)
    """
    if is_local_operator(caller_arn):
        return True
    authority = current()
    if action == "CREATE_DATABASE" or not database:
        return action in evaluation.catalog_permissions(authority.state, caller_arn)
    if table is None:
        return action in evaluation.database_permissions(authority.state, caller_arn, database.lower())
    columns = authority.catalog.table_columns(database.lower(), table.lower())
    rights = evaluation.table_rights(authority.state, caller_arn, database.lower(), table.lower(), columns)
    if action == "SELECT":
        return bool(rights.readable_columns(columns))
    if action == "DESCRIBE":
        return bool(rights.permissions or rights.scopes)
    return action in rights.permissions


def location_allowed(caller_arn: str, location: str, database: str | None = None) -> bool:
    """Whether a caller may point a table at an S3 location.

    :param location: ``s3://bucket/prefix``
    :param database: database of the table: within the database's own location, CREATE_TABLE is enough
        ("Creating a database" in the developer guide)
    """
    if is_local_operator(caller_arn):
        return True
    authority = current()
    arn = location_arn(location)
    inside = authority.catalog.database_location(database.lower()) if database else None
    if inside and evaluation.covers(location_arn(inside), arn):
        return "CREATE_TABLE" in evaluation.database_permissions(authority.state, caller_arn, (database or "").lower())
    return evaluation.location_allowed(authority.state, caller_arn, arn)


def registered_roles() -> list[tuple[str, str]]:
    """Each registered location (``s3://bucket/prefix``) with the name of the role it is registered with.

    The service-linked role's rights are AWS's business; here they are local-admin's.
    """
    locations = current().state.locations.values()
    return [
        (
            "s3://" + location.arn.removeprefix("arn:aws:s3:::"),
            LOCAL_ADMIN if location.service_linked else location.role_arn.rsplit("/", 1)[-1],
        )
        for location in sorted(locations, key=lambda location: location.arn)
    ]


def lent_role(location: str) -> str | None:
    """Name of the role whose rights Lake Formation lends for a location; None when it is not registered.

    :param location: ``s3://bucket/key``.
    """
    arn = location_arn(location)
    covering = [(place, role) for place, role in registered_roles() if evaluation.covers(location_arn(place), arn)]
    return max(covering, key=lambda found: len(found[0]))[1] if covering else None


def location_arn(location: str) -> str:
    """``s3://bucket/prefix`` (also s3a and s3n) as an ARN."""
    _, separator, path = location.partition("://")
    return "arn:aws:s3:::" + (path if separator else location).rstrip("/")


def require(caller_arn: str, action: str, database: str, table: str | None = None, location: str | None = None) -> None:
    """Refuse unless the caller may do something.

    :param action: CREATE_DATABASE, CREATE_TABLE, DESCRIBE, ALTER, DROP, INSERT, DELETE, SELECT
        or DATA_LOCATION_ACCESS (with ``location``)
    :param location: ``s3://`` location the table is put at or moved to: data location permission is checked as well
    :raises AccessDenied: with the message of the Glue catalog
    """
    if action != "DATA_LOCATION_ACCESS" and not allowed(caller_arn, action, database, table):
        wanted = action.replace("_", " ").title()
        subject = "Catalog" if action == "CREATE_DATABASE" else table or database or "Catalog"
        raise AccessDenied(f"Insufficient Lake Formation permission(s): Required {wanted} on {subject}")
    if location is not None and not location_allowed(caller_arn, location, database or None):
        raise AccessDenied(f"Insufficient Lake Formation permission(s) on {location}")
