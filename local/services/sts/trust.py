"""Does a role trust a caller? By its trust policy and, where that names the account, by the caller's own policies.

Source: IAM User Guide, "Roles terms and concepts". Conditions are not evaluated: a statement with one does not apply.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import Role

from local.identity import ACCOUNT_ID
from local.services.iam.authorizer import is_allowed
from local.services.iam.principals import caller_with

_ACTION = "sts:AssumeRole"


def may_assume(caller_arn: str, role: Role) -> bool:
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
    return named or (account and is_allowed(caller_with(caller_arn), _ACTION, role.arn))


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


def _matches(value: str, patterns: Any) -> bool:
    return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in as_list(patterns))


def _statements(document: Any) -> list[dict[str, Any]]:
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = (parsed or {}).get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)
