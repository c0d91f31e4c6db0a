"""Readers of EC2's types."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import LocalAws
from tests.mwaa.readback.comparison import Reader, Resource


def _tags(found: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": found.get("Tags", [])}


def _vpc(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    ec2, vpc_id = aws.client("ec2"), resource.physical_id
    (vpc,) = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    dns = {
        name: ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name[0].lower() + name[1:])[name]["Value"]
        for name in ("EnableDnsSupport", "EnableDnsHostnames")
    }
    return vpc | dns


def _subnet(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (subnet,) = aws.client("ec2").describe_subnets(SubnetIds=[resource.physical_id])["Subnets"]
    return dict(subnet)


def _internet_gateway(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_internet_gateways(InternetGatewayIds=[resource.physical_id])[
        "InternetGateways"
    ]
    return _tags(found)


def _gateway_attachment(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    vpc_id = resource.physical_id.removeprefix("IGW|")
    filters = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    (found,) = aws.client("ec2").describe_internet_gateways(Filters=filters)["InternetGateways"]
    return {"VpcId": found["Attachments"][0]["VpcId"], "InternetGatewayId": found["InternetGatewayId"]}


def _table(aws: LocalAws, table_id: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_route_tables(RouteTableIds=[table_id])["RouteTables"]
    return dict(found)


def _route_table(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    return _table(aws, resource.physical_id)


def _route(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    table_id, destination = resource.physical_id.split("|")
    (route,) = [item for item in _table(aws, table_id)["Routes"] if item.get("DestinationCidrBlock") == destination]
    assert route["State"] == "active"
    return {"RouteTableId": table_id, **route}


def _association(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    filters = [{"Name": "association.route-table-association-id", "Values": [resource.physical_id]}]
    (table,) = aws.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    (found,) = [item for item in table["Associations"] if item["RouteTableAssociationId"] == resource.physical_id]
    return dict(found)


def _address(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    allocation = resource.attributes["AllocationId"]
    (found,) = aws.client("ec2").describe_addresses(AllocationIds=[allocation])["Addresses"]
    return dict(found)


def _nat_gateway(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_nat_gateways(NatGatewayIds=[resource.physical_id])["NatGateways"]
    assert found["State"] == "available"
    return {**found, "AllocationId": found["NatGatewayAddresses"][0]["AllocationId"]}


def _rules(permissions: list[dict[str, Any]], group_name: str) -> list[dict[str, Any]]:
    """EC2's permissions as the flat rules of a template."""
    rules = []
    for permission in permissions:
        ports = {name: permission[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in permission}
        for found in permission["IpRanges"]:
            rules.append({**ports, **found})
        for found in permission["UserIdGroupPairs"]:
            rule = {**ports, group_name: found["GroupId"]}
            rules.append(rule | ({"Description": found["Description"]} if "Description" in found else {}))
    return rules


def _group(aws: LocalAws, group_id: str) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return dict(found)


def _security_group(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    found = _group(aws, resource.physical_id)
    said = {
        "GroupName": found["GroupName"],
        "GroupDescription": found["Description"],
        "VpcId": found["VpcId"],
        **_tags(found),
    }
    # Rules of types of their own refer to groups; a group's own ones name addresses.
    for name, permissions, group_name in (
        ("SecurityGroupIngress", found["IpPermissions"], "SourceSecurityGroupId"),
        ("SecurityGroupEgress", found["IpPermissionsEgress"], "DestinationSecurityGroupId"),
    ):
        said[name] = [rule for rule in _rules(permissions, group_name) if group_name not in rule]
    return said


def _one_rule(permissions: str, group_name: str) -> Reader:
    def read(aws: LocalAws, resource: Resource) -> dict[str, Any]:
        group_id = resource.properties["GroupId"]
        rules = _rules(_group(aws, group_id)[permissions], group_name)
        (found,) = [rule for rule in rules if rule.get(group_name) == resource.properties[group_name]]
        return {"GroupId": group_id, **found}

    return read


def _endpoint(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[resource.physical_id])["VpcEndpoints"]
    groups = [item["GroupId"] for item in found["Groups"]]
    return {**found, "SecurityGroupIds": groups, "PolicyDocument": json.loads(found["PolicyDocument"])}


def _flow_log(aws: LocalAws, resource: Resource) -> dict[str, Any]:
    (found,) = aws.client("ec2").describe_flow_logs(FlowLogIds=[resource.physical_id])["FlowLogs"]
    # EC2 shows the kind of resource only in its id.
    return {**found, "ResourceType": "VPC" if found["ResourceId"].startswith("vpc-") else "?"}


NETWORK_READERS: dict[str, Reader] = {
    "AWS::EC2::EIP": _address,
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::InternetGateway": _internet_gateway,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::Route": _route,
    "AWS::EC2::RouteTable": _route_table,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::SecurityGroupEgress": _one_rule("IpPermissionsEgress", "DestinationSecurityGroupId"),
    "AWS::EC2::SecurityGroupIngress": _one_rule("IpPermissions", "SourceSecurityGroupId"),
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::VPCGatewayAttachment": _gateway_attachment,
}
