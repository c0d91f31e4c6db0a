"""alarms.yaml on the local AWS: read back, nothing to do, changed, deleted; and what the canary does to its alarms."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import stack
from local.services.cloudformation.template import parse_template
from local.services.cloudwatch.models import AlarmsBackend
from tests.conftest import LocalAws
from tests.mwaa.readback import stack_differences

REPOSITORY = Path(__file__).parents[2]
TEMPLATE = REPOSITORY / "mwaa" / "cloudformation" / "alarms.yaml"
ALARMS = {
    name: item.properties
    for name, item in parse_template(TEMPLATE.read_text(encoding="utf-8")).resources.items()
    if item.type_name == "AWS::CloudWatch::Alarm"
}
# An environment of its own: nobody publishes its metrics, and its topic does not exist.
ENV = "alarmtest"
NUMBERS = {"CanarySilenceHours": 2, "CanarySlowSeconds": 1200, "SchedulerSilencePeriods": 3, "QueuedTasks": 20,
           "WarehouseComputeSeconds": 57600}  # fmt: skip


def deploy(aws: LocalAws, **parameters: str) -> list[dict[str, Any]]:
    """:return: the stack's events of this deployment"""
    client, name = aws.client("cloudformation"), aws.name("alarms")
    before = events(client, name)
    stack.deploy_template(aws.settings, TEMPLATE, {"Prefix": "sluice", "Env": ENV, **parameters})
    return events(client, name)[: len(events(client, name)) - len(before)]


def events(client: Any, name: str) -> list[dict[str, Any]]:
    try:
        return list(client.describe_stack_events(StackName=name)["StackEvents"])
    except client.exceptions.ClientError:
        return []


@pytest.fixture(scope="module")
def deployed(local_aws: LocalAws) -> Iterator[LocalAws]:
    deploy(local_aws)
    yield local_aws
    local_aws.delete_stack("alarms")


def alarms(aws: LocalAws) -> dict[str, dict[str, Any]]:
    found = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"sluice-{ENV}-")["MetricAlarms"]
    return {alarm["AlarmName"]: alarm for alarm in found}


def resolved(value: Any, parameters: dict[str, Any]) -> Any:
    """What a property of this template is: its functions are Ref to a parameter and Sub of names."""
    if isinstance(value, list):
        return [resolved(item, parameters) for item in value]
    if isinstance(value, dict) and "Ref" in value:
        return parameters[value["Ref"]]
    if isinstance(value, dict) and "Fn::Sub" in value:
        known = parameters | {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(known[found.group(1)]), value["Fn::Sub"])
    if isinstance(value, dict):
        return {key: resolved(item, parameters) for key, item in value.items()}
    return value


