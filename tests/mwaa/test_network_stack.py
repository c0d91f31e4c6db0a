"""network.yaml through its life: NAT, a NAT per zone, endpoints only, refused, deleted; read back each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import stack
from tests.conftest import LocalAws
from tests.mwaa.readback import stack_differences
from tests.mwaa.readback.comparison import resources_of

TEMPLATE = stack.TEMPLATE.with_name("network.yaml")


class Network:
    """The stack on the tests' local AWS."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.ec2 = aws.client("ec2")
        self.name = aws.name("network")
        self.outputs: dict[str, str] = {}

    def deploy(self, **parameters: str) -> None:
        base = {"Prefix": self.aws.settings.prefix, "Env": self.aws.settings.env}
        self.outputs = stack.deploy_template(self.aws.settings, TEMPLATE, base | parameters)

    def in_vpc(self, operation: str, key: str) -> list[dict[str, Any]]:
        """What EC2 lists of the VPC."""
        filters = [{"Name": "vpc-id", "Values": [self.outputs["VpcId"]]}]
        argument = {"Filter": filters} if operation == "describe_nat_gateways" else {"Filters": filters}
        found: list[dict[str, Any]] = getattr(self.ec2, operation)(**argument)[key]
        return found

    def nat_gateways(self) -> list[dict[str, Any]]:
        return [item for item in self.in_vpc("describe_nat_gateways", "NatGateways") if item["State"] == "available"]

    def endpoints(self) -> set[str]:
        found = [item for item in self.in_vpc("describe_vpc_endpoints", "VpcEndpoints") if item["State"] == "available"]
        return {item["ServiceName"].removeprefix("com.amazonaws.us-east-1.") for item in found}

    def number_of_events(self) -> int:
        return len(self.aws.client("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"])


@pytest.fixture(scope="module")
def network(local_aws: LocalAws) -> Iterator[Network]:
    found = Network(local_aws)
    found.deploy()
    yield found
    stack.delete_template(local_aws.settings, TEMPLATE)


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("VpcCidr", "10.0.0.0/24", "Parameter VpcCidr failed to satisfy constraint: an IPv4 block"),
        ("NatGateway", "yes", "'NatGateway' must be one of AllowedValues"),
        ("FlowLogRetentionDays", "31", "'FlowLogRetentionDays' must be one of AllowedValues"),
    ],
)
def test_wrong_parameter_is_refused(network: Network, parameter: str, value: str, message: str) -> None:
    before = network.number_of_events()
    with pytest.raises(stack.StackFailed, match=message):
        network.deploy(**{parameter: value})
    assert network.number_of_events() == before


def test_a_failing_change_is_put_back(network: Network) -> None:
    """The address block passes the pattern, EC2 refuses it: whatever was changed by then is as before."""
    before = network.outputs
    with pytest.raises(stack.StackFailed, match=r"'999\.0\.0\.0/20' does not appear to be an IPv4"):
        network.deploy(VpcCidr="999.0.0.0/20")
    network.deploy()
    assert network.outputs == before
    assert stack_differences(network.aws, network.name) == []


def test_every_property_is_read_back(network: Network) -> None:
    assert stack_differences(network.aws, network.name) == []


def test_deploying_again_changes_nothing(network: Network) -> None:
    before = network.number_of_events()
    network.deploy()
    assert network.number_of_events() == before


def test_mwaa_has_two_subnets_in_two_zones_and_redshift_three_in_three(network: Network) -> None:
    subnets = {item["SubnetId"]: item for item in network.in_vpc("describe_subnets", "Subnets")}
    mwaa = network.outputs["PrivateSubnetIds"].split(",")
    redshift = network.outputs["RedshiftSubnetIds"].split(",")
    assert (len(mwaa), len({subnets[item]["AvailabilityZone"] for item in mwaa})) == (2, 2)
    assert (len(redshift), len({subnets[item]["AvailabilityZone"] for item in redshift})) == (3, 3)
    assert not any(item["MapPublicIpOnLaunch"] for item in subnets.values())


