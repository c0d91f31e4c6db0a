"""The deployed roles with their policies, read through IAM's API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.services.iam.principals import Principal, made


def deployed_roles(iam: Any, prefix: str) -> dict[str, Principal]:
    """Every role of one environment by its name.

    :param iam: boto3 client.
    :param prefix: start of the names, ``sluice-dev-``.
    """
    names = [
        role["RoleName"]
        for page in iam.get_paginator("list_roles").paginate()
        for role in page["Roles"]
        if role["RoleName"].startswith(prefix)
    ]
    return {name: _role(iam, name) for name in sorted(names)}


def _role(iam: Any, name: str) -> Principal:
    role = iam.get_role(RoleName=name)["Role"]
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    return made(role["Arn"], role["RoleId"], tags, _policies(iam, name))


def _policies(iam: Any, name: str) -> Iterator[tuple[str, Any]]:
    for policy in sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]):
        yield policy, iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        yield attached["PolicyName"], document
