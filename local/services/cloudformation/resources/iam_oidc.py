"""Identity providers whose tokens roles may trust."""

from __future__ import annotations

from typing import ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.shapes import STRING, STRINGS, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class OIDCProvider(ResourceType):
    """AWS::IAM::OIDCProvider. An account has one for each address, so a second one is refused."""

    type_name = "AWS::IAM::OIDCProvider"
    attributes = frozenset({"Arn"})
    replaced_by = frozenset({"Url"})
    shape: ClassVar[Structure] = structure(Url=STRING, ClientIdList=STRINGS, ThumbprintList=STRINGS, Tags=TAGS)

    def create(self, order: Order) -> Made:
        properties = order.properties
        if "Url" not in properties:
            raise ResourceError("The parameter Url is required.")
        arn = order.services.client("iam").create_open_id_connect_provider(
            Url=properties["Url"],
            ClientIDList=properties.get("ClientIdList", []),
            ThumbprintList=properties.get("ThumbprintList", []),
            Tags=properties.get("Tags", []),
        )["OpenIDConnectProviderArn"]
        return Made(arn, {"Arn": arn})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        iam, arn = order.services.client("iam"), current.physical_id
        wanted, present = (set(item.get("ClientIdList", [])) for item in (order.properties, current.properties))
        for client_id in sorted(wanted - present):
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)
        for client_id in sorted(present - wanted):
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)
        thumbprints = order.properties.get("ThumbprintList", [])
        if thumbprints != current.properties.get("ThumbprintList", []):
            iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=thumbprints)
        removed = removed_tag_keys(current.properties, order.properties)
        if removed:
            iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=removed)
        if order.properties.get("Tags"):
            iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=order.properties["Tags"])
        return Made(arn, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        iam = services.client("iam")
        try:
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=current.physical_id)
        except iam.exceptions.NoSuchEntityException:
            return
