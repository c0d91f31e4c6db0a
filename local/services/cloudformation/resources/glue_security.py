"""Glue security configurations: with which key jobs and crawlers encrypt what they write."""

from __future__ import annotations

from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import STRING, ListOf, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class SecurityConfiguration(ResourceType):
    """AWS::Glue::SecurityConfiguration. Glue has no call that changes one: an update makes it again."""

    type_name = "AWS::Glue::SecurityConfiguration"
    name_property = "Name"
    replaced_by = frozenset({"Name"})
    shape: ClassVar[Structure] = structure(
        "EncryptionConfiguration Name",
        Name=STRING,
        EncryptionConfiguration=structure(
            CloudWatchEncryption=structure(CloudWatchEncryptionMode=STRING, KmsKeyArn=STRING),
            JobBookmarksEncryption=structure(JobBookmarksEncryptionMode=STRING, KmsKeyArn=STRING),
            S3Encryptions=ListOf(structure(S3EncryptionMode=STRING, KmsKeyArn=STRING)),
        ),
    )

    def create(self, order: Order) -> Made:
        wanted = order.properties["EncryptionConfiguration"]
        renamed: dict[str, Any] = {key: value for key, value in wanted.items() if key != "S3Encryptions"}
        if "S3Encryptions" in wanted:
            renamed["S3Encryption"] = wanted["S3Encryptions"]
        name = order.properties["Name"]
        order.services.client("glue").create_security_configuration(Name=name, EncryptionConfiguration=renamed)
        return Made(name)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        self.delete(order.services, current)
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        glue = services.client("glue")
        try:
            glue.delete_security_configuration(Name=current.physical_id)
        except glue.exceptions.EntityNotFoundException:
            return
