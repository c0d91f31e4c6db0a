"""What a role may do in S3, as policies that SeaweedFS evaluates itself: allow, deny, exact resources, conditions.

SeaweedFS reads policies in IAM's own language. What it does not know is settled here, before it reads them: policy
variables of the caller, names of actions that AWS does not have, and conditions on keys that it cannot see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from local.services.iam import reference
from local.services.iam.patterns import Context, resolved, variables
from local.services.iam.policy import Statement

# What SeaweedFS calls the parts of an upload, for which AWS asks s3:PutObject.
_PARTS_OF_PUT = ("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload")
_ARN = "arn:aws:s3:::"


def document_of(statements: Iterable[Statement], context: Context) -> str | None:
    """The S3 part of a role's policies as one document; None when it has none.

    :param statements: of all its policies.
    :param context: condition keys of the role (tags, user id).
    """
    found = [item for statement in statements if (item := _translated(statement, context)) is not None]
    return json.dumps({"Version": "2012-10-17", "Statement": found}) if found else None


def _translated(statement: Statement, context: Context) -> dict[str, Any] | None:
    actions = _actions(statement)
    resources = list(_resources(statement.resources, context))
    not_resources = list(_resources(statement.not_resources, context))
    if not actions or not (resources or statement.not_resources):
        return None
    met = all(condition.is_met(context) for condition in statement.conditions)
    if statement.conditions and not met and not statement.denies:
        return None
    translated: dict[str, Any] = {
        "Sid": statement.label,
        "Effect": "Deny" if statement.denies else "Allow",
        "Action": actions,
    }
    translated |= {"NotResource": not_resources} if statement.not_resources else {"Resource": resources}
    return translated


def _actions(statement: Statement) -> list[str]:
    """The actions by their own names: SeaweedFS knows no NotAction, and takes upper and lower case for different."""
    covered = [action for action in reference.actions_of("s3") if statement.covers_action(action)]
    if len(covered) == len(reference.actions_of("s3")):
        return ["s3:*"]
    return covered + list(_PARTS_OF_PUT if "s3:PutObject" in covered else ())


def _resources(patterns: Iterable[str], context: Context) -> Iterator[str]:
    for pattern in patterns:
        if pattern == "*":
            yield f"{_ARN}*"
        elif pattern.startswith(_ARN) or pattern.startswith("arn:*:s3:::"):
            text = resolved(pattern, context) if variables(pattern) else pattern
            if text is not None:
                yield text
