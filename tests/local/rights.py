"""Rights of the roles that tests make. IAM decides about every call, so each role needs a policy for what it tests."""

from __future__ import annotations

import json
from typing import Any

POLICY = "test"


def allow(*actions: str, resources: str | list[str] = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


# Lake Formation decides what these roles see; IAM opens the APIs.
QUERY = [
    allow("athena:*"),
    allow("glue:Get*", "glue:BatchGetPartition"),
    allow("lakeformation:GetDataAccess"),
]
CHANGE_CATALOG = [allow("glue:*Database", "glue:*Databases", "glue:*Table", "glue:*Tables", "glue:*Partition*")]


def use_bucket(bucket: str) -> list[dict[str, Any]]:
    """Read and write one bucket."""
    return [
        allow("s3:GetObject", "s3:PutObject", "s3:DeleteObject", resources=f"arn:aws:s3:::{bucket}/*"),
        allow("s3:ListBucket", "s3:GetBucketLocation", resources=f"arn:aws:s3:::{bucket}"),
    ]


def give(iam: Any, role: str, *statements: dict[str, Any]) -> None:
    """Give a role exactly these rights."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=document)


def take_all(iam: Any, role: str) -> None:
    """Take a role's inline policies away, so that it can be deleted."""
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
