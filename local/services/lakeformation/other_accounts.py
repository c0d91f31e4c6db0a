"""Grants to other accounts: who they can go to, on what, and which resources of the catalog they share.

Source: Lake Formation developer guide, "Cross-account data sharing in Lake Formation" with its prerequisites. AWS RAM
(`local.services.ram`) shows the resource shares; nobody of this account ever gains anything by such a grant.
"""

from __future__ import annotations

import re

from .call import Call, invalid
from .permissions import ALL, IAM_ALLOWED_PRINCIPALS
from .resources import ALL_TABLES, Resource, ResourceKind, database_resource, table_resource
from .state import Grant, LakeFormationState

_ACCOUNT = re.compile(r"[0-9]{12}")
# AWS Organizations API reference: patterns of an organization's, a root's and an organizational unit's id.
_ORGANIZATION = re.compile(
    r"arn:aws:organizations::[0-9]{12}:(organization/o-[a-z0-9]{10,32}|ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})"
)
_TAG_POLICIES = (ResourceKind.DATABASE_POLICY, ResourceKind.TABLE_POLICY)
_SHARED_BY_NAME = (
    ResourceKind.DATABASE,
    ResourceKind.TABLE,
    ResourceKind.COLUMN,
    ResourceKind.COLUMNS_EXCEPT,
    ResourceKind.DATA_CELLS_FILTER,
)
_FIRST_VERSION_WITH_TAG_SHARES = 3


def is_other_account(principal: str, account_id: str) -> bool:
    """True for the id of another account, and for an organization or organizational unit.

    :param account_id: the account whose catalog is served
    """
    if _ACCOUNT.fullmatch(principal):
        return principal != account_id
    return _ORGANIZATION.fullmatch(principal) is not None


def check_grant(call: Call, resources: tuple[Resource, ...], permissions: frozenset[str]) -> None:
    """What AWS refuses only when the grantee is another account.

    :param permissions: as given in the request
    :raises AwsError: InvalidInputException
    """
    first = resources[0]
    if first.kind not in (*_SHARED_BY_NAME, *_TAG_POLICIES):
        raise invalid(
            f"Resources of type {first.kind} cannot be granted to other accounts by the local Lake Formation."
        )
    # "Granting permissions" in the developer guide: Super (ALL in the API) is not there for other accounts.
    if ALL in permissions:
        raise invalid("Permissions modification is invalid: ALL cannot be granted to another account.")
    open_to_all = call.state.grants.get(IAM_ALLOWED_PRINCIPALS, {})
    if any(covering in open_to_all for covering in _covering(first)):
        raise invalid(
            f"{first.table or first.database} is open to IAM_ALLOWED_PRINCIPALS: revoke that before granting "
            "anything on it to another account."
        )


def _covering(resource: Resource) -> tuple[Resource, ...]:
    """Resources whose grants to everybody keep a named one from being shared; none for an LF-tag policy."""
    if resource.table:
        return table_resource(resource.database, resource.table), table_resource(resource.database, ALL_TABLES)
    return (database_resource(resource.database),)


def shared_arns(state: LakeFormationState, principal: str, catalog_arn: str) -> dict[str, Grant]:
    """What a principal's grants share over AWS RAM, each with the grant that was changed last.

    LF-tag policies share the catalog, and only since version 3 of the cross account settings; all tables of a database
    share the database.

    :param catalog_arn: ``arn:aws:glue:<Region>:<account>:catalog``
    """
    arns: dict[str, Grant] = {}
    for resource, grant in tuple(state.grants.get(principal, {}).items()):
        arn = _shared_arn(state, resource, catalog_arn)
        if arn and (arn not in arns or arns[arn].updated < grant.updated):
            arns[arn] = grant
    return arns


def version_of(state: LakeFormationState) -> int:
    """Version of the account's cross account settings."""
    return int(state.settings["Parameters"]["CROSS_ACCOUNT_VERSION"])


def _shared_arn(state: LakeFormationState, resource: Resource, catalog_arn: str) -> str | None:
    if resource.kind in _TAG_POLICIES:
        return catalog_arn if version_of(state) >= _FIRST_VERSION_WITH_TAG_SHARES else None
    prefix = catalog_arn.removesuffix("catalog")
    if resource.table and resource.table != ALL_TABLES:
        return f"{prefix}table/{resource.database}/{resource.table}"
    return f"{prefix}database/{resource.database}"
