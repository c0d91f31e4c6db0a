"""GrantPermissions, RevokePermissions and their batches, with the checks that AWS makes before it stores anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import AwsError

from .call import Call, columns_of, invalid, not_found
from .evaluation import covers, expression_of
from .faults import Faults
from .other_accounts import check_grant, is_other_account
from .permissions import (
    ALL,
    IAM_ALLOWED_PRINCIPALS,
    RESOURCE_LINK_PERMISSIONS,
    VALID_PERMISSIONS,
    expand,
    without,
)
from .resources import ALL_TABLES, CATALOG, Resource, ResourceKind, parse_resource
from .state import Grant

MAXIMUM_BATCH_ENTRIES = 20
MAXIMUM_FILTERS_PER_TABLE = 100
"""Data cells filters one principal may hold SELECT on, per table."""

Answer = dict[str, Any]


@dataclass(frozen=True)
class _Request:
    """A checked grant or revoke: the parts every rule looks at."""

    principal: str
    resources: tuple[Resource, ...]
    permissions: frozenset[str]
    grantable: frozenset[str]

    @property
    def kind(self) -> ResourceKind:
        return self.resources[0].kind


def grant_permissions(call: Call) -> Answer:
    _grant(call, call.body)
    return {}


def revoke_permissions(call: Call) -> Answer:
    _revoke(call, call.body)
    return {}


def batch_grant_permissions(call: Call, faults: Faults) -> Answer:
    return _batch(call, _grant, faults)


def batch_revoke_permissions(call: Call, faults: Faults) -> Answer:
    return _batch(call, _revoke, faults)


def _batch(call: Call, apply: Callable[[Call, Mapping[str, Any]], None], faults: Faults) -> Answer:
    """Entries succeed and fail one by one: AWS answers 200 and lists the failures."""
    entries = call.body.get("Entries") or []
    if not 1 <= len(entries) <= MAXIMUM_BATCH_ENTRIES:
        raise invalid(f"Entries must have between 1 and {MAXIMUM_BATCH_ENTRIES} members, got {len(entries)}.")
    identifiers = [entry.get("Id") for entry in entries]
    if None in identifiers or len(set(identifiers)) != len(identifiers):
        raise invalid("Every entry needs an Id of its own.")
    failures = []
    for entry in entries:
        try:
            faults.strike_entry()
            apply(call, entry)
        except AwsError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            failures.append({"RequestEntry": entry, "Error": detail})
    return {"Failures": failures}


def _grant(call: Call, body: Mapping[str, Any]) -> None:
    request = _parse(call, body)
    if not request.permissions:
        raise invalid("Permissions must not be empty.")
    if not request.grantable <= expand(request.kind, request.permissions):
        raise invalid("PermissionsWithGrantOption must be a subset of Permissions.")
    if body.get("Condition"):
        raise invalid("Grants with a Condition are not supported by the local Lake Formation.")
    _check_principal(call, request)
    for resource in request.resources:
        _check_exists(call, resource)
        call.require_grantable(resource, _wanted(request))
    _check_columns_exist(call, request)
    _check_combination(call, request)
    for resource in request.resources:
        given = expand(resource.kind, request.permissions)
        passed_on = expand(resource.kind, request.grantable)
        call.state.put_grant(request.principal, resource, Grant(given, passed_on, time.time(), call.caller_arn))


def _revoke(call: Call, body: Mapping[str, Any]) -> None:
    request = _parse(call, body)
    if not request.permissions and not request.grantable:
        raise invalid("Permissions must not be empty.")
    for resource in request.resources:
        _check_exists(call, resource)
        call.require_grantable(resource, _wanted(request))
    held = call.state.grants.get(request.principal, {})
    gone = request.permissions | request.grantable
    affected = [r for r in request.resources if r in held and held[r].permissions & expand(r.kind, gone)]
    if not affected:
        _refuse_empty_revoke(request, held)
    for resource in affected:
        _take_away(held, resource, request, call.caller_arn)


def _take_away(held: dict[Resource, Grant], resource: Resource, request: _Request, caller_arn: str) -> None:
    before = held[resource]
    left = without(resource.kind, before.permissions, request.permissions)
    grantable = without(resource.kind, before.grantable, request.permissions | request.grantable) & left
    if left:
        held[resource] = Grant(left, grantable, time.time(), caller_arn)
    else:
        del held[resource]


def _refuse_empty_revoke(request: _Request, held: Mapping[Resource, Grant]) -> None:
    whole = ResourceKind.TABLE
    narrower = request.kind in (ResourceKind.COLUMN, ResourceKind.COLUMNS_EXCEPT)
    first = request.resources[0]
    if narrower and any(r.kind is whole and (r.database, r.table) == (first.database, first.table) for r in held):
        # A whole-table SELECT cannot be narrowed by revoking columns: it must be revoked and granted anew.
        raise invalid("Permissions modification is invalid.")
    raise invalid("No permissions revoked. Grantee has no permissions and no grantable permissions on resource.")


def _wanted(request: _Request) -> frozenset[str]:
    return expand(request.kind, request.permissions | request.grantable) - {ALL}


def _parse(call: Call, body: Mapping[str, Any]) -> _Request:
    principal = (body.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    if not isinstance(principal, str) or not principal:
        raise invalid("Principal is required.")
    resources = parse_resource(body.get("Resource"), call.account_id)
    permissions = frozenset(body.get("Permissions") or ())
    grantable = frozenset(body.get("PermissionsWithGrantOption") or ())
    wrong = (permissions | grantable) - VALID_PERMISSIONS[resources[0].kind]
    if wrong and not _select_on_all_columns(resources[0], permissions | grantable):
        raise invalid(f"Permissions {sorted(wrong)} are not valid on a resource of type {resources[0].kind}.")
    return _Request(principal, resources, permissions, grantable)


def _select_on_all_columns(resource: Resource, permissions: frozenset[str]) -> bool:
    return resource.kind is ResourceKind.TABLE and permissions <= {"SELECT"}


def _check_principal(call: Call, request: _Request) -> None:
    if is_other_account(request.principal, call.account_id):
        check_grant(call, request.resources, request.permissions)
        return
    if not call.principals.exists(request.principal):
        raise invalid(f"Invalid principal, {request.principal}.")
    if request.principal != IAM_ALLOWED_PRINCIPALS:
        return
    if request.kind is ResourceKind.CATALOG:
        permitted = frozenset({"CREATE_DATABASE"})
    elif request.kind in (ResourceKind.DATABASE, ResourceKind.TABLE):
        permitted = frozenset({ALL})
    else:
        permitted = frozenset()
    if request.grantable or not request.permissions <= permitted:
        raise invalid("Permissions modification is invalid: IAM_ALLOWED_PRINCIPALS can only be granted ALL.")


def _check_exists(call: Call, resource: Resource) -> None:
    if resource.kind is ResourceKind.DATABASE or (resource.of_table and resource.table == ALL_TABLES):
        call.require_database(resource.database)
    elif resource.of_table:
        call.require_table(resource.database, resource.table)
    checks = {
        ResourceKind.DATA_CELLS_FILTER: _check_filter_exists,
        ResourceKind.DATA_LOCATION: _check_location_registered,
        ResourceKind.LF_TAG: _check_tag_exists,
        ResourceKind.LF_TAG_EXPRESSION: _check_tag_expression_exists,
        ResourceKind.DATABASE_POLICY: _check_policy_tags_exist,
        ResourceKind.TABLE_POLICY: _check_policy_tags_exist,
    }
    check = checks.get(resource.kind)
    if check:
        check(call, resource)


def _check_filter_exists(call: Call, resource: Resource) -> None:
    if (resource.database, resource.table, resource.name) not in call.state.filters:
        raise not_found(f"Data cells filter {resource.name} not found on {resource.database}.{resource.table}.")


def _check_location_registered(call: Call, resource: Resource) -> None:
    if not any(covers(registered, resource.name) for registered in call.state.locations):
        raise invalid(f"{resource.name} is in no registered location: register the S3 path with Lake Formation first.")


def _check_tag_exists(call: Call, resource: Resource) -> None:
    _check_tag_values(call, resource.name, resource.values)


def _check_tag_expression_exists(call: Call, resource: Resource) -> None:
    if resource.name not in call.state.tag_expressions:
        raise not_found(f"LF-Tag expression {resource.name} not found.")


def _check_policy_tags_exist(call: Call, resource: Resource) -> None:
    if resource.name:
        _check_tag_expression_exists(call, resource)
    for key, values in expression_of(call.state, resource):
        _check_tag_values(call, key, values)


def _check_tag_values(call: Call, key: str, values: tuple[str, ...]) -> None:
    known = call.state.tags.get(key)
    if known is None:
        raise not_found(f"LF-Tag key {key} not found.")
    missing = sorted(set(values) - set(known) - {"*"})
    if missing:
        raise not_found(f"LF-Tag values {missing} not found for key {key}.")


def _check_columns_exist(call: Call, request: _Request) -> None:
    first = request.resources[0]
    wanted = columns_of(request.resources)
    if wanted and first.table != ALL_TABLES:
        missing = sorted(wanted - set(call.catalog.table_columns(first.database, first.table)))
        if missing:
            raise invalid(f"cannot grant/revoke permission on non-existent column: {', '.join(missing)}.")


def _check_combination(call: Call, request: _Request) -> None:
    _check_resource_link(call, request)
    narrowing = (ResourceKind.COLUMN, ResourceKind.COLUMNS_EXCEPT, ResourceKind.DATA_CELLS_FILTER)
    if request.kind in narrowing and request.principal in call.state.principals_in("DataLakeAdmins"):
        raise invalid("Permissions modification is invalid.")
    if request.kind is ResourceKind.COLUMNS_EXCEPT and request.grantable:
        raise invalid("The grant option with column permissions needs an include list of columns.")
    if request.kind is ResourceKind.DATA_CELLS_FILTER:
        _check_filter_limit(call, request)
    if request.resources[0] == CATALOG and request.permissions & {"CREATE_CATALOG"}:
        raise invalid("Multi-catalog permissions are not supported by the local Lake Formation.")


def _check_resource_link(call: Call, request: _Request) -> None:
    """A link can be seen and dropped; whoever wants to read through it needs rights on its target."""
    first = request.resources[0]
    if not call.catalog.is_resource_link(first.database, first.table):
        return
    narrower = request.kind not in (ResourceKind.DATABASE, ResourceKind.TABLE)
    if narrower or not request.permissions <= RESOURCE_LINK_PERMISSIONS:
        name = f"{first.database}.{first.table}".rstrip(".")
        raise invalid(
            f"Permissions {sorted(request.permissions)} are not valid on the resource link {name}: a link takes "
            f"{' and '.join(sorted(RESOURCE_LINK_PERMISSIONS))}, everything else is granted on its target."
        )


def _check_filter_limit(call: Call, request: _Request) -> None:
    wanted = request.resources[0]
    held = [
        resource
        for resource in call.state.grants.get(request.principal, {})
        if resource.kind is ResourceKind.DATA_CELLS_FILTER
        and (resource.database, resource.table) == (wanted.database, wanted.table)
        and resource != wanted
    ]
    if len(held) >= MAXIMUM_FILTERS_PER_TABLE:
        raise AwsError(
            "ResourceNumberLimitExceededException",
            f"{request.principal} already has {len(held)} data cells filters on {wanted.database}.{wanted.table}.",
        )
