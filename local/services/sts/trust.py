"""Does a role trust a caller? By its trust policy and, where that names the account, by the caller's own policies.

Source: IAM User Guide, "Roles terms and concepts". Conditions are not evaluated: a statement with one does not apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import IAMBackend, Role

from local.identity import ACCOUNT_ID, LOCAL_ADMIN

_ACTION = "sts:AssumeRole"
_PRINCIPAL_TAG = re.compile(r"\$\{aws:PrincipalTag/(?P<tag>[^}]+)\}", re.IGNORECASE)


def may_assume(caller_arn: str, role: Role, iam: IAMBackend) -> bool:
    """Whether ``sts:AssumeRole`` on a role is allowed.

    :param caller_arn: the role's or user's ARN who asks.
    """
    statements = [
        statement
        for statement in _statements(role.assume_role_policy_document)
        if _matches(_ACTION, statement.get("Action")) and not statement.get("Condition")
    ]
    named, account = _trusted_as(caller_arn, statements, "Allow")
    if any(_trusted_as(caller_arn, statements, "Deny")):
        return False
    return named or (account and _has_right(caller_arn, role.arn, iam))


def role_statements(role: Role, iam: IAMBackend) -> list[dict[str, Any]]:
    """All statements of a role's policies: inline ones, then attached ones in their default version.

    Policy variables of the role's tags (``${aws:PrincipalTag/Team}``) are replaced; one without such a tag stays as it
    is and so matches nothing, as on AWS.
    """
    documents = list(role.policies.values())
    for arn in role.managed_policies:
        policy = iam.managed_policies.get(arn)
        if policy is not None:
            documents += [version.document for version in policy.versions if version.is_default]
    tags = {tag["Key"]: tag["Value"] for tag in role.tags or []}
    return [_with_tags(statement, tags) for document in documents for statement in _statements(document)]


def as_list(value: Any) -> list[str]:
    """IAM's "one string or a list of strings"."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _trusted_as(caller_arn: str, statements: list[dict[str, Any]], effect: str) -> tuple[bool, bool]:
    named = account = False
    for statement in statements:
        if statement.get("Effect") != effect:
            continue
        principal = statement.get("Principal")
        trusted = [principal] if isinstance(principal, str) else as_list((principal or {}).get("AWS"))
        named = named or caller_arn in trusted
        account = account or any(name in ("*", ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root") for name in trusted)
    return named, account


def _has_right(caller_arn: str, role_arn: str, iam: IAMBackend) -> bool:
    if caller_arn.endswith(f":user/{LOCAL_ADMIN}"):
        return True
    caller = next((role for role in iam.roles.values() if role.arn == caller_arn), None)
    if caller is None:
        return False
    allowed = False
    for statement in role_statements(caller, iam):
        if not _matches(_ACTION, statement.get("Action")) or not _matches(role_arn, statement.get("Resource")):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or not statement.get("Condition")
    return allowed


def _with_tags(statement: dict[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    def value_of(variable: re.Match[str]) -> str:
        return tags.get(variable["tag"], variable[0])

    resources = [_PRINCIPAL_TAG.sub(value_of, resource) for resource in as_list(statement.get("Resource"))]
    return {**statement, "Resource": resources}


def _matches(value: str, patterns: Any) -> bool:
    return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in as_list(patterns))


def _statements(document: Any) -> list[dict[str, Any]]:
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = (parsed or {}).get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)
