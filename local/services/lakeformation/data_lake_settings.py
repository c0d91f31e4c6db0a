"""GetDataLakeSettings and PutDataLakeSettings. Put replaces everything: what is left out is empty afterwards."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .call import Call, invalid
from .permissions import ALL, IAM_ALLOWED_PRINCIPALS
from .state import default_settings

Answer = dict[str, Any]

MAXIMUM_ADMINISTRATORS = 30
CROSS_ACCOUNT_VERSIONS = ("1", "2", "3", "4", "5")
_DEFAULT_PERMISSIONS = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
_ADMINISTRATORS = ("DataLakeAdmins", "ReadOnlyAdmins")


def get_data_lake_settings(call: Call) -> Answer:
    return {"DataLakeSettings": copy.deepcopy(call.state.settings)}


def put_data_lake_settings(call: Call) -> Answer:
    # On AWS an IAM policy decides; somebody must be able to name the first administrator.
    if call.state.settings["DataLakeAdmins"]:
        call.require_administrator("change the data lake settings")
    wanted = call.body.get("DataLakeSettings")
    if not isinstance(wanted, Mapping):
        raise invalid("DataLakeSettings is required.")
    unknown = sorted(set(wanted) - set(default_settings()))
    if unknown:
        raise invalid(f"Unknown settings {unknown}.")
    _check_administrators(call, wanted)
    version = (wanted.get("Parameters") or {}).get("CROSS_ACCOUNT_VERSION", "1")
    if version not in CROSS_ACCOUNT_VERSIONS:
        raise invalid(f"CROSS_ACCOUNT_VERSION must be one of {', '.join(CROSS_ACCOUNT_VERSIONS)}.")
    for field in _DEFAULT_PERMISSIONS:
        _check_default_permissions(field, wanted.get(field) or [])
    call.state.settings = _complete(wanted)
    return {}


def _complete(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """All fields, with AWS's values for those left out: empty lists, and the parameters an account starts with."""
    defaults = default_settings()
    settings = {field: [] if isinstance(value, list) else value for field, value in defaults.items()}
    settings |= {field: copy.deepcopy(value) for field, value in wanted.items() if value is not None}
    settings["Parameters"] = defaults["Parameters"] | dict(wanted.get("Parameters") or {})
    return settings


def _check_administrators(call: Call, wanted: Mapping[str, Any]) -> None:
    for field in _ADMINISTRATORS:
        principals = [entry.get("DataLakePrincipalIdentifier") for entry in wanted.get(field) or []]
        if len(principals) > MAXIMUM_ADMINISTRATORS:
            raise invalid(f"{field} must have at most {MAXIMUM_ADMINISTRATORS} members.")
        for principal in principals:
            if not principal or principal == IAM_ALLOWED_PRINCIPALS or not call.principals.exists(principal):
                raise invalid(f"Invalid principal, {principal}, in {field}.")


def _check_default_permissions(field: str, entries: list[Mapping[str, Any]]) -> None:
    allowed = {"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED_PRINCIPALS}, "Permissions": [ALL]}
    if entries and [dict(entry) for entry in entries] != [allowed]:
        raise invalid(f"{field} must be empty or give ALL to IAM_ALLOWED_PRINCIPALS.")
