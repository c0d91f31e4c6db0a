"""KMS keys and aliases."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, JSON, STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

# CloudFormation's own default (resource reference, PendingWindowInDays).
_PENDING_DAYS = 30


class Key(ResourceType):
    """AWS::KMS::Key: a symmetric key in one region."""

    type_name = "AWS::KMS::Key"
    attributes = frozenset({"Arn", "KeyId"})
    shape: ClassVar[Structure] = structure(
        Description=STRING,
        Enabled=BOOLEAN,
        EnableKeyRotation=BOOLEAN,
        KeyPolicy=JSON,
        PendingWindowInDays=INTEGER,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        kms, properties = order.services.client("kms"), order.properties
        policy = {"Policy": json.dumps(properties["KeyPolicy"])} if "KeyPolicy" in properties else {}
        key = kms.create_key(
            Description=properties.get("Description", ""), Tags=_lower_tags(properties.get("Tags", [])), **policy
        )["KeyMetadata"]
        _apply_state(kms, key["KeyId"], order)
        return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        kms, properties, key_id = order.services.client("kms"), order.properties, current.physical_id
        kms.update_key_description(KeyId=key_id, Description=properties.get("Description", ""))
        if "KeyPolicy" in properties:
            kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(properties["KeyPolicy"]))
        _apply_state(kms, key_id, order)
        old, new = current.properties.get("Tags", []), properties.get("Tags", [])
        removed = sorted({tag["Key"] for tag in old} - {tag["Key"] for tag in new})
        if removed:
            kms.untag_resource(KeyId=key_id, TagKeys=removed)
        if new:
            kms.tag_resource(KeyId=key_id, Tags=_lower_tags(new))
        return Made(key_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        kms = services.client("kms")
        days = current.properties.get("PendingWindowInDays", _PENDING_DAYS)
        try:
            # A key is never deleted at once: data that it encrypted would be lost with it.
            kms.schedule_key_deletion(KeyId=current.physical_id, PendingWindowInDays=days)
        except kms.exceptions.NotFoundException:
            return


def _apply_state(kms: Any, key_id: str, order: Order) -> None:
    call = kms.enable_key_rotation if order.properties.get("EnableKeyRotation") else kms.disable_key_rotation
    call(KeyId=key_id)
    call = kms.enable_key if order.properties.get("Enabled", True) else kms.disable_key
    call(KeyId=key_id)


def _lower_tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]


class Alias(ResourceType):
    """AWS::KMS::Alias."""

    type_name = "AWS::KMS::Alias"
    name_property = "AliasName"
    replaced_by = frozenset({"AliasName"})
    shape: ClassVar[Structure] = structure("AliasName TargetKeyId", AliasName=STRING, TargetKeyId=STRING)

    def create(self, order: Order) -> Made:
        order.services.client("kms").create_alias(**order.properties)
        return Made(order.properties["AliasName"])

    def update(self, order: Order, current: ResourceRecord) -> Made:
        order.services.client("kms").update_alias(**order.properties)
        return Made(current.physical_id)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        kms = services.client("kms")
        try:
            kms.delete_alias(AliasName=current.physical_id)
        except kms.exceptions.NotFoundException:
            return
