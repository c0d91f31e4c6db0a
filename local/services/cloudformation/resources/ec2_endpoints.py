"""VPC endpoints and flow logs."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.ec2_tags import ignore_missing, retag, tag_specifications
from local.services.cloudformation.shapes import BOOLEAN, INTEGER, JSON, STRING, STRINGS, TAGS, Structure, structure
from local.services.cloudformation.state import ResourceRecord


class VpcEndpoint(ResourceType):
    """AWS::EC2::VPCEndpoint: S3's gateway or a service's interface."""

    type_name = "AWS::EC2::VPCEndpoint"
    attributes = frozenset({"Id"})
    replaced_by = frozenset({"ServiceName", "VpcEndpointType", "VpcId"})
    shape: ClassVar[Structure] = structure(
        "VpcId",
        VpcId=STRING,
        ServiceName=STRING,
        VpcEndpointType=STRING,
        PolicyDocument=JSON,
        PrivateDnsEnabled=BOOLEAN,
        RouteTableIds=STRINGS,
        SubnetIds=STRINGS,
        SecurityGroupIds=STRINGS,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        properties = order.properties
        arguments = {key: value for key, value in properties.items() if key not in {"PolicyDocument", "Tags"}}
        if "PolicyDocument" in properties:
            arguments["PolicyDocument"] = json.dumps(properties["PolicyDocument"])
        endpoint_id = order.services.client("ec2").create_vpc_endpoint(
            **arguments, TagSpecifications=tag_specifications(order, "vpc-endpoint")
        )["VpcEndpoint"]["VpcEndpointId"]
        return Made(endpoint_id, {"Id": endpoint_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        old, new, endpoint_id = current.properties, order.properties, current.physical_id
        changes: dict[str, Any] = {}
        for name in ("RouteTableIds", "SubnetIds", "SecurityGroupIds"):
            before, after = set(old.get(name, ())), set(new.get(name, ()))
            changes[f"Add{name}"] = sorted(after - before)
            changes[f"Remove{name}"] = sorted(before - after)
        changes = {name: ids for name, ids in changes.items() if ids}
        # ModifyVpcEndpoint of moto takes neither private names nor the end of a policy, and says nothing.
        if old.get("PrivateDnsEnabled") != new.get("PrivateDnsEnabled"):
            raise ResourceError(f"The local AWS cannot change PrivateDnsEnabled of endpoint {endpoint_id}.")
        if old.get("PolicyDocument") != new.get("PolicyDocument"):
            if "PolicyDocument" not in new:
                raise ResourceError(f"The local AWS cannot change endpoint {endpoint_id} back to the default policy.")
            changes["PolicyDocument"] = json.dumps(new["PolicyDocument"])
        if changes:
            order.services.client("ec2").modify_vpc_endpoint(VpcEndpointId=endpoint_id, **changes)
        retag(order, current, endpoint_id)
        return Made(endpoint_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidVpcEndpointId.NotFound"]
        ignore_missing(services, "delete_vpc_endpoints", missing, VpcEndpointIds=[current.physical_id])


class FlowLog(ResourceType):
    """AWS::EC2::FlowLog."""

    type_name = "AWS::EC2::FlowLog"
    attributes = frozenset({"Id"})
    shape: ClassVar[Structure] = structure(
        "ResourceId ResourceType",
        ResourceId=STRING,
        ResourceType=STRING,
        TrafficType=STRING,
        LogDestinationType=STRING,
        LogDestination=STRING,
        LogGroupName=STRING,
        DeliverLogsPermissionArn=STRING,
        MaxAggregationInterval=INTEGER,
        Tags=TAGS,
    )
    # Everything but the tags.
    replaced_by = frozenset(shape.fields) - {"Tags"}

    def create(self, order: Order) -> Made:
        arguments = {key: value for key, value in order.properties.items() if key not in {"ResourceId", "Tags"}}
        answer = order.services.client("ec2").create_flow_logs(
            ResourceIds=[order.properties["ResourceId"]],
            TagSpecifications=tag_specifications(order, "vpc-flow-log"),
            **arguments,
        )
        # EC2 answers 200 and names the failure inside.
        for failure in answer.get("Unsuccessful", ()):
            raise ResourceError(f"{failure['ResourceId']}: {failure['Error']['Message']}")
        (flow_log_id,) = answer["FlowLogIds"]
        return Made(flow_log_id, {"Id": flow_log_id})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        retag(order, current, current.physical_id)
        return Made(current.physical_id, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        missing = ["InvalidFlowLogId.NotFound"]
        ignore_missing(services, "delete_flow_logs", missing, FlowLogIds=[current.physical_id])
