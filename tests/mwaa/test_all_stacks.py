"""All stacks of an environment, deployed as README says, with the parameters of dev and of prod; read back; deleted."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.environment import aws_variables
from local.settings import load_settings
from tests.conftest import REPOSITORY, LocalAws, run_local, start_watchdog, stop_by_watchdog
from tests.mwaa.readback import stack_differences

# mwaa/cloudformation/parameters/README.md; deleted in the opposite order.
STACKS = ("templates", "network", "lake", "products", "environment", "canary", "alarms", "github-oidc")
_DEPLOYER = "DeployerArn=arn:aws:iam::123456789012:user/local-admin"


@pytest.fixture(scope="module", params=["dev", "prod"])
def environment(request: pytest.FixtureRequest, no_spark: None) -> Iterator[LocalAws]:
    """An account with one environment in it; the lake is there as the laptop has it and becomes the environment's."""
    state = Path(tempfile.mkdtemp(prefix="sluice-test.")).resolve()
    watchdog = start_watchdog(state)
    try:
        replace(load_settings(state), env=request.param).save()
        started = run_local(state, "up")
        assert started.returncode == 0, f"`local up` failed:\n{started.stdout}\n{started.stderr}"
        yield LocalAws(load_settings(state))
    finally:
        stop_by_watchdog(watchdog)


def deploy_stacks(aws: LocalAws) -> list[str]:
    """:return: what ``mwaa.deploy stacks`` printed"""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables |= aws_variables(aws.settings, "local-admin") | {"PYTHONPATH": str(REPOSITORY)}
    command = [str(REPOSITORY / ".venv/airflow/bin/python"), "-m", "mwaa.deploy", "stacks"]
    finished = subprocess.run(
        [*command, "--env", aws.settings.env, "--parameter", _DEPLOYER],
        cwd=REPOSITORY,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    *stacks, _done = finished.stderr.splitlines()
    return stacks


def test_every_stack_deploys_and_every_property_is_what_its_service_says(environment: LocalAws) -> None:
    deploy_stacks(environment)
    cloudformation = environment.client("cloudformation")
    for stack in STACKS:
        (found,) = cloudformation.describe_stacks(StackName=environment.name(stack))["Stacks"]
        assert found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack
        assert stack_differences(environment, environment.name(stack)) == [], stack


def test_the_warehouse_has_its_daily_usage_limit(environment: LocalAws) -> None:
    """The one thing of the lake that CloudFormation has no type for."""
    file = REPOSITORY / "mwaa" / "cloudformation" / "parameters" / f"{environment.settings.env}.json"
    given = {item["ParameterKey"]: item["ParameterValue"] for item in json.loads(file.read_text())["lake"]}
    (limit,) = environment.client("redshift-serverless").list_usage_limits()["usageLimits"]
    assert (limit["period"], limit["breachAction"]) == ("daily", "deactivate")
    assert limit["amount"] == int(given["RedshiftDailyRpuHours"])


def test_again_there_is_nothing_to_change(environment: LocalAws) -> None:
    assert deploy_stacks(environment) == [f"{environment.name(stack)}: nothing to change" for stack in STACKS]


def empty(aws: LocalAws, bucket: str) -> None:
    """As the page on teardown says: this one bucket is not kept, so it must be empty."""
    s3 = aws.client("s3")
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def test_every_stack_is_deleted(environment: LocalAws) -> None:
    cloudformation = environment.client("cloudformation")
    empty(environment, environment.name("templates"))
    for stack in reversed(STACKS):
        (found,) = cloudformation.describe_stacks(StackName=environment.name(stack))["Stacks"]
        cloudformation.delete_stack(StackName=found["StackId"])
        while found["StackStatus"] not in {"DELETE_COMPLETE", "DELETE_FAILED"}:
            time.sleep(0.2)
            (found,) = cloudformation.describe_stacks(StackName=found["StackId"])["Stacks"]
        events = cloudformation.describe_stack_events(StackName=found["StackId"])["StackEvents"]
        failed = {item["LogicalResourceId"]: item["ResourceStatusReason"] for item in events
                  if item["ResourceStatus"] == "DELETE_FAILED"}  # fmt: skip
        assert (found["StackStatus"], failed) == ("DELETE_COMPLETE", {}), stack
    assert environment.client("mwaa").list_environments()["Environments"] == []
    assert environment.client("redshift-serverless").list_usage_limits()["usageLimits"] == []
