"""What a role may do in S3, as policies that SeaweedFS evaluates itself: allow, deny, exact resources, conditions.

SeaweedFS reads policies in IAM's own language. What it does not know is settled here, before it reads them: policy
variables of the caller, names of actions that AWS does not have, and conditions on keys that it cannot see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from local.services.iam.patterns import Context, matches, resolved, variables
from local.services.iam.policy import Statement

# What SeaweedFS calls the parts of an upload, for which AWS asks s3:PutObject.
_PARTS_OF_PUT = ("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload")
# Everything SeaweedFS can be asked for, to spell out NotAction.
_ALL = "s3:*"
_ARN = "arn:aws:s3:::"


def document_of(statements: Iterable[Statement], context: Context) -> str | None:
    """The S3 part of a role's policies as one document; None when it has none.

    :param statements: of all its policies.
    :param context: condition keys of the role (tags, user id).
    """
    found = [item for statement in statements if (item := _translated(statement, context)) is not None]
    return json.dumps({"Version": "2012-10-17", "Statement": found}) if found else None


def _translated(statement: Statement, context: Context) -> dict[str, Any] | None:
    actions = sorted(set(_actions(statement)))
    not_actions = sorted(set(_s3_patterns(statement.not_actions)))
    resources = list(_resources(statement.resources, context))
    not_resources = list(_resources(statement.not_resources, context))
    if not (actions or statement.not_actions) or not (resources or statement.not_resources):
        return None
    met = all(condition.is_met(context) for condition in statement.conditions)
    if statement.conditions and not met and not statement.denies:
        return None
    translated: dict[str, Any] = {"Sid": statement.label, "Effect": "Deny" if statement.denies else "Allow"}
    translated |= {"NotAction": not_actions} if statement.not_actions else {"Action": actions}
    translated |= {"NotResource": not_resources} if statement.not_resources else {"Resource": resources}
    return translated


def _actions(statement: Statement) -> Iterator[str]:
    for pattern in _s3_patterns(statement.actions):
        yield pattern
        if matches(pattern, "s3:PutObject", ignore_case=True):
            yield from _PARTS_OF_PUT


def _s3_patterns(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        if pattern == "*":
            yield _ALL
        elif pattern.lower().startswith("s3:"):
            yield "s3:" + pattern[3:]


def _resources(patterns: Iterable[str], context: Context) -> Iterator[str]:
    for pattern in patterns:
        if pattern == "*":
            yield f"{_ARN}*"
        elif pattern.startswith(_ARN) or pattern.startswith("arn:*:s3:::"):
            text = resolved(pattern, context) if variables(pattern) else pattern
            if text is not None:
                yield text
