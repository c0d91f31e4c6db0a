"""Take a statement out of a deployed policy, for real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without_statement(iam: Any, role: str, policy: str, sid: str) -> Iterator[None]:
    """Inside, the role lacks one statement of an inline policy; afterwards it is as before.

    :param iam: boto3 client of somebody who may change policies.
    :param role: whole name of the role.
    :raises KeyError: the policy has no such statement.
    """
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    rest = [statement for statement in document["Statement"] if statement.get("Sid") != sid]
    if len(rest) == len(document["Statement"]):
        raise KeyError(f"{role}: policy {policy} has no statement {sid}")
    where = {"RoleName": role, "PolicyName": policy}
    if rest:
        iam.put_role_policy(**where, PolicyDocument=json.dumps({**document, "Statement": rest}))
    else:
        iam.delete_role_policy(**where)
    try:
        yield
    finally:
        iam.put_role_policy(**where, PolicyDocument=json.dumps(document))
