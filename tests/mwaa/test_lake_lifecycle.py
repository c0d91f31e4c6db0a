"""The whole template through its life on a local AWS of its own: nothing to do, changed, failed, deleted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import stack
from local.settings import load_settings
from tests.conftest import LocalAws, run_local, start_watchdog, stop_by_watchdog
from tests.mwaa.readback import stack_differences

GLUE_MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CHANGED = {
    "AlertsEmail": "on-call@example.com",
    "BytesScannedCutoff": "20000000",
    "DemoPersonas": "false",
    "GlueWorkers": "4",
    "LogRetentionDays": "30",
    "QuarantineRetentionDays": "10",
    "RedshiftBaseCapacity": "16",
    "RedshiftMaxCapacity": "64",
    "RedshiftSubnetIds": "subnet-1,subnet-2,subnet-3",
}


@pytest.fixture(scope="module")
def own_aws() -> Iterator[LocalAws]:
    state = Path(tempfile.mkdtemp(prefix="sluice-test.")).resolve()
    watchdog = start_watchdog(state)
    try:
        with pytest.MonkeyPatch.context() as environment:
            # No Glue job runs here: starting Spark in the background would only slow the rest down.
            environment.setenv("SLUICE_GLUE_PREWARM", "0")
            started = run_local(state, "up")
        assert started.returncode == 0, f"`local up` failed:\n{started.stdout}\n{started.stderr}"
        yield LocalAws(load_settings(state))
    finally:
        stop_by_watchdog(watchdog)


def described(aws: LocalAws) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("cloudformation").describe_stacks(StackName=aws.name("lake"))["Stacks"][0]
    return found


def number_of_events(aws: LocalAws) -> int:
    return len(aws.client("cloudformation").describe_stack_events(StackName=aws.name("lake"))["StackEvents"])


def roles(aws: LocalAws) -> set[str]:
    return {item["RoleName"].removeprefix(aws.name("")) for item in aws.client("iam").list_roles()["Roles"]}


def test_deploying_again_changes_nothing(own_aws: LocalAws) -> None:
    before = number_of_events(own_aws)
    outputs = stack.deploy(own_aws.settings)
    assert outputs["LandingBucketName"] == own_aws.name("landing")
    assert number_of_events(own_aws) == before


def test_wrong_parameter_is_refused_before_anything_changes(own_aws: LocalAws) -> None:
    before = number_of_events(own_aws)
    with pytest.raises(stack.StackFailed, match=r"CloudFormation refused lake\.yaml: Parameter 'GlueWorkers' must be"):
        stack.deploy(own_aws.settings, parameters={"GlueWorkers": "1"})
    with pytest.raises(stack.StackFailed, match=r"Parameters: \[GlueWorker\] do not exist in the template"):
        stack.deploy(own_aws.settings, parameters={"GlueWorker": "2"})
    assert number_of_events(own_aws) == before


def test_changed_parameters_reach_the_services(own_aws: LocalAws) -> None:
    stack.deploy(own_aws.settings, parameters=CHANGED)
    assert stack_differences(own_aws, own_aws.name("lake")) == []
    base = f"{own_aws.settings.prefix}-{own_aws.settings.env}"
    job = own_aws.client("glue").get_job(JobName=own_aws.name("clean-product"))["Job"]
    assert job["NumberOfWorkers"] == 4
    assert job["GlueVersion"] == "5.1", "UpdateJob must keep what did not change"
    rules = own_aws.client("s3").get_bucket_lifecycle_configuration(Bucket=own_aws.name("quarantine"))["Rules"]
    assert [rule["Expiration"]["Days"] for rule in rules if rule["ID"] == "retention"] == [10]
    workgroup = own_aws.client("athena").get_work_group(WorkGroup=base)["WorkGroup"]["Configuration"]
    assert workgroup["BytesScannedCutoffPerQuery"] == 20_000_000
    assert workgroup["ResultConfiguration"]["OutputLocation"].endswith("/results/")
    warehouse = own_aws.client("redshift-serverless").get_workgroup(workgroupName=base)["workgroup"]
    assert warehouse["baseCapacity"] == 16
    topic = f"arn:aws:sns:us-east-1:123456789012:{own_aws.name('alerts')}"
    subscriptions = own_aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(item["Protocol"], item["Endpoint"]) for item in subscriptions] == [("email", "on-call@example.com")]
    assert not roles(own_aws) & {"data-engineer", "uk-analyst", "outsider"}


def test_failed_update_names_the_resource_and_is_put_back(own_aws: LocalAws) -> None:
    iam, in_the_way = own_aws.client("iam"), own_aws.name("uk-analyst")
    iam.create_role(RoleName=in_the_way, AssumeRolePolicyDocument=json.dumps(GLUE_MAY_ASSUME))
    with pytest.raises(stack.StackFailed, match=rf"UkAnalystRole \(AWS::IAM::Role\): .*{in_the_way} already exists"):
        stack.deploy(own_aws.settings)
    iam.delete_role(RoleName=in_the_way)
    assert described(own_aws)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert not roles(own_aws) & {"data-engineer", "uk-analyst", "outsider"}
    job = own_aws.client("glue").get_job(JobName=own_aws.name("clean-product"))["Job"]
    assert job["NumberOfWorkers"] == 4, "the parameters before the failed update"


def test_default_parameters_bring_it_back(own_aws: LocalAws) -> None:
    stack.deploy(own_aws.settings)
    assert stack_differences(own_aws, own_aws.name("lake")) == []
    assert {"data-engineer", "uk-analyst", "outsider"} <= roles(own_aws)
    topic = f"arn:aws:sns:us-east-1:123456789012:{own_aws.name('alerts')}"
    assert own_aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_deletion_keeps_data_and_removes_the_rest(own_aws: LocalAws) -> None:
    base = f"{own_aws.settings.prefix}-{own_aws.settings.env}"
    stack_id = described(own_aws)["StackId"]
    key = own_aws.client("kms").describe_key(KeyId=f"alias/{base}")["KeyMetadata"]["KeyId"]
    stack.delete(own_aws.settings)
    assert own_aws.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == (
        "DELETE_COMPLETE"
    )
    buckets = {item["Name"] for item in own_aws.client("s3").list_buckets()["Buckets"]}
    assert {own_aws.name(zone) for zone in ("landing", "staging", "curated", "quarantine", "governance")} <= buckets
    databases = {item["Name"] for item in own_aws.client("glue").get_databases()["DatabaseList"]}
    assert {"landing", "staging", "curated", "quarantine", "governance"} <= databases
    own_aws.client("redshift-serverless").get_namespace(namespaceName=base)
    own_aws.client("secretsmanager").get_secret_value(SecretId=f"{own_aws.settings.prefix}/{own_aws.settings.env}/pii")
    assert not {name for name in roles(own_aws) if name in {"airflow", "glue", "redshift", "lake-admin", "outsider"}}
    assert own_aws.client("lakeformation").list_resources()["ResourceInfoList"] == []
    assert own_aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled", "data needs it"
    assert own_aws.client("kms").list_aliases(KeyId=key)["Aliases"] == []
    assert own_aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/redshift/")["logGroups"] == []
    assert own_aws.client("sqs").list_queues(QueueNamePrefix=own_aws.name("arrivals")).get("QueueUrls", []) == []
    for service, call, arguments in (
        ("glue", "get_job", {"JobName": own_aws.name("clean-product")}),
        ("athena", "get_work_group", {"WorkGroup": base}),
        ("redshift-serverless", "get_workgroup", {"workgroupName": base}),
        ("sns", "get_topic_attributes", {"TopicArn": f"arn:aws:sns:us-east-1:123456789012:{own_aws.name('alerts')}"}),
    ):
        with pytest.raises(ClientError) as gone:
            getattr(own_aws.client(service), call)(**arguments)
        assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 404}, call


def test_new_stack_does_not_take_over_what_was_kept(own_aws: LocalAws) -> None:
    """As on AWS: retained buckets belong to nobody's stack until they are imported."""
    with pytest.raises(stack.StackFailed, match=r"LogsBucket .*already exists"):
        stack.deploy(own_aws.settings)
    assert own_aws.name("landing") in {item["Name"] for item in own_aws.client("s3").list_buckets()["Buckets"]}
