"""Secrets with a generated value, or with one that the template gives (no secret then: an address, a role)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

_VALUE_PROPERTIES = ("SecretString", "GenerateSecretString")


class Secret(ResourceType):
    """AWS::SecretsManager::Secret."""

    type_name = "AWS::SecretsManager::Secret"
    name_property = "Name"
    attributes = frozenset({"Id"})
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        Name=STRING,
        Description=STRING,
        KmsKeyId=STRING,
        GenerateSecretString=structure(
            SecretStringTemplate=STRING,
            GenerateStringKey=STRING,
            PasswordLength=INTEGER,
            ExcludeCharacters=STRING,
            ExcludeLowercase=BOOLEAN,
            ExcludeNumbers=BOOLEAN,
            ExcludePunctuation=BOOLEAN,
            ExcludeUppercase=BOOLEAN,
            IncludeSpace=BOOLEAN,
            RequireEachIncludedType=BOOLEAN,
        ),
        SecretString=STRING,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        client = order.services.client("secretsmanager")
        arn = client.create_secret(
            Name=order.name("Name"),
            Description=order.properties.get("Description", ""),
            SecretString=_value(client, order.properties),
            Tags=order.properties.get("Tags", []),
            **_key(order.properties),
        )["ARN"]
        return Made(arn, {"Id": arn})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        client, arn = order.services.client("secretsmanager"), current.physical_id
        client.update_secret(
            SecretId=arn, Description=order.properties.get("Description", ""), **_key(order.properties)
        )
        # As on AWS: another rule makes another value, the same rule keeps it.
        if any(order.properties.get(name) != current.properties.get(name) for name in _VALUE_PROPERTIES):
            client.put_secret_value(SecretId=arn, SecretString=_value(client, order.properties))
        removed = removed_tag_keys(current.properties, order.properties)
        if removed:
            client.untag_resource(SecretId=arn, TagKeys=removed)
        if order.properties.get("Tags"):
            client.tag_resource(SecretId=arn, Tags=order.properties["Tags"])
        return Made(arn, {"Id": arn})

    def delete(self, services: Services, current: ResourceRecord) -> None:
        client = services.client("secretsmanager")
        try:
            client.delete_secret(SecretId=current.physical_id, ForceDeleteWithoutRecovery=True)
        except client.exceptions.ResourceNotFoundException:
            return


def _key(properties: Mapping[str, Any]) -> dict[str, str]:
    # Without a key of its own a secret is under AWS's, which is how UpdateSecret is told to go back.
    return {"KmsKeyId": properties.get("KmsKeyId", "alias/aws/secretsmanager")}


def _value(client: Any, properties: Mapping[str, Any]) -> str:
    """:raises ResourceError: the template gives a value and a rule to generate one, which AWS refuses."""
    given = properties.get("SecretString")
    if given is None:
        return _generated(client, properties)
    if "GenerateSecretString" in properties:
        raise ResourceError("You can't specify both SecretString and GenerateSecretString")
    return str(given)


def _generated(client: Any, properties: Mapping[str, Any]) -> str:
    rule = dict(properties.get("GenerateSecretString", {}))
    template, key = rule.pop("SecretStringTemplate", None), rule.pop("GenerateStringKey", None)
    password: str = client.get_random_password(**rule)["RandomPassword"]
    return json.dumps(json.loads(template) | {key: password}) if template and key else password
