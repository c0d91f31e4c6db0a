"""Log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import INTEGER, STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

# PutRetentionPolicy, API reference.
_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)


class LogGroup(ResourceType):
    """AWS::Logs::LogGroup."""

    type_name = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"LogGroupName"})
    shape: ClassVar[Structure] = structure(LogGroupName=STRING, RetentionInDays=INTEGER, KmsKeyId=STRING, Tags=TAGS)

    def create(self, order: Order) -> Made:
        logs, name = order.services.client("logs"), order.name("LogGroupName", 512)
        _check_retention(order.properties)
        key = {"kmsKeyId": order.properties["KmsKeyId"]} if "KmsKeyId" in order.properties else {}
        logs.create_log_group(logGroupName=name, tags=_tags(order.properties), **key)
        _apply_retention(logs, name, order.properties)
        # The ARN that CloudFormation gives ends in ":*", the form that policies need.
        arn = f"arn:aws:logs:{order.services.region}:{order.services.account_id}:log-group:{name}:*"
        return Made(name, {"Arn": arn})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        logs, name = order.services.client("logs"), current.physical_id
        _check_retention(order.properties)
        if order.properties.get("KmsKeyId") != current.properties.get("KmsKeyId"):
            raise ResourceError(f"The local AWS cannot change the key of log group {name} (logs:AssociateKmsKey).")
        _apply_retention(logs, name, order.properties)
        arn, old, new = current.attributes["Arn"].removesuffix(":*"), _tags(current.properties), _tags(order.properties)
        if old.keys() - new.keys():
            logs.untag_resource(resourceArn=arn, tagKeys=sorted(old.keys() - new.keys()))
        if new:
            logs.tag_resource(resourceArn=arn, tags=new)
        return Made(name, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        logs = services.client("logs")
        try:
            logs.delete_log_group(logGroupName=current.physical_id)
        except logs.exceptions.ResourceNotFoundException:
            return


def _check_retention(properties: Mapping[str, Any]) -> None:
    days = properties.get("RetentionInDays")
    if days is not None and days not in _DAYS:
        raise ResourceError(f"RetentionInDays {days} is not one of {sorted(_DAYS)}")


def _apply_retention(logs: Any, name: str, properties: Mapping[str, Any]) -> None:
    if "RetentionInDays" in properties:
        logs.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
    else:
        logs.delete_retention_policy(logGroupName=name)


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
