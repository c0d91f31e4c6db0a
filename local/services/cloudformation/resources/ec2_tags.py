"""Tags of EC2's resources, which all are tagged by the same two calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.services.cloudformation.resource_type import Order, Services
from local.services.cloudformation.resources.tags import removed_tag_keys
from local.services.cloudformation.state import ResourceRecord


def tag_specifications(order: Order, resource_type: str) -> list[dict[str, Any]]:
    """The argument `TagSpecifications` of a create call; empty when the template names no tags.

    :param order: what the template wants.
    :param resource_type: EC2's name of the kind, such as ``subnet``.
    """
    tags = order.properties.get("Tags")
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else []


def retag(order: Order, current: ResourceRecord, resource_id: str) -> None:
    """Bring the tags of a resource to what the template says.

    :param current: the resource as applied.
    :param resource_id: EC2's id of the resource.
    """
    ec2 = order.services.client("ec2")
    removed = removed_tag_keys(current.properties, order.properties)
    if removed:
        ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in removed])
    if order.properties.get("Tags"):
        ec2.create_tags(Resources=[resource_id], Tags=order.properties["Tags"])


def ignore_missing(services: Services, call: str, codes: Sequence[str], **arguments: Any) -> None:
    """Call EC2 to remove something; that it is gone already is no error.

    :param call: method of the EC2 client.
    :param codes: error codes that say that it is gone.
    """
    ec2 = services.client("ec2")
    try:
        getattr(ec2, call)(**arguments)
    except ec2.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
