"""One request to Lake Formation: who asks, what for, and the state it is about."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.errors import AwsError

from . import evaluation
from .access import is_local_operator
from .catalog import GlueCatalogReader, PrincipalDirectory
from .resources import Resource, ResourceKind, required
from .state import LakeFormationState

MAXIMUM_RESULTS = 1000


@dataclass(frozen=True)
class Call:
    """A request with everything needed to answer it.

    :param caller_arn: who signed it
    :param body: parsed JSON of the request
    """

    state: LakeFormationState
    catalog: GlueCatalogReader
    principals: PrincipalDirectory
    account_id: str
    caller_arn: str
    body: Mapping[str, Any]

    @property
    def administers(self) -> bool:
        """True for data lake administrators and for the operator of the local AWS."""
        return is_local_operator(self.caller_arn) or evaluation.is_admin(self.state, self.caller_arn)

    @property
    def sees_everything(self) -> bool:
        """True if reads are not limited to what the caller itself holds."""
        return self.administers or evaluation.sees_all_metadata(self.state, self.caller_arn)

    def text(self, field: str) -> str:
        """Required text field of the request. :raises AwsError: InvalidInputException without it"""
        return required(self.body, field)

    def require_administrator(self, doing: str) -> None:
        """:param doing: what is attempted, for the message
        :raises AwsError: AccessDeniedException for everybody else
        """
        if not self.administers:
            raise denied(f"Insufficient Lake Formation permission(s): only a data lake administrator may {doing}.")

    def require_table(self, database: str, table: str) -> None:
        """:raises AwsError: EntityNotFoundException without such a table"""
        self.require_database(database)
        if not self.catalog.table_exists(database, table):
            raise not_found(f"Table {table} not found in database {database}.")

    def require_database(self, database: str) -> None:
        """:raises AwsError: EntityNotFoundException without such a database"""
        if not self.catalog.database_exists(database):
            raise not_found(f"Database {database} not found.")

    def require_grantable(self, resource: Resource, permissions: frozenset[str]) -> None:
        """The caller must be an administrator or hold the grant option on all the permissions.

        :raises AwsError: AccessDeniedException otherwise
        """
        if self.administers:
            return
        missing = permissions - evaluation.grantable_permissions(self.state, self.caller_arn, resource)
        if missing or not permissions:
            name = resource.table or resource.database or resource.name or "Catalog"
            raise denied(
                f"Insufficient Lake Formation permission(s): Required grantable {', '.join(sorted(missing))} on {name}"
            )

    def page(self, rows: Sequence[Any], maximum: int = MAXIMUM_RESULTS) -> tuple[list[Any], dict[str, str]]:
        """One page of a list and the ``NextToken`` field of the answer, if there is more.

        :param rows: everything, in a stable order
        :param maximum: largest MaxResults AWS takes
        :raises AwsError: InvalidInputException for a bad MaxResults or NextToken
        """
        size = self.body.get("MaxResults") or maximum
        if not isinstance(size, int) or not 1 <= size <= maximum:
            raise invalid(f"MaxResults must be between 1 and {maximum}.")
        start = _offset_of(self.body.get("NextToken"))
        token = {"NextToken": _token_of(start + size)} if start + size < len(rows) else {}
        return list(rows[start : start + size]), token


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def not_found(message: str) -> AwsError:
    return AwsError("EntityNotFoundException", message)


def denied(message: str) -> AwsError:
    return AwsError("AccessDeniedException", message, 403)


def columns_of(resources: Sequence[Resource]) -> frozenset[str]:
    """Columns named by a parsed resource."""
    names: set[str] = set()
    for resource in resources:
        if resource.kind is ResourceKind.COLUMN:
            names.add(resource.name)
        elif resource.kind is ResourceKind.COLUMNS_EXCEPT:
            names |= set(resource.values)
    return frozenset(names)


def _token_of(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset={offset}".encode()).decode()


def _offset_of(token: str | None) -> int:
    if not token:
        return 0
    try:
        name, _, value = base64.urlsafe_b64decode(token.encode()).decode().partition("=")
        if name == "offset":
            return int(value)
    except ValueError as error:
        raise invalid("NextToken is not valid.") from error
    raise invalid("NextToken is not valid.")
