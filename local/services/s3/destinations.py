"""Whether S3 may send to where a bucket's settings say: access logs to a bucket, notifications to a queue.

S3 checks it when the setting is made (S3 user guide, "Enabling Amazon S3 server access logging" and "Granting
permissions to publish event notification messages to a destination").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from local.errors import AwsError

_LOGGING = "logging.s3.amazonaws.com"
_S3 = "s3.amazonaws.com"


def check_log_target(target: Any, prefix: str) -> None:
    """Refuse a bucket that does not let S3's logging service write.

    :param target: moto's bucket, or None.
    :param prefix: what the names of the log files begin with.
    :raises AwsError: InvalidTargetBucketForLogging.
    """
    if target is None:
        raise AwsError("InvalidTargetBucketForLogging", "The target bucket for logging does not exist.")
    policy = target.policy.decode() if target.policy else ""
    if not _allows(policy, _LOGGING, "s3:putobject", f"{target.arn}/{prefix}x"):
        raise AwsError(
            "InvalidTargetBucketForLogging",
            f"You must give {_LOGGING} the right s3:PutObject on {target.arn}/{prefix}* in the policy of bucket "
            f"{target.name} first.",
        )


def check_queues(arns: Iterable[str], account_id: str) -> None:
    """Refuse queues that do not exist or do not let S3 send.

    :param arns: of the queues.
    :param account_id: the bucket's account.
    :raises AwsError: InvalidArgument.
    """
    from moto.sqs.models import sqs_backends

    for arn in arns:
        region, owner, name = arn.split(":")[3:6]
        queue = sqs_backends[owner][region].queues.get(name) if owner == account_id else None
        if queue is None or not _allows(queue.policy or "", _S3, "sqs:sendmessage", arn):
            # AWS says no more than the first sentence.
            raise AwsError(
                "InvalidArgument",
                "Unable to validate the following destination configurations. "
                f"({arn} {'does not exist' if queue is None else f'does not let {_S3} send messages'})",
            )


def _allows(policy: str, service: str, action: str, resource: str) -> bool:
    return any(
        statement.get("Effect") == "Allow"
        and service in _services(statement)
        and any(fnmatchcase(action, pattern.lower()) for pattern in _listed(statement.get("Action")))
        and any(fnmatchcase(resource, pattern) for pattern in _listed(statement.get("Resource")))
        for statement in _statements(policy)
    )


def _statements(policy: str) -> Iterator[dict[str, Any]]:
    if policy:
        found = json.loads(policy).get("Statement", [])
        yield from [found] if isinstance(found, dict) else found


def _services(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
