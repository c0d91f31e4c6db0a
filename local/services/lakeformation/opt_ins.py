"""Opt-ins of hybrid access mode. They are stored and listed; decisions do not depend on them (see docs)."""

from __future__ import annotations

import time
from typing import Any

from local.errors import AwsError

from .call import Call, invalid, not_found
from .listing import resource_shape
from .resources import Resource, parse_resource

Answer = dict[str, Any]


def create_lake_formation_opt_in(call: Call) -> Answer:
    call.require_administrator("opt in to Lake Formation permissions")
    key = _key(call)
    if not call.principals.exists(key[0]):
        raise invalid(f"Invalid principal, {key[0]}.")
    if key in call.state.opt_ins:
        raise AwsError("InvalidInputException", "The principal has already opted in for this resource.")
    call.state.opt_ins[key] = (time.time(), call.caller_arn)
    return {}


def delete_lake_formation_opt_in(call: Call) -> Answer:
    call.require_administrator("withdraw an opt-in")
    if call.state.opt_ins.pop(_key(call), None) is None:
        raise not_found("The principal has not opted in for this resource.")
    return {}


def list_lake_formation_opt_ins(call: Call) -> Answer:
    principal = (call.body.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    wanted = parse_resource(call.body["Resource"], call.account_id)[0] if call.body.get("Resource") else None
    rows = [
        {
            "Principal": {"DataLakePrincipalIdentifier": who},
            "Resource": resource_shape(resource, call.account_id),
            "LastModified": modified,
            "LastUpdatedBy": updated_by,
        }
        for (who, resource), (modified, updated_by) in sorted(call.state.opt_ins.items())
        if principal in (None, who) and wanted in (None, resource)
    ]
    page, token = call.page(rows)
    return {"LakeFormationOptInsInfoList": page, **token}


def _key(call: Call) -> tuple[str, Resource]:
    principal = (call.body.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    if not principal:
        raise invalid("Principal is required.")
    resource = parse_resource(call.body.get("Resource"), call.account_id)[0]
    if resource.table:
        call.require_table(resource.database, resource.table)
    elif resource.database:
        call.require_database(resource.database)
    return principal, resource
