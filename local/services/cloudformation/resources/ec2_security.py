"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.ec2_tags import ignore_missing, retag, tag_specifications
from local.services.cloudformation.shapes import INTEGER, STRING, TAGS, ListOf, Structure, structure
from local.services.cloudformation.state import ResourceRecord

_PORTS = {"IpProtocol": STRING, "FromPort": INTEGER, "ToPort": INTEGER, "Description": STRING, "CidrIp": STRING}
_INGRESS = structure("IpProtocol", **_PORTS, SourceSecurityGroupId=STRING)
_EGRESS = structure("IpProtocol", **_PORTS, DestinationSecurityGroupId=STRING, DestinationPrefixListId=STRING)
# What EC2 gives every new group, and what CloudFormation takes away when a template lists egress rules.
_EVERYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
_GONE = ("InvalidGroup.NotFound", "InvalidPermission.NotFound")


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of a template in the form of EC2's API."""
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    permission: dict[str, Any] = {
        name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if rule.get(name) is not None
    }
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    if "DestinationPrefixListId" in rule:
        permission["PrefixListIds"] = [{"PrefixListId": rule["DestinationPrefixListId"], **described}]
    return permission


class _Rules:
    """One direction of a group's rules: the calls that add and remove them."""

    def __init__(self, services: Services, group_id: str, direction: str) -> None:
        """:param direction: ``ingress`` or ``egress``."""
        self._services = services
        self._group_id = group_id
        self._direction = direction

    def add(self, rules: Iterable[Mapping[str, Any]]) -> list[str]:
        """:returns: ids of the new rules."""
        permissions = [_permission(rule) for rule in rules]
        if not permissions:
            return []
        call = getattr(self._services.client("ec2"), f"authorize_security_group_{self._direction}")
        made = call(GroupId=self._group_id, IpPermissions=permissions)["SecurityGroupRules"]
        return [rule["SecurityGroupRuleId"] for rule in made]

    def remove(self, rules: Iterable[Mapping[str, Any]]) -> None:
        permissions = [_permission(rule) for rule in rules]
        if permissions:
            call = f"revoke_security_group_{self._direction}"
            ignore_missing(self._services, call, _GONE, GroupId=self._group_id, IpPermissions=permissions)

    def change(self, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
        self.remove(rule for rule in old if rule not in new)
        self.add(rule for rule in new if rule not in old)


class SecurityGroup(ResourceType):
    """AWS::EC2::SecurityGroup of a VPC."""

    type_name = "AWS::EC2::SecurityGroup"
    name_property = "GroupName"
    attributes = frozenset({"GroupId", "Id"})
    replaced_by = frozenset({"GroupDescription", "GroupName", "VpcId"})
    shape: ClassVar[Structure] = structure(
        "GroupDescription",
        GroupName=STRING,
        GroupDescription=STRING,
        VpcId=STRING,
        SecurityGroupIngress=ListOf(_INGRESS),
        SecurityGroupEgress=ListOf(_EGRESS),
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        properties = order.properties
        vpc = {"VpcId": properties["VpcId"]} if "VpcId" in properties else {}
        group_id = order.services.client("ec2").create_security_group(
            GroupName=order.name("GroupName", 255),
            Description=properties["GroupDescription"],
            TagSpecifications=tag_specifications(order, "security-group"),
            **vpc,
        )["GroupId"]
        try:
            _Rules(order.services, group_id, "ingress").add(properties.get("SecurityGroupIngress", []))
            _Rules(order.services, group_id, "egress").change([_EVERYWHERE], _egress(properties))
        except ClientError:
            order.services.client("ec2").delete_security_group(GroupId=group_id)
            raise
        return Made(group_id, {"GroupId": group_id, "Id": group_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        group_id, old, new = current.physical_id, current.properties, order.properties
        _Rules(order.services, group_id, "ingress").change(
            old.get("SecurityGroupIngress", []), new.get("SecurityGroupIngress", [])
        )
        _Rules(order.services, group_id, "egress").change(_egress(old), _egress(new))
        retag(order, current, group_id)
        return Made(group_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        ignore_missing(services, "delete_security_group", _GONE, GroupId=current.physical_id)


def _egress(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = properties.get("SecurityGroupEgress") or [_EVERYWHERE]
    return rules


class SecurityGroupIngress(ResourceType):
    """AWS::EC2::SecurityGroupIngress: a rule beside its group, because it refers to that group itself."""

    type_name = "AWS::EC2::SecurityGroupIngress"
    attributes = frozenset({"Id"})
    replaced_by = frozenset({"CidrIp", "FromPort", "GroupId", "IpProtocol", "SourceSecurityGroupId", "ToPort"})
    shape: ClassVar[Structure] = structure("IpProtocol", **_PORTS, GroupId=STRING, SourceSecurityGroupId=STRING)
    direction: ClassVar[str] = "ingress"

    def create(self, order: Order) -> Made:
        group_id = order.properties.get("GroupId", "")
        (rule_id,) = _Rules(order.services, group_id, self.direction).add([order.properties])
        return Made(rule_id, {"Id": rule_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        # The description is all that changes in place. EC2 finds a rule by everything else.
        self.delete(order.services, current)
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        _Rules(services, current.properties["GroupId"], self.direction).remove([current.properties])


class SecurityGroupEgress(SecurityGroupIngress):
    """AWS::EC2::SecurityGroupEgress."""

    type_name = "AWS::EC2::SecurityGroupEgress"
    replaced_by = frozenset(
        {
            "CidrIp",
            "DestinationPrefixListId",
            "DestinationSecurityGroupId",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "ToPort",
        }
    )
    shape: ClassVar[Structure] = structure(
        "GroupId IpProtocol",
        **_PORTS,
        GroupId=STRING,
        DestinationSecurityGroupId=STRING,
        DestinationPrefixListId=STRING,
    )
    direction: ClassVar[str] = "egress"
