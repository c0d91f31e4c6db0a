"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import JSON, STRING, STRINGS, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

# An empty text is how SNS is told "none".
_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId")


class Topic(ResourceType):
    """AWS::SNS::Topic."""

    type_name = "AWS::SNS::Topic"
    name_property = "TopicName"
    attributes = frozenset({"TopicArn", "TopicName"})
    replaced_by = frozenset({"TopicName"})
    shape: ClassVar[Structure] = structure(TopicName=STRING, DisplayName=STRING, KmsMasterKeyId=STRING, Tags=TAGS)

    def create(self, order: Order) -> Made:
        name = order.name("TopicName")
        arn = order.services.client("sns").create_topic(
            Name=name,
            Attributes={name: order.properties.get(name, "") for name in _ATTRIBUTES},
            Tags=order.properties.get("Tags", []),
        )["TopicArn"]
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        client, arn = order.services.client("sns"), current.physical_id
        for name in _ATTRIBUTES:
            client.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=order.properties.get(name, ""))
        removed = removed_tag_keys(current.properties, order.properties)
        if removed:
            client.untag_resource(ResourceArn=arn, TagKeys=removed)
        if order.properties.get("Tags"):
            client.tag_resource(ResourceArn=arn, Tags=order.properties["Tags"])
        return Made(arn, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        # DeleteTopic of a missing topic succeeds on AWS.
        services.client("sns").delete_topic(TopicArn=current.physical_id)


class TopicPolicy(ResourceType):
    """AWS::SNS::TopicPolicy."""

    type_name = "AWS::SNS::TopicPolicy"
    attributes = frozenset({"Id"})
    shape: ClassVar[Structure] = structure("PolicyDocument Topics", PolicyDocument=JSON, Topics=STRINGS)

    def create(self, order: Order) -> Made:
        for arn in order.properties["Topics"]:
            _set_policy(order.services, arn, order.properties["PolicyDocument"])
        name = order.name("Id")
        return Made(name, {"Id": name})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        for arn in set(current.properties.get("Topics", ())) - set(order.properties["Topics"]):
            _set_policy(order.services, arn, _owner_only(order.services, arn))
        for arn in order.properties["Topics"]:
            _set_policy(order.services, arn, order.properties["PolicyDocument"])
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        client = services.client("sns")
        for arn in current.properties["Topics"]:
            try:
                _set_policy(services, arn, _owner_only(services, arn))
            except client.exceptions.NotFoundException:
                continue


def _set_policy(services: Services, arn: str, document: Any) -> None:
    services.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(document)
    )


def _owner_only(services: Services, arn: str) -> dict[str, Any]:
    """The policy every new topic has: only its own account may use it."""
    about_topic = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"]
    actions = [*about_topic, "Subscribe", "ListSubscriptionsByTopic", "Publish"]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": services.account_id}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


class Subscription(ResourceType):
    """AWS::SNS::Subscription."""

    type_name = "AWS::SNS::Subscription"
    replaced_by = frozenset({"Endpoint", "Protocol", "TopicArn"})
    shape: ClassVar[Structure] = structure("Protocol TopicArn", Protocol=STRING, TopicArn=STRING, Endpoint=STRING)

    def create(self, order: Order) -> Made:
        wanted = order.properties
        arn = order.services.client("sns").subscribe(**wanted, ReturnSubscriptionArn=True)["SubscriptionArn"]
        return Made(arn)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return Made(current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        client = services.client("sns")
        try:
            client.unsubscribe(SubscriptionArn=current.physical_id)
        except client.exceptions.NotFoundException:
            return
