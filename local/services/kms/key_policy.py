"""What KMS refuses in a key policy (KMS developer guide, "Key policies in AWS KMS"; API reference, PutKeyPolicy)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from local.errors import AwsError

_CHANGING = "kms:putkeypolicy"
_MEMBERS = ("Effect", "Principal", "Action", "Resource")


def check_key_policy(policy: str, account_id: str) -> None:
    """Refuse a policy that KMS would not take.

    :param policy: JSON text.
    :param account_id: the key's account.
    :raises AwsError: MalformedPolicyDocumentException.
    """
    statements = _statements(policy)
    for statement in statements:
        missing = [name for name in _MEMBERS if name not in statement and f"Not{name}" not in statement]
        if missing:
            raise _malformed(f"Policy contains a statement without {missing[0]}.")
        for principal in _principals(statement):
            if not _exists(principal, account_id):
                raise _malformed("Policy contains a statement with one or more invalid principals.")
    if not any(_lets_account_change(statement, account_id) for statement in statements):
        # Without such a statement nobody could ever change or delete the key.
        raise _malformed("The new key policy will not allow you to update the key policy in the future.")


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(policy)
        statements = document["Statement"]
    except (ValueError, TypeError, KeyError):
        raise _malformed("Policy is not a JSON document with a Statement.") from None
    listed = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(item, dict) for item in listed):
        raise _malformed("Policy contains a statement that is no object.")
    return listed


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    """The statement's AWS principals."""
    principal = statement.get("Principal", {})
    yield from _listed(principal if isinstance(principal, str) else principal.get("AWS"))


def _exists(principal: str, account_id: str) -> bool:
    """Whether KMS can find a principal; those of other accounts are taken as they are."""
    parts = principal.split(":", 5)
    if len(parts) < 6:
        return principal == "*" or (principal.isdigit() and len(principal) == 12)
    kind, _, name = parts[5].rpartition("/") if "/" in parts[5] else (parts[5], "", "")
    if parts[2] != "iam" or parts[4] != account_id or kind == "root":
        return parts[2] in {"iam", "sts"}
    from moto.iam.models import iam_backends

    from local.identity import LOCAL_ADMIN

    iam = iam_backends[account_id]["aws"]
    known = {role.name for role in iam.roles.values()} if kind.startswith("role") else {*iam.users, LOCAL_ADMIN}
    return name in known


def _lets_account_change(statement: dict[str, Any], account_id: str) -> bool:
    whole_account = {"*", account_id, f"arn:aws:iam::{account_id}:root"}
    return (
        statement["Effect"] == "Allow"
        and bool(whole_account & set(_principals(statement)))
        and not statement.get("Condition")
        and any(fnmatchcase(_CHANGING, action.lower()) for action in _listed(statement.get("Action")))
    )