def default_routes(network: Network) -> dict[str, dict[str, Any]]:
    """Subnet -> its route to everywhere."""
    found = {}
    for table in network.in_vpc("describe_route_tables", "RouteTables"):
        routes = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        for association in table["Associations"]:
            if "SubnetId" in association and routes:
                found[association["SubnetId"]] = routes[0]
    return found


def test_private_subnets_leave_through_nat_only(network: Network) -> None:
    routes = default_routes(network)
    for subnet in network.outputs["RedshiftSubnetIds"].split(","):
        assert routes[subnet].get("NatGatewayId", "").startswith("nat-")
        assert not routes[subnet].get("GatewayId")
    assert len(network.nat_gateways()) == 1
    assert network.endpoints() == {"s3"}


def test_mwaa_reaches_itself_and_https_and_nothing_reaches_redshift(network: Network) -> None:
    groups = {item["GroupId"]: item for item in network.in_vpc("describe_security_groups", "SecurityGroups")}
    mwaa = groups[network.outputs["MwaaSecurityGroupId"]]
    (ingress,) = mwaa["IpPermissions"]
    assert ingress["IpProtocol"] == "-1"
    assert [item["GroupId"] for item in ingress["UserIdGroupPairs"]] == [mwaa["GroupId"]]
    assert not ingress["IpRanges"]
    outside = [(item["FromPort"], item["IpRanges"]) for item in mwaa["IpPermissionsEgress"] if item["IpRanges"]]
    assert [port for port, _ in outside] == [443]
    redshift = groups[network.outputs["RedshiftSecurityGroupIds"]]
    assert redshift["IpPermissions"] == []
    assert [item["FromPort"] for item in redshift["IpPermissionsEgress"]] == [443], "not EC2's rule to everywhere"


def test_a_nat_gateway_in_each_zone(network: Network) -> None:
    network.deploy(NatGatewayPerZone="true")
    routes = default_routes(network)
    first, second = network.outputs["PrivateSubnetIds"].split(",")
    assert routes[first]["NatGatewayId"] != routes[second]["NatGatewayId"]
    assert stack_differences(network.aws, network.name) == []


def test_endpoints_only(network: Network) -> None:
    before = network.outputs
    network.deploy(NatGateway="false", FlowLogRetentionDays="60")
    assert network.outputs == before, "subnets and groups stay, so MWAA does too"
    assert network.nat_gateways() == []
    assert default_routes(network) == {}
    # For MWAA itself, then what operators, connections and alerts call.
    assert network.endpoints() >= {"s3", "sqs", "logs", "monitoring", "kms", "airflow.api", "airflow.env"}
    assert network.endpoints() >= {"athena", "glue", "lakeformation", "redshift-data", "secretsmanager", "sns", "sts"}
    assert stack_differences(network.aws, network.name) == []


def test_deletion_leaves_nothing(network: Network) -> None:
    network.deploy(NatGateway="true")
    resources = resources_of(network.aws, network.name)
    (key,) = [item for item in resources if item.type_name == "AWS::KMS::Key"]
    stack.delete_template(network.aws.settings, TEMPLATE)
    with pytest.raises(ClientError, match="does not exist"):
        network.ec2.describe_vpcs(VpcIds=[network.outputs["VpcId"]])
    assert network.nat_gateways() == []
    assert network.in_vpc("describe_subnets", "Subnets") == []
    addresses = {item["PublicIp"] for item in network.ec2.describe_addresses()["Addresses"]}
    assert not addresses & {item.physical_id for item in resources if item.type_name == "AWS::EC2::EIP"}
    groups = network.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/vpc/")["logGroups"]
    assert groups == []
    metadata = network.aws.client("kms").describe_key(KeyId=key.physical_id)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion", "a key is never deleted at once"