def expected(parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    known = {"Prefix": "sluice", "Env": ENV, "ActionsEnabled": True, **NUMBERS, **parameters}
    return {item["AlarmName"]: item for item in (resolved(properties, known) for properties in ALARMS.values())}


def shown(aws: LocalAws, wanted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The properties of the template as DescribeAlarms shows them."""
    return {name: {key: alarm.get(key) for key in wanted[name]} for name, alarm in alarms(aws).items()}


def test_every_property_is_read_back(deployed: LocalAws) -> None:
    wanted = expected({})
    assert len(wanted) == 8
    assert shown(deployed, wanted) == wanted
    assert stack_differences(deployed, deployed.name("alarms")) == []


def test_deploying_again_changes_nothing(deployed: LocalAws) -> None:
    assert deploy(deployed) == []


def test_changed_parameters_reach_the_alarms(deployed: LocalAws) -> None:
    changed = {"ActionsEnabled": "false", "CanarySilenceHours": "5", "QueuedTasks": "7", "CanarySlowSeconds": "60",
               "SchedulerSilencePeriods": "2", "WarehouseComputeSeconds": "100"}  # fmt: skip
    touched = {event["LogicalResourceId"] for event in deploy(deployed, **changed)}
    assert touched >= set(ALARMS)
    numbers = {name: int(value) for name, value in changed.items() if value.isdigit()}
    wanted = expected(numbers | {"ActionsEnabled": False})
    assert shown(deployed, wanted) == wanted
    deploy(deployed, **{name: str(value) for name, value in NUMBERS.items()}, ActionsEnabled="true")


def test_an_alarm_of_the_same_name_is_not_taken_over(local_aws: LocalAws, deployed: LocalAws, tmp_path: Path) -> None:
    copy = tmp_path / "alarmscopy.yaml"
    copy.write_text(TEMPLATE.read_text(encoding="utf-8"))
    with pytest.raises(stack.StackFailed, match=r"CanarySilent.*already exists"):
        stack.deploy_template(local_aws.settings, copy, {"Prefix": "sluice", "Env": ENV})
    local_aws.client("cloudformation").delete_stack(StackName=local_aws.name("alarmscopy"))


def test_every_alarm_tells_the_lakes_topic_and_is_in_the_runbook(deployed: LocalAws) -> None:
    runbook = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
    for name, alarm in alarms(deployed).items():
        assert alarm["AlarmActions"] == [f"arn:aws:sns:us-east-1:123456789012:sluice-{ENV}-alerts"]
        section = name.removeprefix(f"sluice-{ENV}-")
        assert f"docs/runbook.md#{section}" in alarm["AlarmDescription"]
        assert f"### {section}\n" in runbook, f"docs/runbook.md has no section {section}"


def test_deleting_removes_every_alarm(deployed: LocalAws) -> None:
    deployed.delete_stack("alarms")
    assert alarms(deployed) == {}
    deploy(deployed)


class TestCanaryAlarms:
    """What the canary's metrics do to the alarms as they are deployed, by a clock of the test's own."""

    def state(self, hours_ago: dict[float, tuple[float, float | None]], alarm: str) -> str:
        """:param hours_ago: success and age of each canary run"""
        now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
        wanted = expected({})[f"sluice-{ENV}-{alarm}"]
        backend = AlarmsBackend("us-east-1", "123456789012")
        backend.put_metric_alarm(
            name="a", namespace=wanted["Namespace"], metric_name=wanted["MetricName"],
            comparison_operator=wanted["ComparisonOperator"], evaluation_periods=wanted["EvaluationPeriods"],
            period=wanted["Period"], threshold=wanted["Threshold"], statistic=wanted["Statistic"], description="",
            dimensions=wanted["Dimensions"], alarm_actions=[], unit=wanted.get("Unit"),
            datapoints_to_alarm=wanted["DatapointsToAlarm"], treat_missing_data=wanted["TreatMissingData"],
        )  # fmt: skip
        dimensions = [{"Name": "Prefix", "Value": "sluice"}, {"Name": "Env", "Value": ENV}]
        # Oldest first, and the alarm looks after each run, as the clock does.
        for ago, (success, age) in sorted(hours_ago.items(), reverse=True):
            moment = now - timedelta(hours=ago)
            data = [{"MetricName": "CanarySucceeded", "Value": success, "Unit": "Count"}]
            data += [{"MetricName": "CanaryAgeSeconds", "Value": age, "Unit": "Seconds"}] if age is not None else []
            backend.put_metric_data("Sluice", [item | {"Dimensions": dimensions, "Timestamp": moment} for item in data])
            backend.evaluate_alarms(moment + timedelta(minutes=1))
        backend.evaluate_alarms(now)
        return str(backend.alarms["a"].state_value)

    def test_hourly_success_is_fine(self) -> None:
        runs = dict.fromkeys((0.5, 1.5, 2.5, 3.5), (1.0, 300.0))
        assert [self.state(runs, alarm) for alarm in ("canary-silent", "canary-failed", "canary-slow")] == ["OK"] * 3

    def test_one_failure_alarms_and_stays_until_the_next_run(self) -> None:
        runs: dict[float, tuple[float, float | None]] = {4.5: (0.0, None), 5.5: (1.0, 300.0)}
        assert self.state(runs, "canary-failed") == "ALARM"
        assert self.state({**runs, 0.5: (1.0, 300.0)}, "canary-failed") == "OK"

    def test_two_failures_are_silence(self) -> None:
        runs: dict[float, tuple[float, float | None]] = {0.5: (0.0, None), 1.5: (0.0, None), 2.5: (1.0, 300.0)}
        assert self.state(runs, "canary-silent") == "ALARM"

    def test_a_canary_that_is_gone_alarms(self) -> None:
        assert self.state({1.5: (1.0, 300.0), 2.5: (1.0, 300.0)}, "canary-silent") == "OK"
        assert self.state({4.5: (1.0, 300.0), 5.5: (1.0, 300.0)}, "canary-silent") == "ALARM"
        assert self.state({}, "canary-silent") == "ALARM"

    def test_slow_twice_in_three_hours(self) -> None:
        fast, slow = (1.0, 300.0), (1.0, 1500.0)
        assert self.state({0.5: slow, 1.5: fast, 2.5: fast}, "canary-slow") == "OK"
        assert self.state({0.5: slow, 1.5: fast, 2.5: slow}, "canary-slow") == "ALARM"


def test_a_silent_environment_is_seen_by_the_running_clock(deployed: LocalAws) -> None:
    """Nobody publishes metrics of this environment: what must not be silent is in alarm within seconds."""
    deadline = time.monotonic() + 30
    while True:
        states = {name.removeprefix(f"sluice-{ENV}-"): alarm["StateValue"] for name, alarm in alarms(deployed).items()}
        if states["canary-silent"] == states["scheduler-silent"] == "ALARM" and states["deliveries-lost"] == "OK":
            break
        assert time.monotonic() < deadline, states
        time.sleep(0.2)
    assert states["canary-failed"] == "INSUFFICIENT_DATA", "missing data is ignored: nothing was published yet"
