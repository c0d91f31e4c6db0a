"""Resource types of network and lake: what the services refuse, what an update changes, what cannot be changed here."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import LocalAws
from tests.local.test_cloudformation_stacks import Stacks

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def stacks(local_aws: LocalAws) -> Stacks:
    return Stacks(local_aws.settings)


@pytest.fixture
def name() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def failures(stacks: Stacks, stack: dict[str, Any]) -> str:
    return "\n".join(f"{item}: {reason}" for item, status, reason in stacks.events(stack) if status.endswith("_FAILED"))


VPC = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/20}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/24}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: test, VpcId: !Ref Vpc}}
"""

# Added to VPC -> what the failed resource says.
FAILS = {
    "subnet outside of the VPC": (
        "  Other: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.8.0.0/24}}",
        "Other: The CIDR '10.8.0.0/24' is invalid. (Service call: CreateSubnet, Error Code: InvalidSubnet.Range)",
    ),
    "subnet over another": (
        "  Other: {Type: AWS::EC2::Subnet, DependsOn: Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.9.1.0/25}}",
        "Error Code: InvalidSubnet.Conflict",
    ),
    "zone that the region has not": (
        "  Other: {Type: AWS::EC2::Subnet, Properties:"
        " {VpcId: !Ref Vpc, CidrBlock: 10.9.2.0/24, AvailabilityZone: us-east-1z}}",
        "Value (us-east-1z) for parameter availabilityZone is invalid",
    ),
    "rule of a group that is not there": (
        "  Rule: {Type: AWS::EC2::SecurityGroupIngress, Properties:"
        " {GroupId: sg-1234, IpProtocol: '-1', CidrIp: 10.0.0.0/8}}",
        "Error Code: InvalidGroup.NotFound",
    ),
    "group with a rule about a group that is not there": (
        "  Other: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: other, VpcId: !Ref Vpc,"
        " SecurityGroupIngress: [{IpProtocol: '-1', SourceSecurityGroupId: sg-1234}]}}",
        "Error Code: InvalidGroup.NotFound",
    ),
    "flow log without a role": (
        "  Log: {Type: AWS::EC2::FlowLog, Properties: {ResourceType: VPC, ResourceId: !Ref Vpc, TrafficType: ALL,"
        " LogGroupName: x, LogDestinationType: cloud-watch-logs}}",
        "DeliverLogsPermissionArn",
    ),
    "endpoint of a subnet that is not there": (
        "  Endpoint: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, VpcEndpointType: Interface,"
        " ServiceName: com.amazonaws.us-east-1.sqs, SubnetIds: [subnet-1]}}",
        "Error Code: InvalidSubnetID.NotFound",
    ),
    "retention that no log group can have": (
        "  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 31}}",
        "RetentionInDays 31 is not one of",
    ),
    "key policy that locks everybody out": (
        "  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Principal:"
        " {Service: sns.amazonaws.com}, Action: 'kms:*', Resource: '*'}]}}}",
        "The new key policy will not allow you to update the key policy in the future.",
    ),
    "alias of a key that is not there": (
        "  Alias: {Type: AWS::KMS::Alias, Properties:"
        " {AliasName: alias/nothing, TargetKeyId: 00000000-0000-0000-0000-000000000000}}",
        "Error Code: NotFoundException",
    ),
    "queue attribute out of range": (
        "  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 43201}}",
        "Invalid value for the parameter VisibilityTimeout",
    ),
    "logging into a bucket that is not there": (
        "  Zone: {Type: AWS::S3::Bucket, Properties: {LoggingConfiguration: {DestinationBucketName: no-such-bucket}}}",
        "The target bucket for logging does not exist.",
    ),
    "logging into a bucket that does not let S3 write": (
        "  Target: {Type: AWS::S3::Bucket}\n"
        "  Zone: {Type: AWS::S3::Bucket, Properties: {LoggingConfiguration: {DestinationBucketName: !Ref Target}}}",
        "You must give logging.s3.amazonaws.com the right s3:PutObject",
    ),
    "notifications to a queue that does not let S3 send": (
        "  Queue: {Type: AWS::SQS::Queue}\n"
        "  Zone: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {QueueConfigurations:"
        " [{Event: 's3:ObjectCreated:*', Queue: !GetAtt Queue.Arn}]}}}",
        "Unable to validate the following destination configurations.",
    ),
    "policy for a role that is not there": (
        "  Policy: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: no-such-role, PolicyName: p, PolicyDocument:"
        " {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:ListBucket', Resource: '*'}]}}}",
        "Error Code: NoSuchEntity",
    ),
}


