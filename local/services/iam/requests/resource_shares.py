"""Grants of Lake Formation to other accounts, which need the caller's rights in AWS RAM.

Source: AWS's managed policy ``AWSLakeFormationCrossAccountManager``, which Lake Formation asks for ("Cross-account data
sharing prerequisites" in its developer guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.identity import ACCOUNT_ID
from local.services.lakeformation.other_accounts import is_other_account

_GRANTING = ("ram:CreateResourceShare", "ram:AssociateResourceShare")
_REVOKING = ("ram:DisassociateResourceShare", "ram:DeleteResourceShare")
_ACTIONS: dict[str, tuple[str, ...]] = {
    "GrantPermissions": _GRANTING,
    "BatchGrantPermissions": _GRANTING,
    "RevokePermissions": _REVOKING,
    "BatchRevokePermissions": _REVOKING,
}
# All that is known of a share before it exists: Lake Formation's begin so.
_SHARE_NAME = "LakeFormation-"
_SHARED_TYPES = ["glue:Catalog", "glue:Database", "glue:Table"]


def actions_of_sharing(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """What a request needs of AWS RAM, because it shares something with another account or stops that."""
    if service != "lakeformation" or operation not in _ACTIONS:
        return
    requests = [parameters, *(parameters.get("Entries") or [])]
    principals = [(request.get("Principal") or {}).get("DataLakePrincipalIdentifier") for request in requests]
    if any(principal and is_other_account(str(principal), ACCOUNT_ID) for principal in principals):
        yield from _ACTIONS[operation]


def conditions_of_sharing(action: str) -> dict[str, list[str]]:
    """:param action: ``ram:CreateResourceShare``."""
    if action == "ram:CreateResourceShare":
        return {"ram:requestedresourcetype": list(_SHARED_TYPES)}
    return {"ram:resourcesharename": [_SHARE_NAME]}
