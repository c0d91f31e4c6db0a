"""VPCs, subnets and internet gateways."""

from __future__ import annotations

from typing import Any, ClassVar

from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.ec2_tags import ignore_missing, retag, tag_specifications
from local.services.cloudformation.shapes import BOOLEAN, STRING, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class Vpc(ResourceType):
    """AWS::EC2::VPC."""

    type_name = "AWS::EC2::VPC"
    attributes = frozenset({"VpcId", "DefaultSecurityGroup"})
    replaced_by = frozenset({"CidrBlock"})
    shape: ClassVar[Structure] = structure(
        CidrBlock=STRING, EnableDnsHostnames=BOOLEAN, EnableDnsSupport=BOOLEAN, InstanceTenancy=STRING, Tags=TAGS
    )

    def create(self, order: Order) -> Made:
        ec2, properties = order.services.client("ec2"), order.properties
        vpc_id = ec2.create_vpc(
            CidrBlock=properties.get("CidrBlock", ""),
            InstanceTenancy=properties.get("InstanceTenancy", "default"),
            TagSpecifications=tag_specifications(order, "vpc"),
        )["Vpc"]["VpcId"]
        _apply_dns(ec2, vpc_id, order)
        found = ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"]
        return Made(vpc_id, {"VpcId": vpc_id, "DefaultSecurityGroup": found[0]["GroupId"]})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        _apply_dns(order.services.client("ec2"), current.physical_id, order)
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        ignore_missing(services, "delete_vpc", ["InvalidVpcID.NotFound"], VpcId=current.physical_id)


def _apply_dns(ec2: Any, vpc_id: str, order: Order) -> None:
    # One attribute a call; AWS's defaults: support on, host names off.
    support, host_names = (order.properties.get(f"EnableDns{name}") for name in ("Support", "Hostnames"))
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True if support is None else support})
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": bool(host_names)})


class Subnet(ResourceType):
    """AWS::EC2::Subnet."""

    type_name = "AWS::EC2::Subnet"
    attributes = frozenset({"SubnetId"})
    replaced_by = frozenset({"VpcId", "CidrBlock", "AvailabilityZone"})
    shape: ClassVar[Structure] = structure(
        "VpcId", VpcId=STRING, CidrBlock=STRING, AvailabilityZone=STRING, MapPublicIpOnLaunch=BOOLEAN, Tags=TAGS
    )

    def create(self, order: Order) -> Made:
        ec2, properties = order.services.client("ec2"), order.properties
        optional = {name: properties[name] for name in ("CidrBlock", "AvailabilityZone") if name in properties}
        subnet_id = ec2.create_subnet(
            VpcId=properties["VpcId"], TagSpecifications=tag_specifications(order, "subnet"), **optional
        )["Subnet"]["SubnetId"]
        _apply_public_ip(ec2, subnet_id, order)
        return Made(subnet_id, {"SubnetId": subnet_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        _apply_public_ip(order.services.client("ec2"), current.physical_id, order)
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        ignore_missing(services, "delete_subnet", ["InvalidSubnetID.NotFound"], SubnetId=current.physical_id)


def _apply_public_ip(ec2: Any, subnet_id: str, order: Order) -> None:
    wanted = order.properties.get("MapPublicIpOnLaunch", False)
    ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": wanted})


class InternetGateway(ResourceType):
    """AWS::EC2::InternetGateway."""

    type_name = "AWS::EC2::InternetGateway"
    attributes = frozenset({"InternetGatewayId"})
    shape: ClassVar[Structure] = structure(Tags=TAGS)

    def create(self, order: Order) -> Made:
        gateway_id = order.services.client("ec2").create_internet_gateway(
            TagSpecifications=tag_specifications(order, "internet-gateway")
        )["InternetGateway"]["InternetGatewayId"]
        return Made(gateway_id, {"InternetGatewayId": gateway_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidInternetGatewayID.NotFound"]
        ignore_missing(services, "delete_internet_gateway", missing, InternetGatewayId=current.physical_id)


class VpcGatewayAttachment(ResourceType):
    """AWS::EC2::VPCGatewayAttachment of an internet gateway."""

    type_name = "AWS::EC2::VPCGatewayAttachment"
    replaced_by = frozenset({"VpcId"})
    shape: ClassVar[Structure] = structure("VpcId", VpcId=STRING, InternetGatewayId=STRING)

    def create(self, order: Order) -> Made:
        vpc_id = order.properties["VpcId"]
        order.services.client("ec2").attach_internet_gateway(
            VpcId=vpc_id, InternetGatewayId=order.properties.get("InternetGatewayId", "")
        )
        # What Ref gives on AWS: the parts of the primary identifier.
        return Made(f"IGW|{vpc_id}")

    def update(self, order: Order, current: ResourceRecord) -> Made:
        # A VPC has one internet gateway at most: the old one must go first.
        self.delete(order.services, current)
        return self.create(order)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        properties = current.properties
        ignore_missing(
            services,
            "detach_internet_gateway",
            ["Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"],
            VpcId=properties["VpcId"],
            InternetGatewayId=properties["InternetGatewayId"],
        )
