"""Inline policies that one stack adds to a role, which may be another stack's."""

from __future__ import annotations

import json
from typing import ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import JSON, STRING, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class RolePolicy(ResourceType):
    """AWS::IAM::RolePolicy."""

    type_name = "AWS::IAM::RolePolicy"
    replaced_by = frozenset({"PolicyName", "RoleName"})
    shape: ClassVar[Structure] = structure(
        "PolicyName RoleName", PolicyName=STRING, RoleName=STRING, PolicyDocument=JSON
    )

    def create(self, order: Order) -> Made:
        role, policy = order.properties["RoleName"], order.properties["PolicyName"]
        order.services.client("iam").put_role_policy(
            RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(order.properties.get("PolicyDocument", {}))
        )
        # What Ref gives: the parts of the primary identifier, as for every type of AWS's registry that has several.
        return Made(f"{policy}|{role}")

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        iam = services.client("iam")
        try:
            iam.delete_role_policy(RoleName=current.properties["RoleName"], PolicyName=current.properties["PolicyName"])
        except iam.exceptions.NoSuchEntityException:
            return