@pytest.mark.parametrize("case", FAILS)
def test_what_a_service_refuses_fails_the_stack_and_leaves_nothing(stacks: Stacks, case: str) -> None:
    addition, message = FAILS[case]
    before = {vpc["VpcId"] for vpc in stacks.client("ec2").describe_vpcs()["Vpcs"]}
    body = VPC + addition if "AWS::EC2" in addition else "Resources:\n" + addition
    stack = stacks.create(body)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in failures(stacks, stack)
    assert {vpc["VpcId"] for vpc in stacks.client("ec2").describe_vpcs()["Vpcs"]} == before
    stacks.delete(stack)


def test_queue_of_another_stack_is_not_taken_over(stacks: Stacks, name: str) -> None:
    body = f"Resources: {{Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}}}}}}}"
    first, second = stacks.create(body), stacks.create(body)
    assert f"Queue: {name} already exists" in failures(stacks, second)
    assert stacks.client("sqs").get_queue_url(QueueName=name), "the first stack's queue is untouched"
    for stack in (second, first):
        stacks.delete(stack)


def test_attributes_that_a_template_drops_go_back_to_the_default(stacks: Stacks, name: str) -> None:
    body = "Resources: {{Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {}{}}}}}}}"
    stack = stacks.create(body.format(name, ", VisibilityTimeout: 300, MessageRetentionPeriod: 60"))
    url = stacks.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    stacks.update(stack, body.format(name, ", MessageRetentionPeriod: 120"))
    said = stacks.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (said["VisibilityTimeout"], said["MessageRetentionPeriod"]) == ("30", "120")
    stacks.delete(stack)


KEY = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: {description}
      EnableKeyRotation: {rotation}
      PendingWindowInDays: 7
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {{LogGroupName: /test/{name}{key}}}
"""


def test_key_is_changed_and_scheduled_for_deletion(stacks: Stacks, name: str) -> None:
    kms = stacks.client("kms")
    stack = stacks.create(KEY.format(description="first", rotation="true", name=name, key=""))
    resources = stacks.client("cloudformation").describe_stack_resources(StackName=stack["StackName"])
    (key_id,) = [
        item["PhysicalResourceId"] for item in resources["StackResources"] if item["LogicalResourceId"] == "Key"
    ]
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is True
    stacks.update(stack, KEY.format(description="second", rotation="false", name=name, key=""))
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == "second"
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    stacks.delete(stack)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_known_difference_the_key_of_a_log_group_cannot_be_changed(stacks: Stacks, name: str) -> None:
    stack = stacks.create(KEY.format(description="x", rotation="true", name=name, key=""))
    key = ", KmsKeyId: !GetAtt Key.Arn"
    changed = stacks.update(stack, KEY.format(description="x", rotation="true", name=name, key=key))
    assert changed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "The local AWS cannot change the key of log group" in failures(stacks, stack)
    stacks.delete(stack)


def test_known_difference_private_names_of_an_endpoint_cannot_be_changed(stacks: Stacks) -> None:
    endpoint = (
        "  Endpoint: {{Type: AWS::EC2::VPCEndpoint, Properties: {{VpcId: !Ref Vpc, VpcEndpointType: Interface,"
        " ServiceName: com.amazonaws.us-east-1.sqs, SubnetIds: [!Ref Subnet], PrivateDnsEnabled: {}}}}}"
    )
    stack = stacks.create(VPC + endpoint.format("true"))
    changed = stacks.update(stack, VPC + endpoint.format("false"))
    assert changed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "The local AWS cannot change" in failures(stacks, stack)
    stacks.delete(stack)


def test_rules_of_a_security_group_follow_the_template(stacks: Stacks) -> None:
    rule = "{{IpProtocol: tcp, FromPort: {0}, ToPort: {0}, CidrIp: 10.9.0.0/20}}"
    body = VPC.replace("VpcId: !Ref Vpc}}\n", "VpcId: !Ref Vpc, SecurityGroupIngress: [RULES]}}\n", 2).replace(
        "CidrBlock: 10.9.1.0/24, SecurityGroupIngress: [RULES]", "CidrBlock: 10.9.1.0/24"
    )
    stack = stacks.create(body.replace("RULES", rule.format(443) + ", " + rule.format(80)))
    stacks.update(stack, body.replace("RULES", rule.format(443) + ", " + rule.format(5432)))
    groups = stacks.client("ec2").describe_security_groups(Filters=[{"Name": "description", "Values": ["test"]}])
    ports = {item["FromPort"] for group in groups["SecurityGroups"] for item in group["IpPermissions"]}
    assert ports == {443, 5432}
    stacks.delete(stack)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "symmetric encryption keys"),
        ({"MultiRegion": True}, "symmetric encryption keys"),
        ({"Policy": "{}"}, "not a JSON document with a Statement"),
        ({"Policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]})}, "Principal"),
        (
            {
                "Policy": json.dumps(
                    {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
                                "Action": "kms:*",
                                "Resource": "*",
                            }
                        ]
                    }
                )
            },
            "invalid principals",
        ),
    ],
)
def test_kms_refuses(stacks: Stacks, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        stacks.client("kms").create_key(**arguments)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


RULESET = """
Resources:
  Rules:
    Type: AWS::Glue::DataQualityRuleset
    Properties: {{Name: {name}, Ruleset: 'Rules = [ {rule} ]'{more}}}
