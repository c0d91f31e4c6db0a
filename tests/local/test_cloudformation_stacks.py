"""Stacks through CloudFormation's API, made of real resources on the local AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import control_plane
from local.clients import service_client
from local.services.s3 import seaweedfs
from local.settings import LocalSettings, load_settings

_SETTLED_WITHIN_SECONDS = 60
GLUE_MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
GLUE_MAY_USE_NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
BUCKET_AND_TOPIC = """
Parameters:
  Name: {Type: String}
  Versions: {Type: String, Default: Enabled}
  Title: {Type: String, Default: first}
Resources:
  Zone:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Name}-zone"
      VersioningConfiguration: {Status: !Ref Versions}
  Alerts:
    Type: AWS::SNS::Topic
    DependsOn: Zone
    Properties: {TopicName: !Sub "${Name}-alerts", DisplayName: !Ref Title}
Outputs:
  Bucket: {Value: !Ref Zone, Description: where data goes}
  Topic: {Value: !GetAtt Alerts.TopicArn}
"""


@dataclass
class Stacks:
    """CloudFormation of one local AWS, and clients to look at what it made."""

    settings: LocalSettings
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = service_client(service, self.settings)
        return self.clients[service]

    def settled(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + _SETTLED_WITHIN_SECONDS
        while True:
            stack: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            assert time.monotonic() < deadline, stack
            time.sleep(0.05)

    def create(self, body: str, **parameters: str) -> dict[str, Any]:
        name = f"stack-{uuid.uuid4().hex[:8]}"
        stack_id = self.client("cloudformation").create_stack(
            StackName=name, TemplateBody=body, Parameters=as_list(parameters), Capabilities=["CAPABILITY_NAMED_IAM"]
        )["StackId"]
        return self.settled(stack_id)

    def update(self, stack: dict[str, Any], body: str, **parameters: str) -> dict[str, Any]:
        self.client("cloudformation").update_stack(
            StackName=stack["StackName"],
            TemplateBody=body,
            Parameters=as_list(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.settled(stack["StackId"])

    def delete(self, stack: dict[str, Any]) -> dict[str, Any]:
        self.client("cloudformation").delete_stack(StackName=stack["StackName"])
        return self.settled(stack["StackId"])

    def events(self, stack: dict[str, Any]) -> list[tuple[str, str, str]]:
        found = self.client("cloudformation").describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        return [
            (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(found)
        ]

    def bucket_exists(self, name: str) -> bool:
        return name in [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]

    def topic_names(self) -> set[str]:
        topics = self.client("sns").list_topics()["Topics"]
        return {topic["TopicArn"].rpartition(":")[2] for topic in topics}


def as_list(parameters: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    settings = load_settings(tmp_path_factory.mktemp("cloudformation"))
    try:
        seaweedfs.start(settings)
        with pytest.MonkeyPatch.context() as environment:
            # No Glue job runs here: starting Spark in the background would only slow the rest down.
            environment.setenv("SLUICE_GLUE_PREWARM", "0")
            control_plane.start(settings)
            yield Stacks(settings)
    finally:
        control_plane.stop(settings)
        seaweedfs.stop(settings)


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


def refusal(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    error: dict[str, Any] = refused.value.response["Error"]
    return error


def test_unknown_type_makes_nothing(stacks: Stacks, name: str) -> None:
    body = BUCKET_AND_TOPIC.replace("AWS::SNS::Topic", "AWS::SNS::Tropic")
    error = refusal(lambda: stacks.create(body, Name=name))
    assert error["Code"] == "ValidationError"
    assert "AWS::SNS::Tropic (resource Alerts)" in error["Message"]
    assert not stacks.bucket_exists(f"{name}-zone")


def test_unknown_property_makes_nothing(stacks: Stacks, name: str) -> None:
    body = BUCKET_AND_TOPIC.replace("DisplayName", "Displayname")
    error = refusal(lambda: stacks.create(body, Name=name))
    assert "resource Alerts (AWS::SNS::Topic): Displayname" in error["Message"]
    assert not stacks.bucket_exists(f"{name}-zone")


def test_iam_needs_its_capability(stacks: Stacks, name: str) -> None:
    body = (
        f"Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{RoleName: {name}, AssumeRolePolicyDocument: {{}}}}}}}}"
    )
    create = stacks.client("cloudformation").create_stack
    error = refusal(lambda: create(StackName=name, TemplateBody=body))
    assert error["Code"] == "InsufficientCapabilitiesException"


def test_template_longer_than_aws_takes(stacks: Stacks, name: str) -> None:
    body = BUCKET_AND_TOPIC + "# " + "x" * 51_200
    assert "less than or equal to 51200" in refusal(lambda: stacks.create(body, Name=name))["Message"]


def test_unknown_stack_and_taken_name(stacks: Stacks, name: str) -> None:
    cloudformation = stacks.client("cloudformation")
    error = refusal(lambda: cloudformation.describe_stacks(StackName=name))
    assert error == {"Type": "Sender", "Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    taken = lambda: cloudformation.create_stack(  # noqa: E731
        StackName=stack["StackName"], TemplateBody=BUCKET_AND_TOPIC, Parameters=as_list({"Name": name})
    )
    assert refusal(taken)["Code"] == "AlreadyExistsException"
    stacks.delete(stack)
    cloudformation.delete_stack(StackName=stack["StackName"])  # as on AWS, no error


def test_unserved_options_and_actions_are_refused(stacks: Stacks, name: str) -> None:
    cloudformation = stacks.client("cloudformation")
    request = {"StackName": name, "TemplateBody": BUCKET_AND_TOPIC, "Parameters": as_list({"Name": name})}
    error = refusal(lambda: cloudformation.create_stack(**request, RoleARN="arn:aws:iam::123456789012:role/deployer"))
    assert "does not support RoleARN" in error["Message"]
    refusal(lambda: cloudformation.create_stack_set(StackSetName=name))


def test_failed_creation_leaves_nothing(stacks: Stacks, name: str) -> None:
    stacks.client("s3").create_bucket(Bucket=f"{name}-zone")
    first = BUCKET_AND_TOPIC.replace("    DependsOn: Zone\n", "").replace(
        "Type: AWS::S3::Bucket", "Type: AWS::S3::Bucket\n    DependsOn: Alerts"
    )
    stack = stacks.create(first, Name=name)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = stacks.events(stack)
    assert ("Zone", "CREATE_FAILED", f"{name}-zone already exists") in events
    assert [event[:2] for event in events if event[0] == "Alerts"] == [
        ("Alerts", "CREATE_IN_PROGRESS"),
        ("Alerts", "CREATE_COMPLETE"),
        ("Alerts", "DELETE_IN_PROGRESS"),
        ("Alerts", "DELETE_COMPLETE"),
    ]
    assert f"{name}-alerts" not in stacks.topic_names()
    assert stacks.bucket_exists(f"{name}-zone"), "a bucket that the stack did not make was deleted"
    assert "can not be updated" in refusal(lambda: stacks.update(stack, first, Name=name))["Message"]


def test_retain_except_on_create(stacks: Stacks, name: str) -> None:
    body = BUCKET_AND_TOPIC.replace(
        "    Type: AWS::S3::Bucket\n", "    Type: AWS::S3::Bucket\n    DeletionPolicy: RetainExceptOnCreate\n"
    )
    broken = body.replace(
        "Outputs:", "  Again: {Type: AWS::S3::Bucket, DependsOn: Alerts, Properties: {BucketName: !Ref Zone}}\nOutputs:"
    )
    assert stacks.create(broken, Name=name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert not stacks.bucket_exists(f"{name}-zone"), "the rollback of the creation must delete it"
    stack = stacks.create(body, Name=name)
    deleted = stacks.delete(stack)
    assert deleted["StackStatus"] == "DELETE_COMPLETE"
    assert ("Zone", "DELETE_SKIPPED", "") in stacks.events(stack)
    assert stacks.bucket_exists(f"{name}-zone")
    assert f"{name}-alerts" not in stacks.topic_names()


def test_bucket_with_data_is_not_deleted(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    s3 = stacks.client("s3")
    s3.put_object(Bucket=f"{name}-zone", Key="day/rows.csv", Body=b"1")
    s3.delete_object(Bucket=f"{name}-zone", Key="day/rows.csv")  # a marker and an old version stay
    deleted = stacks.delete(stack)
    assert deleted["StackStatus"] == "DELETE_FAILED"
    assert "[Zone]" in deleted["StackStatusReason"]
    reasons = [
        reason
        for logical_id, status, reason in stacks.events(stack)
        if status == "DELETE_FAILED" and logical_id == "Zone"
    ]
    assert reasons == [f"The bucket you tried to delete is not empty: {name}-zone"]
    assert stacks.bucket_exists(f"{name}-zone")


def test_creation_reads_back(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stacks.events(stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs == {"Bucket": f"{name}-zone", "Topic": f"arn:aws:sns:us-east-1:123456789012:{name}-alerts"}
    assert stacks.client("s3").get_bucket_versioning(Bucket=f"{name}-zone")["Status"] == "Enabled"
    resources = stacks.client("cloudformation").describe_stack_resources(StackName=stack["StackName"])["StackResources"]
    assert {(item["LogicalResourceId"], item["PhysicalResourceId"], item["ResourceStatus"]) for item in resources} == {
        ("Zone", f"{name}-zone", "CREATE_COMPLETE"),
        ("Alerts", outputs["Topic"], "CREATE_COMPLETE"),
    }
    template = stacks.client("cloudformation").get_template(StackName=stack["StackName"])["TemplateBody"]
    assert template == BUCKET_AND_TOPIC


def test_update_that_changes_nothing(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    before = stacks.events(stack)
    error = refusal(lambda: stacks.update(stack, BUCKET_AND_TOPIC + "# a comment\n", Name=name))
    assert error["Message"] == "No updates are to be performed."
    assert stacks.events(stack) == before


def test_update_in_place(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    updated = stacks.update(stack, BUCKET_AND_TOPIC, Name=name, Versions="Suspended", Title="second")
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.client("s3").get_bucket_versioning(Bucket=f"{name}-zone")["Status"] == "Suspended"
    topic = f"arn:aws:sns:us-east-1:123456789012:{name}-alerts"
    attributes = stacks.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["DisplayName"] == "second"


def test_update_adds_replaces_and_removes(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    body = BUCKET_AND_TOPIC.replace("${Name}-alerts", "${Name}-warnings").replace(
        "Outputs:", '  More: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Name}-more"}}\nOutputs:'
    )
    updated = stacks.update(stack, body, Name=name)
    assert updated["StackStatus"] == "UPDATE_COMPLETE"
    ours = {topic for topic in stacks.topic_names() if topic.startswith(name)}
    assert ours == {f"{name}-warnings", f"{name}-more"}, "the new topic is made, the replaced one is gone"
    assert updated["Outputs"][1]["OutputValue"].endswith(f"{name}-warnings")
    stacks.update(stack, BUCKET_AND_TOPIC, Name=name)
    assert {topic for topic in stacks.topic_names() if topic.startswith(name)} == {f"{name}-alerts"}


def test_failed_update_is_put_back(stacks: Stacks, name: str) -> None:
    stack = stacks.create(BUCKET_AND_TOPIC, Name=name)
    stacks.client("s3").create_bucket(Bucket=f"{name}-taken")
    body = BUCKET_AND_TOPIC.replace(
        "Outputs:",
        '  New: {Type: AWS::SNS::Topic, DependsOn: Alerts, Properties: {TopicName: !Sub "${Name}-new"}}\n'
        '  Bad: {Type: AWS::S3::Bucket, DependsOn: New, Properties: {BucketName: !Sub "${Name}-taken"}}\nOutputs:',
    )
    updated = stacks.update(stack, body, Name=name, Versions="Suspended", Title="second")
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("Bad", "CREATE_FAILED", f"{name}-taken already exists") in stacks.events(stack)
    assert {topic for topic in stacks.topic_names() if topic.startswith(name)} == {f"{name}-alerts"}
    assert stacks.client("s3").get_bucket_versioning(Bucket=f"{name}-zone")["Status"] == "Enabled"
    error = refusal(lambda: stacks.update(stack, BUCKET_AND_TOPIC, Name=name))
    assert error["Message"] == "No updates are to be performed."


def test_custom_name_cannot_be_replaced(stacks: Stacks, name: str) -> None:
    body = f"""
    Parameters: {{Path: {{Type: String, Default: /}}}}
    Resources:
      Role:
        Type: AWS::IAM::Role
        Properties: {{RoleName: {name}, Path: !Ref Path, AssumeRolePolicyDocument: {json.dumps(GLUE_MAY_ASSUME)}}}
    """
    stack = stacks.create(body)
    updated = stacks.update(stack, body, Path="/other/")
    assert updated["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [reason for _, status, reason in stacks.events(stack) if status == "UPDATE_FAILED"]
    assert f"Rename {name} and update the stack again." in reasons[0]


def test_role_policies_are_exactly_those_of_the_template(stacks: Stacks, name: str) -> None:
    def body(*policies: str) -> str:
        statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        role = {
            "RoleName": name,
            "AssumeRolePolicyDocument": GLUE_MAY_ASSUME,
            "Policies": [{"PolicyName": policy, "PolicyDocument": document} for policy in policies],
            "Tags": [{"Key": policy, "Value": "1"} for policy in policies],
        }
        return json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}})

    iam = stacks.client("iam")
    stack = stacks.create(body("one", "two"))
    assert set(iam.list_role_policies(RoleName=name)["PolicyNames"]) == {"one", "two"}
    # What another stack, or a person, has added is not this template's business.
    iam.put_role_policy(RoleName=name, PolicyName="foreign", PolicyDocument=json.dumps(GLUE_MAY_USE_NOTHING))
    stacks.update(stack, body("two", "three"))
    assert set(iam.list_role_policies(RoleName=name)["PolicyNames"]) == {"two", "three", "foreign"}
    assert {tag["Key"] for tag in iam.list_role_tags(RoleName=name)["Tags"]} == {"two", "three"}
    stacks.delete(stack)
    assert refusal(lambda: iam.get_role(RoleName=name))["Code"] == "NoSuchEntity"


def test_generated_secret_is_kept_by_updates(stacks: Stacks, name: str) -> None:
    body = f"""
    Parameters: {{Text: {{Type: String}}, Length: {{Type: Number, Default: 40}}}}
    Resources:
      Key:
        Type: AWS::SecretsManager::Secret
        Properties:
          Name: {name}/key
          Description: !Ref Text
          GenerateSecretString: {{PasswordLength: !Ref Length, ExcludePunctuation: true}}
    """
    secrets = stacks.client("secretsmanager")
    stack = stacks.create(body, Text="one")
    value = secrets.get_secret_value(SecretId=f"{name}/key")["SecretString"]
    assert len(value) == 40
    assert value.isalnum()
    stacks.update(stack, body, Text="two")
    assert secrets.get_secret_value(SecretId=f"{name}/key")["SecretString"] == value
    assert secrets.describe_secret(SecretId=f"{name}/key")["Description"] == "two"
    stacks.update(stack, body, Text="two", Length="41")
    assert len(secrets.get_secret_value(SecretId=f"{name}/key")["SecretString"]) == 41


def test_secret_with_a_given_value_follows_the_template(stacks: Stacks, name: str) -> None:
    body = f"""
    Parameters: {{Role: {{Type: String}}}}
    Resources:
      Connection:
        Type: AWS::SecretsManager::Secret
        Properties: {{Name: {name}/connection, SecretString: !Sub "aws://?role_arn=${{Role}}"}}
    """
    secrets = stacks.client("secretsmanager")
    stack = stacks.create(body, Role="one")
    assert secrets.get_secret_value(SecretId=f"{name}/connection")["SecretString"] == "aws://?role_arn=one"
    stacks.update(stack, body, Role="two")
    assert secrets.get_secret_value(SecretId=f"{name}/connection")["SecretString"] == "aws://?role_arn=two"


def test_secret_with_a_given_and_a_generated_value_is_refused(stacks: Stacks, name: str) -> None:
    body = f"""
    Resources:
      Key:
        Type: AWS::SecretsManager::Secret
        Properties: {{Name: {name}/both, SecretString: x, GenerateSecretString: {{PasswordLength: 20}}}}
    """
    assert stacks.create(body)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert refusal(lambda: stacks.client("secretsmanager").describe_secret(SecretId=f"{name}/both"))


def test_tls_only_policy_is_readable_and_the_rest_of_it_is_enforced(stacks: Stacks, name: str) -> None:
    arn = f"arn:aws:s3:::{name}-zone/*"
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    tls_only = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn, "Condition": plain_http}
    no_deletes = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": arn}
    template = {
        "Resources": {
            "Zone": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{name}-zone"}},
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Zone"},
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [tls_only, no_deletes]},
                },
            },
        }
    }
    stacks.create(json.dumps(template))
    s3 = stacks.client("s3")
    s3.put_object(Bucket=f"{name}-zone", Key="a", Body=b"plain HTTP works on a laptop")
    enforced = json.loads(s3.get_bucket_policy(Bucket=f"{name}-zone")["Policy"])["Statement"]
    assert [item["Action"] for item in enforced] == ["s3:DeleteObject"], "known difference: no TLS-only statement"
    assert refusal(lambda: s3.delete_object(Bucket=f"{name}-zone", Key="a"))["Code"] == "AccessDenied"


def test_settings_are_replaced_never_appended(stacks: Stacks) -> None:
    body = """
    Resources:
      Settings: {Type: AWS::LakeFormation::DataLakeSettings, Properties: {MutationType: APPEND, Admins: []}}
    """
    stack = stacks.create(body)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (
        "Settings",
        "CREATE_FAILED",
        "The local AWS applies data lake settings with MutationType REPLACE only.",
    ) in (stacks.events(stack))


def test_known_difference_stack_tags_stay_on_the_stack(stacks: Stacks, name: str) -> None:
    cloudformation = stacks.client("cloudformation")
    stack_id = cloudformation.create_stack(
        StackName=name,
        TemplateBody=BUCKET_AND_TOPIC,
        Parameters=as_list({"Name": name}),
        Tags=[{"Key": "team", "Value": "lake"}],
    )["StackId"]
    assert stacks.settled(stack_id)["Tags"] == [{"Key": "team", "Value": "lake"}]
    topic = f"arn:aws:sns:us-east-1:123456789012:{name}-alerts"
    assert stacks.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"] == []


def test_known_difference_anybody_deploys_with_the_rights_of_the_deployer(stacks: Stacks, name: str) -> None:
    """AWS makes resources with the rights of the caller or of the stack's role. Here CreateStack itself is enough."""
    may_create_stacks = {"Effect": "Allow", "Action": "cloudformation:CreateStack", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [may_create_stacks]}
    deployer = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": f"{name}-deployer",
                    "AssumeRolePolicyDocument": GLUE_MAY_ASSUME,
                    "Policies": [{"PolicyName": "stacks", "PolicyDocument": policy}],
                },
            }
        }
    }
    stacks.create(json.dumps(deployer))
    caller = service_client("cloudformation", stacks.settings, f"{name}-deployer")
    stack_id = caller.create_stack(StackName=name, TemplateBody=BUCKET_AND_TOPIC, Parameters=as_list({"Name": name}))[
        "StackId"
    ]
    assert stacks.settled(stack_id)["StackStatus"] == "CREATE_COMPLETE"


def test_stacks_survive_a_restart_and_an_interrupted_one_can_be_deleted(stacks: Stacks, name: str) -> None:
    kept = stacks.create(BUCKET_AND_TOPIC, Name=name)
    many = {f"T{n}": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{name}-many-{n}"}} for n in range(400)}
    interrupted = stacks.client("cloudformation").create_stack(
        StackName=f"{name}-many", TemplateBody=json.dumps({"Resources": many})
    )["StackId"]
    pid = control_plane.server(stacks.settings).pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    control_plane.start(stacks.settings)
    assert stacks.settled(kept["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    assert (
        refusal(lambda: stacks.update(kept, BUCKET_AND_TOPIC, Name=name))["Message"]
        == "No updates are to be performed."
    )
    stack = stacks.settled(interrupted)
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert "stopped while the stack was being deployed" in stack["StackStatusReason"]
    assert stacks.delete(stack)["StackStatus"] == "DELETE_COMPLETE"


def test_installing_costs_the_command_line_nothing() -> None:
    """`python -m local` imports the deployment without moto."""
    code = "import sys, local.stack, local.services.cloudformation; sys.exit('moto' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0
