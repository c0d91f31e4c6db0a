"""The MWAA emulator's API: what it refuses, which states an environment goes through, what survives."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import LocalAws

TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
BUSY = {"CREATING", "UPDATING", "ROLLING_BACK", "DELETING"}


@dataclass
class Bench:
    """:param request: a request of CreateEnvironment that is accepted; its name is not taken yet."""

    aws: LocalAws
    bucket: str
    request: dict[str, Any]

    @cached_property
    def mwaa(self) -> Any:
        return self.aws.client("mwaa")

    def put(self, key: str, body: bytes) -> str:
        return str(self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)["VersionId"])

    def create(self, **changes: Any) -> dict[str, Any]:
        self.mwaa.create_environment(**(self.request | changes))
        return self.settled()

    def environment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.mwaa.get_environment(Name=self.request["Name"])["Environment"]
        return found

    def settled(self) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (found := self.environment())["Status"] in BUSY:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def source(local_aws: LocalAws) -> Iterator[tuple[str, str]]:
    """A versioned bucket, and a role that MWAA may assume and that may read it."""
    name = f"sluice-mwaa-{uuid.uuid4().hex[:8]}"
    iam, s3 = local_aws.client("iam"), local_aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    read = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"arn:aws:s3:::{name}/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{name}"},
    ]
    iam.put_role_policy(
        RoleName=name, PolicyName="read", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": read})
    )
    yield name, arn
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)


@pytest.fixture
def bench(local_aws: LocalAws, source: tuple[str, str]) -> Iterator[Bench]:
    bucket, role = source
    name = f"probe-{uuid.uuid4().hex[:8]}"
    request = {
        "Name": name,
        "ExecutionRoleArn": role,
        "SourceBucketArn": f"arn:aws:s3:::{bucket}",
        "DagS3Path": "dags",
        "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        "EnvironmentClass": "mw1.micro",
    }
    bench = Bench(local_aws, bucket, request)
    yield bench
    if name in bench.mwaa.list_environments()["Environments"]:
        bench.settled()
        bench.mwaa.delete_environment(Name=name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"AirflowVersion": "latest"}, "three numbers are expected"),
        ({"AirflowVersion": "2.7.2"}, "not supported by the local AWS; supported versions: 3.3.1"),
        ({"RequirementsS3Path": "requirements.txt"}, "needs RequirementsS3ObjectVersion"),
        ({"PluginsS3ObjectVersion": "1"}, "given without PluginsS3Path"),
        (
            {"PluginsS3Path": "plugins.zip", "PluginsS3ObjectVersion": "no"},
            "Unable to access version no of plugins.zip",
        ),
        ({"SourceBucketArn": "arn:aws:s3:::sluice-nobodys-bucket"}, "Unable to read the bucket sluice-nobodys-bucket"),
        ({"ExecutionRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "role/nobody does not exist"),
        ({"AirflowConfigurationOptions": {"core.executor": "LocalExecutor"}}, "MWAA sets this itself"),
        ({"AirflowConfigurationOptions": {"core": "x"}}, "not a name that MWAA accepts"),
        ({"AirflowConfigurationOptions": {"Core.X": "x"}}, "failed to satisfy constraint"),
        ({"EnvironmentClass": "mw1.huge"}, "valid values are mw1.micro"),
        ({"MaxWebservers": 3}, "of class mw1.micro takes 1"),
        ({"MinWorkers": 3, "MaxWorkers": 2}, "MinWorkers 3 is more than MaxWorkers 2"),
        ({"WebserverAccessMode": "OPEN"}, "enum value set"),
        ({"WeeklyMaintenanceWindowStart": "SUN:25:00"}, "regular expression pattern"),
        ({"Tags": {"sluice:next-update": "explode"}}, "write 'UPDATE_FAILED <code> <message>'"),
        ({"Name": "1st"}, "regular expression pattern"),
    ],
)
def test_wrong_request_is_refused_at_once(bench: Bench, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError) as refused:
        bench.mwaa.create_environment(**(bench.request | changes))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert said in refused.value.response["Error"]["Message"]
    assert bench.request["Name"] not in bench.mwaa.list_environments()["Environments"]


@pytest.mark.parametrize("subnets", [["subnet-1", "subnet-1"], ["subnet-1", "subnet-2", "subnet-3"]])
def test_exactly_two_subnets(bench: Bench, subnets: list[str]) -> None:
    network = {"SubnetIds": subnets, "SecurityGroupIds": ["sg-1"]}
    with pytest.raises(ClientError, match=r"exactly 2 different subnets|less than or equal to 2"):
        bench.mwaa.create_environment(**(bench.request | {"NetworkConfiguration": network}))


def test_bucket_without_versions_is_refused(bench: Bench) -> None:
    name = f"{bench.bucket}-plain"
    bench.aws.client("s3").create_bucket(Bucket=name)
    with pytest.raises(ClientError, match="must have versioning enabled"):
        bench.mwaa.create_environment(**(bench.request | {"SourceBucketArn": f"arn:aws:s3:::{name}"}))


def test_environment_that_is_not_there(bench: Bench) -> None:
    for call in ("get_environment", "delete_environment", "update_environment"):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            getattr(bench.mwaa, call)(Name="nobody")
    with pytest.raises(ClientError, match="UnknownOperationException"):
        bench.mwaa.create_cli_token(Name="nobody")


def test_created_environment_shows_what_it_was_given_and_its_defaults(bench: Bench) -> None:
    version = bench.put("requirements.txt", b"# none\n")
    bench.mwaa.create_environment(
        **bench.request,
        RequirementsS3Path="requirements.txt",
        RequirementsS3ObjectVersion=version,
        AirflowConfigurationOptions={"lake.env": "probe"},
        LoggingConfiguration={"WorkerLogs": {"Enabled": True, "LogLevel": "INFO"}},
        Tags={"team": "lake", "sluice:update-seconds": "2"},
    )
    assert bench.environment()["Status"] == "CREATING"
    with pytest.raises(ClientError, match="already exists"):
        bench.mwaa.create_environment(**bench.request)
    with pytest.raises(ClientError, match="is CREATING"):
        bench.mwaa.update_environment(Name=bench.request["Name"], MaxWorkers=1)
    found = bench.settled()
    assert found["Status"] == "AVAILABLE"
    assert found["RequirementsS3ObjectVersion"] == version
    assert found["AirflowVersion"] == "3.3.1"
    assert (found["Schedulers"], found["MaxWebservers"], found["MaxWorkers"]) == (1, 1, 1)
    assert found["LastUpdate"]["Status"] == "SUCCESS"
    group = f"airflow-{bench.request['Name']}-Worker"
    assert found["LoggingConfiguration"]["WorkerLogs"]["CloudWatchLogGroupArn"].endswith(f":log-group:{group}")
    assert found["LoggingConfiguration"]["TaskLogs"] == {"Enabled": False}
    assert found["Tags"]["team"] == "lake"
    groups = bench.aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [item["logGroupName"] for item in groups] == [group]


def test_failed_update_restores_the_environment_and_leaves_it_usable(bench: Bench) -> None:
    arn = bench.create(AirflowConfigurationOptions={"lake.env": "before"})["Arn"]
    bench.mwaa.tag_resource(ResourceArn=arn, Tags={"sluice:next-update": "UPDATE_FAILED INTERNAL_ERROR No capacity"})
    change = {"Name": bench.request["Name"], "AirflowConfigurationOptions": {"lake.env": "after"}}
    bench.mwaa.update_environment(**change, WorkerReplacementStrategy="GRACEFUL")
    found = bench.settled()
    assert found["Status"] == "UPDATE_FAILED"
    assert found["LastUpdate"]["Error"] == {"ErrorCode": "INTERNAL_ERROR", "ErrorMessage": "No capacity"}
    assert found["LastUpdate"]["WorkerReplacementStrategy"] == "GRACEFUL"
    assert found["AirflowConfigurationOptions"] == {"lake.env": "before"}

    bench.mwaa.update_environment(**change)  # the order is used up
    found = bench.settled()
    assert (found["Status"], found["AirflowConfigurationOptions"]) == ("AVAILABLE", {"lake.env": "after"})


def test_update_that_is_not_restored_leaves_nothing_but_deletion(bench: Bench) -> None:
    arn = bench.create()["Arn"]
    bench.mwaa.tag_resource(ResourceArn=arn, Tags={"sluice:next-update": "UNAVAILABLE INTERNAL_ERROR Lost"})
    bench.mwaa.update_environment(Name=bench.request["Name"], AirflowConfigurationOptions={"lake.env": "x"})
    assert bench.settled()["Status"] == "UNAVAILABLE"
    with pytest.raises(ClientError, match="is UNAVAILABLE"):
        bench.mwaa.update_environment(Name=bench.request["Name"], AirflowConfigurationOptions={"lake.env": "x"})
    with pytest.raises(ClientError, match="is UNAVAILABLE"):
        bench.mwaa.invoke_rest_api(Name=bench.request["Name"], Method="GET", Path="/dags")


def test_startup_script_that_ends_bash_keeps_the_environment_from_being_created(bench: Bench) -> None:
    version = bench.put("startup.sh", b"set -e\nfalse\n")
    found = bench.create(StartupScriptS3Path="startup.sh", StartupScriptS3ObjectVersion=version)
    assert found["Status"] == "CREATE_FAILED"
    assert found["LastUpdate"]["Error"]["ErrorCode"] == "INCORRECT_CONFIGURATION"


def test_role_that_may_not_read_the_bucket_fails_the_creation(bench: Bench) -> None:
    iam, name = bench.aws.client("iam"), f"{bench.request['Name']}-blind"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    version = bench.put("requirements.txt", b"# none\n")
    pinned = {"RequirementsS3Path": "requirements.txt", "RequirementsS3ObjectVersion": version}
    found = bench.create(ExecutionRoleArn=role, **pinned)
    assert found["Status"] == "CREATE_FAILED"
    assert "execution role cannot read the source bucket" in found["LastUpdate"]["Error"]["ErrorMessage"]
    iam.delete_role(RoleName=name)


def test_role_that_does_not_trust_mwaa_is_refused(bench: Bench) -> None:
    with pytest.raises(ClientError, match=r"does not name airflow-env\.amazonaws\.com and airflow\.amazonaws\.com"):
        bench.create(ExecutionRoleArn=bench.aws.settings.role_arn("glue"))


def test_pinned_file_is_taken_away_by_an_empty_path(bench: Bench) -> None:
    version = bench.put("requirements.txt", b"# none\n")
    bench.create(RequirementsS3Path="requirements.txt", RequirementsS3ObjectVersion=version)
    bench.mwaa.update_environment(Name=bench.request["Name"], RequirementsS3Path="")
    found = bench.settled()
    assert "RequirementsS3Path" not in found
    assert "RequirementsS3ObjectVersion" not in found


def test_tags(bench: Bench) -> None:
    arn = bench.create(Tags={"a": "1"})["Arn"]
    bench.mwaa.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    bench.mwaa.untag_resource(ResourceArn=arn, tagKeys=["a"])
    assert bench.mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}


def test_list_in_pages(bench: Bench) -> None:
    bench.create()
    first = bench.mwaa.list_environments(MaxResults=1)
    names = first["Environments"]
    while "NextToken" in first:
        first = bench.mwaa.list_environments(MaxResults=1, NextToken=first["NextToken"])
        names += first["Environments"]
    assert names == bench.mwaa.list_environments()["Environments"]
    assert bench.request["Name"] in names


def test_deleted_environment_is_gone(bench: Bench) -> None:
    bench.create()
    bench.mwaa.delete_environment(Name=bench.request["Name"])
    deadline = time.monotonic() + 30
    while bench.request["Name"] in bench.mwaa.list_environments()["Environments"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bench.environment()


def test_rest_path_is_checked_before_airflow_is_started(bench: Bench) -> None:
    bench.create()
    for path, said in (("dags", "a path of the REST API is expected"), ("/" + "d" * 64, "less than or equal to 64")):
        with pytest.raises(ClientError, match=said):
            bench.mwaa.invoke_rest_api(Name=bench.request["Name"], Method="GET", Path=path)
    assert "WebserverUrl" not in bench.environment()