"""


def test_ruleset_is_changed_replaced_and_removed(stacks: Stacks, name: str) -> None:
    more = ", Description: first, Tags: {team: lake}, TargetTable: {DatabaseName: d, TableName: t}"
    stack = stacks.create(RULESET.format(name=name, rule="RowCount > 0", more=more))
    glue = stacks.client("glue")
    made = glue.get_data_quality_ruleset(Name=name)
    assert (made["Description"], made["TargetTable"]["TableName"]) == ("first", "t")
    kept = ", TargetTable: {DatabaseName: d, TableName: t}"
    stacks.update(stack, RULESET.format(name=name, rule="RowCount > 1", more=kept))
    changed = glue.get_data_quality_ruleset(Name=name)
    assert (changed["Ruleset"], changed.get("Description", "")) == ("Rules = [ RowCount > 1 ]", "")
    arn = f"arn:aws:glue:us-east-1:{ACCOUNT}:dataQualityRuleset/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}
    stacks.update(stack, RULESET.format(name=f"{name}-2", rule="RowCount > 1", more=kept))
    assert stacks.settled(stack["StackId"])["StackStatus"] == "UPDATE_COMPLETE"
    assert glue.get_data_quality_ruleset(Name=f"{name}-2")["Ruleset"] == "Rules = [ RowCount > 1 ]"
    stacks.delete(stack)
    for gone in (name, f"{name}-2"):
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            glue.get_data_quality_ruleset(Name=gone)


def test_ruleset_that_glue_refuses(stacks: Stacks, name: str) -> None:
    stack = stacks.create(RULESET.format(name=name, rule="RowCnt > 0", more=""))
    assert "Parsing Error: Rule Type: RowCnt is not valid" in failures(stacks, stack)
    stack = stacks.create(RULESET.format(name=name, rule="RowCount > 0", more=""))
    stacks.update(stack, RULESET.format(name=name, rule="RowCount > ", more=""))
    assert stacks.settled(stack["StackId"])["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.client("glue").get_data_quality_ruleset(Name=name)["Ruleset"] == "Rules = [ RowCount > 0 ]"
    target = ", TargetTable: {DatabaseName: d, TableName: t}"
    stacks.update(stack, RULESET.format(name=name, rule="RowCount > 0", more=target))
    assert "cannot change the target table" in failures(stacks, stack)
    stacks.delete(stack)
