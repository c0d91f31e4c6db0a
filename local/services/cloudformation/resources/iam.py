"""IAM roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import INTEGER, JSON, STRING, STRINGS, TAGS, ListOf, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class Role(ResourceType):
    """AWS::IAM::Role with inline and attached policies."""

    type_name = "AWS::IAM::Role"
    name_property = "RoleName"
    attributes = frozenset({"Arn", "RoleId"})
    replaced_by = frozenset({"RoleName", "Path"})
    shape: ClassVar[Structure] = structure(
        "AssumeRolePolicyDocument",
        RoleName=STRING,
        Path=STRING,
        Description=STRING,
        AssumeRolePolicyDocument=JSON,
        MaxSessionDuration=INTEGER,
        ManagedPolicyArns=STRINGS,
        Policies=ListOf(structure("PolicyName PolicyDocument", PolicyName=STRING, PolicyDocument=JSON)),
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        iam, properties = order.services.client("iam"), order.properties
        name = order.name("RoleName")
        optional = {
            key: properties[key] for key in ("Path", "Description", "MaxSessionDuration", "Tags") if key in properties
        }
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **optional)["Role"]
        try:
            _apply_policies(iam, name, properties, {})
        except ClientError:
            _delete(iam, name)
            raise
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        iam, properties, name = order.services.client("iam"), order.properties, current.physical_id
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]))
        # Description and session length go back to IAM's defaults when the template no longer names them.
        iam.update_role(
            RoleName=name,
            Description=properties.get("Description", ""),
            MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
        )
        _apply_policies(iam, name, properties, current.properties)
        removed = removed_tag_keys(current.properties, properties)
        if removed:
            iam.untag_role(RoleName=name, TagKeys=removed)
        if properties.get("Tags"):
            iam.tag_role(RoleName=name, Tags=properties["Tags"])
        return Made(name, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        _delete(services.client("iam"), current.physical_id)


def _apply_policies(iam: Any, name: str, properties: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Give the role the policies of the template. What another stack has added to it (RolePolicy) stays."""
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", ())}
    ours_before = {policy["PolicyName"] for policy in before.get("Policies", ())}
    present = set(iam.list_role_policies(RoleName=name)["PolicyNames"])
    for policy_name in sorted(present & ours_before - inline.keys()):
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    for policy_name, document in inline.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=json.dumps(document))
    wanted = set(properties.get("ManagedPolicyArns", ()))
    attached = {item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]}
    for arn in sorted(attached & set(before.get("ManagedPolicyArns", ())) - wanted):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in sorted(wanted - attached):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _remove_policies(iam: Any, name: str) -> None:
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    for item in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=item["PolicyArn"])


def _delete(iam: Any, name: str) -> None:
    try:
        _remove_policies(iam, name)
        iam.delete_role(RoleName=name)
    except iam.exceptions.NoSuchEntityException:
        return
