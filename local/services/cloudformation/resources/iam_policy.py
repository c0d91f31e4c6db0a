"""IAM managed policies."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import JSON, STRING, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class ManagedPolicy(ResourceType):
    """AWS::IAM::ManagedPolicy; roles attach it by its ARN."""

    type_name = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    attributes = frozenset({"PolicyArn"})
    replaced_by = frozenset({"Description", "ManagedPolicyName", "Path"})
    shape: ClassVar[Structure] = structure(
        "PolicyDocument", ManagedPolicyName=STRING, Description=STRING, Path=STRING, PolicyDocument=JSON
    )

    def create(self, order: Order) -> Made:
        optional = {key: order.properties[key] for key in ("Description", "Path") if key in order.properties}
        policy = order.services.client("iam").create_policy(
            PolicyName=order.name("ManagedPolicyName"),
            PolicyDocument=json.dumps(order.properties["PolicyDocument"]),
            **optional,
        )["Policy"]
        return Made(policy["Arn"], {"PolicyArn": policy["Arn"]})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        iam, arn = order.services.client("iam"), current.physical_id
        document = json.dumps(order.properties["PolicyDocument"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        # IAM keeps at most five versions of a policy.
        _delete_old_versions(iam, arn)
        return Made(arn, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        iam = services.client("iam")
        try:
            _delete_old_versions(iam, current.physical_id)
            iam.delete_policy(PolicyArn=current.physical_id)
        except iam.exceptions.NoSuchEntityException:
            return


def _delete_old_versions(iam: Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
