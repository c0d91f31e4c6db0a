"""Route tables, their routes, and NAT gateways with their addresses."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.ec2_tags import ignore_missing, retag, tag_specifications
from local.services.cloudformation.shapes import STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord

_NAT_CHANGES_WITHIN_SECONDS = 30
_POLL_SECONDS = 0.1


class RouteTable(ResourceType):
    """AWS::EC2::RouteTable."""

    type_name = "AWS::EC2::RouteTable"
    attributes = frozenset({"RouteTableId"})
    replaced_by = frozenset({"VpcId"})
    shape: ClassVar[Structure] = structure("VpcId", VpcId=STRING, Tags=TAGS)

    def create(self, order: Order) -> Made:
        table_id = order.services.client("ec2").create_route_table(
            VpcId=order.properties["VpcId"], TagSpecifications=tag_specifications(order, "route-table")
        )["RouteTable"]["RouteTableId"]
        return Made(table_id, {"RouteTableId": table_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidRouteTableID.NotFound"]
        ignore_missing(services, "delete_route_table", missing, RouteTableId=current.physical_id)


class Route(ResourceType):
    """AWS::EC2::Route to an internet gateway or a NAT gateway."""

    type_name = "AWS::EC2::Route"
    attributes = frozenset({"CidrBlock"})
    replaced_by = frozenset({"RouteTableId", "DestinationCidrBlock"})
    shape: ClassVar[Structure] = structure(
        "RouteTableId", RouteTableId=STRING, DestinationCidrBlock=STRING, GatewayId=STRING, NatGatewayId=STRING
    )

    def create(self, order: Order) -> Made:
        order.services.client("ec2").create_route(**order.properties)
        table, destination = order.properties["RouteTableId"], order.properties.get("DestinationCidrBlock", "")
        return Made(f"{table}|{destination}", {"CidrBlock": destination})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        order.services.client("ec2").replace_route(**order.properties)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        ignore_missing(
            services,
            "delete_route",
            ["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"],
            RouteTableId=current.properties["RouteTableId"],
            DestinationCidrBlock=current.properties["DestinationCidrBlock"],
        )


class SubnetRouteTableAssociation(ResourceType):
    """AWS::EC2::SubnetRouteTableAssociation."""

    type_name = "AWS::EC2::SubnetRouteTableAssociation"
    attributes = frozenset({"Id"})
    replaced_by = frozenset({"RouteTableId", "SubnetId"})
    shape: ClassVar[Structure] = structure("RouteTableId SubnetId", RouteTableId=STRING, SubnetId=STRING)

    def create(self, order: Order) -> Made:
        association_id = order.services.client("ec2").associate_route_table(**order.properties)["AssociationId"]
        return Made(association_id, {"Id": association_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidAssociationID.NotFound"]
        ignore_missing(services, "disassociate_route_table", missing, AssociationId=current.physical_id)


class ElasticIp(ResourceType):
    """AWS::EC2::EIP in a VPC."""

    type_name = "AWS::EC2::EIP"
    attributes = frozenset({"AllocationId", "PublicIp"})
    shape: ClassVar[Structure] = structure(Domain=STRING, Tags=TAGS)

    def create(self, order: Order) -> Made:
        found = order.services.client("ec2").allocate_address(
            Domain=order.properties.get("Domain", "vpc"), TagSpecifications=tag_specifications(order, "elastic-ip")
        )
        attributes = {"AllocationId": found["AllocationId"], "PublicIp": found["PublicIp"]}
        return Made(found["PublicIp"], attributes)

    def update(self, order: Order, current: ResourceRecord) -> Made:
        if order.properties.get("Domain", "vpc") != current.properties.get("Domain", "vpc"):
            raise ResourceError("The domain of an address cannot be changed: give the new address another logical id.")
        retag(order, current, current.attributes["AllocationId"])
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidAllocationID.NotFound"]
        ignore_missing(services, "release_address", missing, AllocationId=current.attributes["AllocationId"])


class NatGateway(ResourceType):
    """AWS::EC2::NatGateway with a public address."""

    type_name = "AWS::EC2::NatGateway"
    attributes = frozenset({"NatGatewayId"})
    replaced_by = frozenset({"AllocationId", "ConnectivityType", "SubnetId"})
    shape: ClassVar[Structure] = structure(AllocationId=STRING, ConnectivityType=STRING, SubnetId=STRING, Tags=TAGS)

    def create(self, order: Order) -> Made:
        ec2, properties = order.services.client("ec2"), order.properties
        gateway_id = ec2.create_nat_gateway(
            AllocationId=properties.get("AllocationId", ""),
            SubnetId=properties.get("SubnetId", ""),
            ConnectivityType=properties.get("ConnectivityType", "public"),
            TagSpecifications=tag_specifications(order, "natgateway"),
        )["NatGateway"]["NatGatewayId"]
        _wait_for(ec2, gateway_id, "available")
        return Made(gateway_id, {"NatGatewayId": gateway_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["NatGatewayNotFound"]
        ignore_missing(services, "delete_nat_gateway", missing, NatGatewayId=current.physical_id)
        # Its address cannot be released before the gateway is gone.
        _wait_for(services.client("ec2"), current.physical_id, "deleted")


def _wait_for(ec2: Any, gateway_id: str, state: str) -> None:
    """Poll until a NAT gateway has a state; one that EC2 does not show any more counts as deleted."""
    deadline = time.monotonic() + _NAT_CHANGES_WITHIN_SECONDS
    while True:
        found = ec2.describe_nat_gateways(Filter=[{"Name": "nat-gateway-id", "Values": [gateway_id]}])["NatGateways"]
        now = found[0]["State"] if found else "deleted"
        if now == state:
            return
        if time.monotonic() > deadline:
            raise ResourceError(f"NAT gateway {gateway_id} is {now} after {_NAT_CHANGES_WITHIN_SECONDS} s")
        time.sleep(_POLL_SECONDS)
