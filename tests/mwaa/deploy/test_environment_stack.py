"""environment.yaml on the local AWS: what the template says is what MWAA, S3, IAM and the log groups say."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from mwaa.deploy.deployed import load_deployed
from mwaa.deploy.stack_update import find_stack
from mwaa.deploy.target import Target
from tests.conftest import LocalAws


def test_environment_is_as_the_template_says(target: Target, local_aws: LocalAws) -> None:
    found = load_deployed(target).environment
    assert found["Status"] in {"AVAILABLE", "UPDATE_FAILED"}
    assert found["EnvironmentClass"] == "mw1.micro"
    assert found["NetworkConfiguration"]["SubnetIds"] == ["subnet-0a0a0a0a", "subnet-0b0b0b0b"]
    assert found["ExecutionRoleArn"].endswith(f":role/{target.name('airflow')}")
    assert found["KmsKey"].startswith("arn:aws:kms:")
    assert found["WebserverAccessMode"] == "PRIVATE_ONLY"
    options = found["AirflowConfigurationOptions"]
    assert (options["lake.prefix"], options["lake.env"]) == (target.prefix, target.env)
    assert options["lake.alerts_topic_arn"].endswith(f":{target.name('alerts')}")
    kwargs = json.loads(options["secrets.backend_kwargs"])
    # Without it every AWS operator asks Secrets Manager for the connection aws_default.
    assert kwargs["connections_lookup_pattern"] == "^(?!aws_default$).*$"
    enabled = {name: item["LogLevel"] for name, item in found["LoggingConfiguration"].items() if item["Enabled"]}
    assert enabled["WorkerLogs"] == "INFO"
    assert len(enabled) == 5


def test_bucket_role_and_logs_are_as_the_template_says(target: Target, local_aws: LocalAws) -> None:
    s3, bucket = local_aws.client("s3"), f"{target.environment}-mwaa"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 180
    policy = local_aws.client("iam").get_role_policy(RoleName=target.name("airflow"), PolicyName="mwaa")
    actions = [item["Action"] for item in policy["PolicyDocument"]["Statement"]]
    flat = [name for item in actions for name in ([item] if isinstance(item, str) else item)]
    assert "airflow:PublishMetrics" in flat
    assert not [name for name in flat if "*" in name]
    groups = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=f"airflow-{target.environment}-")
    retention = {item["logGroupName"].rpartition("-")[2]: item["retentionInDays"] for item in groups["logGroups"]}
    assert retention == dict.fromkeys(("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker"), 90)


def _update(target: Target, **changes: str) -> str:
    stack = find_stack(target)
    parameters = [
        {"ParameterKey": item["ParameterKey"], "ParameterValue": changes[item["ParameterKey"]]}
        if item["ParameterKey"] in changes
        else {"ParameterKey": item["ParameterKey"], "UsePreviousValue": True}
        for item in stack["Parameters"]
    ]
    target.cloudformation.update_stack(
        StackName=target.stack, UsePreviousTemplate=True, Parameters=parameters, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    while (status := find_stack(target)["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(0.2)
    return str(status)


def test_update_without_a_change_is_none_and_a_change_reaches_the_environment(target: Target) -> None:
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        _update(target)
    assert _update(target, PollSeconds="7", WebserverAccessMode="PUBLIC_ONLY") == "UPDATE_COMPLETE"
    found = load_deployed(target).environment
    assert found["AirflowConfigurationOptions"]["lake.poll_seconds"] == "7"
    assert found["WebserverAccessMode"] == "PUBLIC_ONLY"
    assert _update(target, PollSeconds="30", WebserverAccessMode="PRIVATE_ONLY") == "UPDATE_COMPLETE"


def test_version_that_does_not_exist_rolls_the_stack_back(target: Target) -> None:
    before = load_deployed(target).environment["AirflowConfigurationOptions"]
    assert _update(target, RequirementsVersion="none", PollSeconds="9") == "UPDATE_ROLLBACK_COMPLETE"
    events = target.cloudformation.describe_stack_events(StackName=target.stack)["StackEvents"]
    reasons = [item.get("ResourceStatusReason", "") for item in events if item["ResourceStatus"] == "UPDATE_FAILED"]
    assert "Unable to access version none of requirements.txt" in reasons[0]
    assert load_deployed(target).environment["AirflowConfigurationOptions"] == before
