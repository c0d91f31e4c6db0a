"""SQS queues and their policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, JSON, STRING, STRINGS, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

# What an attribute becomes again when the template does not name it any more (SetQueueAttributes, API reference).
_DEFAULTS = {
    "DelaySeconds": 0,
    "KmsMasterKeyId": "",
    "MaximumMessageSize": 1_048_576,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "RedrivePolicy": "",
    "VisibilityTimeout": 30,
}

# CreateQueue, API reference; seconds, and bytes for the message size.
_RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}


class Queue(ResourceType):
    """AWS::SQS::Queue, a standard one."""

    type_name = "AWS::SQS::Queue"
    name_property = "QueueName"
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})
    replaced_by = frozenset({"QueueName"})
    shape: ClassVar[Structure] = structure(
        QueueName=STRING,
        DelaySeconds=INTEGER,
        KmsDataKeyReusePeriodSeconds=INTEGER,
        KmsMasterKeyId=STRING,
        MaximumMessageSize=INTEGER,
        MessageRetentionPeriod=INTEGER,
        ReceiveMessageWaitTimeSeconds=INTEGER,
        RedrivePolicy=JSON,
        SqsManagedSseEnabled=BOOLEAN,
        VisibilityTimeout=INTEGER,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        sqs, name = order.services.client("sqs"), order.name("QueueName", 80)
        if _exists(sqs, name):
            # CreateQueue with the same attributes answers the existing queue: two stacks must not share it unawares.
            raise ResourceError(f"{name} already exists")
        tags = {tag["Key"]: tag["Value"] for tag in order.properties.get("Tags", [])}
        url = sqs.create_queue(QueueName=name, Attributes=_attributes(order.properties), tags=tags)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        sqs, url = order.services.client("sqs"), current.physical_id
        given = _attributes(order.properties)
        dropped = {
            name: str(default)
            for name, default in _DEFAULTS.items()
            if name in current.properties and name not in given
        }
        if given or dropped:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=given | dropped)
        removed = removed_tag_keys(current.properties, order.properties)
        if removed:
            sqs.untag_queue(QueueUrl=url, TagKeys=removed)
        if order.properties.get("Tags"):
            sqs.tag_queue(QueueUrl=url, Tags={tag["Key"]: tag["Value"] for tag in order.properties["Tags"]})
        return Made(url, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        sqs = services.client("sqs")
        try:
            sqs.delete_queue(QueueUrl=current.physical_id)
        except sqs.exceptions.QueueDoesNotExist:
            return


def _attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    for name, (least, most) in _RANGES.items():
        if not least <= properties.get(name, least) <= most:
            raise ResourceError(f"Invalid value for the parameter {name}: it must be from {least} to {most}.")
    return {
        name: json.dumps(value)
        if isinstance(value, dict)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in properties.items()
        if name not in {"QueueName", "Tags"}
    }


def _exists(sqs: Any, name: str) -> bool:
    try:
        sqs.get_queue_url(QueueName=name)
    except sqs.exceptions.QueueDoesNotExist:
        return False
    return True


class QueuePolicy(ResourceType):
    """AWS::SQS::QueuePolicy."""

    type_name = "AWS::SQS::QueuePolicy"
    attributes = frozenset({"Id"})
    shape: ClassVar[Structure] = structure("PolicyDocument Queues", PolicyDocument=JSON, Queues=STRINGS)

    def create(self, order: Order) -> Made:
        for url in order.properties["Queues"]:
            _set_policy(order.services, url, json.dumps(order.properties["PolicyDocument"]))
        name = order.name("Id")
        return Made(name, {"Id": name})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        for url in set(current.properties["Queues"]) - set(order.properties["Queues"]):
            _set_policy(order.services, url, "")
        for url in order.properties["Queues"]:
            _set_policy(order.services, url, json.dumps(order.properties["PolicyDocument"]))
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        sqs = services.client("sqs")
        for url in current.properties["Queues"]:
            try:
                _set_policy(services, url, "")
            except sqs.exceptions.QueueDoesNotExist:
                continue


def _set_policy(services: Services, url: str, policy: str) -> None:
    services.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
