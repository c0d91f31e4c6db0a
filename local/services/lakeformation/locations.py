"""Registered locations: RegisterResource, UpdateResource, DescribeResource, DeregisterResource, ListResources."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local.errors import AwsError

from .call import Call, invalid, not_found
from .state import RegisteredLocation

Answer = dict[str, Any]

_S3_ARN = re.compile(r"arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_SERVICE_LINKED_ROLE = "role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"


def register_resource(call: Call) -> Answer:
    call.require_administrator("register a location")
    arn = _location_arn(call)
    service_linked = bool(call.body.get("UseServiceLinkedRole"))
    if service_linked == bool(call.body.get("RoleArn")):
        raise invalid("Exactly one of RoleArn and UseServiceLinkedRole must be set.")
    if arn in call.state.locations:
        raise AwsError("AlreadyExistsException", "Resource is already registered")
    role_arn = f"arn:aws:iam::{call.account_id}:{_SERVICE_LINKED_ROLE}" if service_linked else _role_arn(call)
    call.state.locations[arn] = RegisteredLocation(
        arn,
        role_arn,
        service_linked=service_linked,
        hybrid=bool(call.body.get("HybridAccessEnabled")),
        with_federation=bool(call.body.get("WithFederation")),
        with_privileged_access=bool(call.body.get("WithPrivilegedAccess")),
        modified=time.time(),
    )
    return {}


def update_resource(call: Call) -> Answer:
    call.require_administrator("change a registered location")
    location = _registered(call)
    if location.service_linked:
        raise invalid(
            "A location that is registered with the service-linked role cannot be edited; deregister it first."
        )
    hybrid = call.body.get("HybridAccessEnabled")
    federation = call.body.get("WithFederation")
    call.state.locations[location.arn] = replace(
        location,
        role_arn=_role_arn(call),
        hybrid=location.hybrid if hybrid is None else bool(hybrid),
        with_federation=location.with_federation if federation is None else bool(federation),
        modified=time.time(),
    )
    return {}


def describe_resource(call: Call) -> Answer:
    return {"ResourceInfo": _shape(_registered(call))}


def deregister_resource(call: Call) -> Answer:
    call.require_administrator("deregister a location")
    del call.state.locations[_registered(call).arn]
    return {}


def list_resources(call: Call) -> Answer:
    conditions = [_condition(condition) for condition in call.body.get("FilterConditionList") or []]
    locations = [location for _, location in sorted(call.state.locations.items())]
    rows = [_shape(location) for location in locations if all(fits(location) for fits in conditions)]
    page, token = call.page(rows)
    return {"ResourceInfoList": page, **token}


def _location_arn(call: Call) -> str:
    arn = call.text("ResourceArn").rstrip("/")
    if not _S3_ARN.fullmatch(arn):
        raise invalid(f"ResourceArn {arn} is not the ARN of an Amazon S3 location.")
    return arn


def _role_arn(call: Call) -> str:
    role_arn = call.text("RoleArn")
    if not call.principals.exists(role_arn):
        raise invalid(f"Invalid principal, {role_arn}: the role does not exist.")
    return role_arn


def _registered(call: Call) -> RegisteredLocation:
    arn = _location_arn(call)
    if arn not in call.state.locations:
        raise not_found(f"Resource {arn} is not registered.")
    return call.state.locations[arn]


def _shape(location: RegisteredLocation) -> Answer:
    return {
        "ResourceArn": location.arn,
        "RoleArn": location.role_arn,
        "LastModified": location.modified,
        "WithFederation": location.with_federation,
        "HybridAccessEnabled": location.hybrid,
        "WithPrivilegedAccess": location.with_privileged_access,
    }


_COMPARISONS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "EQ": lambda value, wanted: value == wanted[0],
    "NE": lambda value, wanted: value != wanted[0],
    "CONTAINS": lambda value, wanted: wanted[0] in value,
    "NOT_CONTAINS": lambda value, wanted: wanted[0] not in value,
    "BEGINS_WITH": lambda value, wanted: value.startswith(wanted[0]),
    "IN": lambda value, wanted: value in wanted,
}


def _condition(condition: Mapping[str, Any]) -> Callable[[RegisteredLocation], bool]:
    field = {"RESOURCE_ARN": "arn", "ROLE_ARN": "role_arn"}.get(condition.get("Field", ""))
    compare = _COMPARISONS.get(condition.get("ComparisonOperator", ""))
    wanted = condition.get("StringValueList") or []
    if field is None or compare is None or not wanted:
        raise invalid(f"Filter condition {dict(condition)} is not supported by the local Lake Formation.")
    return lambda location: compare(getattr(location, field), wanted)
