"""Alarms over the API: what is refused, when their state changes, and whom they tell."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.services.cloudwatch.models import AlarmsBackend
from local.services.cloudwatch.notices import lets_cloudwatch_publish, message
from tests.conftest import LocalAws

ACCOUNT = "123456789012"
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FRESHNESS = {
    "Namespace": "Test",
    "MetricName": "Age",
    "Statistic": "Maximum",
    "Period": 10,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def name(local_aws: LocalAws) -> Iterator[str]:
    chosen = f"test-{uuid.uuid4().hex[:12]}"
    yield chosen
    local_aws.client("cloudwatch").delete_alarms(AlarmNames=[chosen])


@pytest.fixture
def letterbox(local_aws: LocalAws, name: str) -> Iterator[tuple[str, str]]:
    """A topic and the URL of a queue that receives what it is told."""
    sns, sqs = local_aws.client("sns"), local_aws.client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}",
        Attributes={"RawMessageDelivery": "true"},
    )  # fmt: skip
    yield topic, queue
    sns.delete_topic(TopicArn=topic)
    sqs.delete_queue(QueueUrl=queue)


def described(local_aws: LocalAws, name: str) -> dict[str, Any]:
    (alarm,) = local_aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(alarm)


def wait_for(read: Any, done: Any, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not done(value := read()):
        assert time.monotonic() < deadline, value
        time.sleep(0.2)
    return value


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p99"}, "does not evaluate percentiles"),
        ({"ThresholdMetricId": "ad1"}, "does not evaluate anomaly detection"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "'comparisonOperator' failed to satisfy constraint"),
        ({"Statistic": "Median"}, "'statistic' failed to satisfy constraint"),
        ({"TreatMissingData": "breach"}, "'treatMissingData' failed to satisfy constraint"),
        ({"Period": 45}, "must be 10, 20, 30 or a multiple of 60"),
        ({"Period": 86400, "EvaluationPeriods": 8}, "more than 7 day"),
        ({"Period": 60, "EvaluationPeriods": 1441}, "more than 1 day"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be between 1 and EvaluationPeriods"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "performs SNS topics"),
        ({"Threshold": None}, "Threshold is required"),
        ({"Namespace": None}, "Namespace is required"),
    ],
)
def test_what_is_not_evaluated_is_refused(local_aws: LocalAws, name: str, changed: dict[str, Any], said: str) -> None:
    request = {key: value for key, value in (FRESHNESS | changed).items() if value is not None}
    with pytest.raises(ClientError) as refused:
        local_aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **request)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert said in refused.value.response["Error"]["Message"]
    assert local_aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_metric_math_and_composite_alarms_are_refused(local_aws: LocalAws, name: str) -> None:
    cloudwatch = local_aws.client("cloudwatch")
    query = {"Id": "m1", "Expression": "1 + 1", "ReturnData": True}
    with pytest.raises(ClientError, match="does not evaluate metric math"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, Metrics=[query], EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold"
        )
    with pytest.raises(ClientError, match="does not evaluate composite alarms"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="ALARM(other)")


def test_silence_that_breaches_tells_the_topic(local_aws: LocalAws, name: str, letterbox: tuple[str, str]) -> None:
    topic, queue = letterbox
    local_aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name, TreatMissingData="breaching", AlarmActions=[topic], AlarmDescription="why", **FRESHNESS
    )
    alarm = wait_for(lambda: described(local_aws, name), lambda a: a["StateValue"] == "ALARM")
    assert "no datapoints were received" in alarm["StateReason"]
    received = wait_for(
        lambda: local_aws.client("sqs").receive_message(QueueUrl=queue).get("Messages", []), lambda m: m
    )
    told = json.loads(received[0]["Body"])
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == (name, "INSUFFICIENT_DATA", "ALARM")
    assert told["AlarmDescription"] == "why"
    assert told["Trigger"]["Statistic"] == "MAXIMUM"
    history = local_aws.client("cloudwatch").describe_alarm_history(AlarmName=name, HistoryItemType="Action")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"]] == [
        f"Successfully executed action {topic}"
    ]


def test_a_topic_that_does_not_name_cloudwatch_hears_nothing(
    local_aws: LocalAws, name: str, letterbox: tuple[str, str]
) -> None:
    topic, queue = letterbox
    own_account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sns:Publish",
                   "Resource": topic}  # fmt: skip
    local_aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [own_account]})
    )
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=name, TreatMissingData="breaching", AlarmActions=[topic], **FRESHNESS)
    (item,) = wait_for(
        lambda: cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"],
        lambda items: items,
    )
    assert "not authorized to perform: SNS:Publish" in item["HistorySummary"]
    assert "Messages" not in local_aws.client("sqs").receive_message(QueueUrl=queue)


def test_the_lakes_own_topic_lets_alarms_in(local_aws: LocalAws) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:{local_aws.name('alerts')}"
    policy = json.loads(local_aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert lets_cloudwatch_publish(policy, topic, f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:a", ACCOUNT)
    assert not lets_cloudwatch_publish(
        policy, topic, "arn:aws:cloudwatch:us-east-1:999999999999:alarm:a", "999999999999"
    )


def test_an_alarm_that_may_not_act_changes_its_state_only(
    local_aws: LocalAws, name: str, letterbox: tuple[str, str]
) -> None:
    topic, queue = letterbox
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, TreatMissingData="breaching", AlarmActions=[topic], ActionsEnabled=False, **FRESHNESS
    )
    wait_for(lambda: described(local_aws, name), lambda a: a["StateValue"] == "ALARM")
    assert cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"] == []
    assert "Messages" not in local_aws.client("sqs").receive_message(QueueUrl=queue)


def test_a_state_set_by_hand_acts_and_does_not_last(local_aws: LocalAws, name: str, letterbox: tuple[str, str]) -> None:
    topic, queue = letterbox
    cloudwatch = local_aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=name, TreatMissingData="notBreaching", AlarmActions=[topic], **FRESHNESS)
    wait_for(lambda: described(local_aws, name), lambda a: a["StateValue"] == "OK")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    (message,) = wait_for(
        lambda: local_aws.client("sqs").receive_message(QueueUrl=queue).get("Messages", []), lambda m: m
    )
    assert json.loads(message["Body"])["NewStateReason"] == "a drill"
    wait_for(lambda: described(local_aws, name), lambda a: a["StateValue"] == "OK")
    with pytest.raises(ClientError, match="ValidationError"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="RED", StateReason="x")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName=name + "x", StateValue="OK", StateReason="x")


def test_a_changed_alarm_keeps_its_state_until_it_is_evaluated() -> None:
    backend = AlarmsBackend("us-east-1", ACCOUNT)
    put(backend, treat_missing_data="breaching")
    assert [change.before for change in backend.evaluate_alarms(NOON)] == ["INSUFFICIENT_DATA"]
    put(backend, treat_missing_data="ignore")
    assert backend.alarms["a"].state_value == "ALARM"
    assert backend.evaluate_alarms(NOON) == []


def test_a_change_is_told_as_it_was_though_the_next_one_has_come() -> None:
    backend = AlarmsBackend("us-east-1", ACCOUNT)
    put(backend, treat_missing_data="breaching", alarm_actions=["arn:of:alarms"], ok_actions=["arn:of:ok"])
    (change,) = backend.evaluate_alarms(NOON)
    backend.alarms["a"].update_state("seen again", "{}", "OK")
    assert change.topics == ["arn:of:alarms"]
    assert json.loads(message(change, ACCOUNT))["NewStateValue"] == "ALARM"


def put(backend: AlarmsBackend, **changed: Any) -> None:
    settings: dict[str, Any] = {
        "name": "a",
        "namespace": "Test",
        "metric_name": "Age",
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 2,
        "period": 60,
        "threshold": 5,
        "statistic": "Sum",
        "description": "",
        "dimensions": [{"Name": "Env", "Value": "dev"}],
        "alarm_actions": [],
    }
    backend.put_metric_alarm(**settings | changed)


def datum(value: float, moment: datetime, env: str = "dev", **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": "Env", "Value": env}, *more.pop("dimensions", [])]
    return {"MetricName": "Age", "Dimensions": dimensions, "Value": value, "Timestamp": moment, **more}


class TestData:
    """Which data points belong to an alarm, by a clock of the test's own."""

    def states(self, *data: dict[str, Any], **changed: Any) -> str:
        backend = AlarmsBackend("us-east-1", ACCOUNT)
        put(backend, **changed)
        backend.put_metric_data("Test", list(data))
        backend.evaluate_alarms(NOON)
        return str(backend.alarms["a"].state_value)

    def test_two_periods_out_of_bounds(self) -> None:
        minutes = [NOON - timedelta(seconds=seconds) for seconds in (30, 90)]
        assert self.states(*(datum(6, moment) for moment in minutes)) == "ALARM"
        assert self.states(datum(6, minutes[0]), datum(5, minutes[1])) == "OK"

    def test_the_sum_of_a_period_counts(self) -> None:
        moments = [NOON - timedelta(seconds=seconds) for seconds in (10, 20, 70, 80)]
        assert self.states(*(datum(3, moment) for moment in moments)) == "ALARM"
        assert self.states(*(datum(3, moment) for moment in moments), statistic="Average") == "OK"

    def test_a_period_that_is_not_over_does_not_count(self) -> None:
        assert self.states(datum(9, NOON + timedelta(seconds=1)), datum(0, NOON - timedelta(seconds=1))) == "OK"

    @pytest.mark.parametrize("other", [{"env": "prod"}, {"dimensions": [{"Name": "More", "Value": "1"}]}])
    def test_another_metric_does_not_count(self, other: dict[str, Any]) -> None:
        moments = [NOON - timedelta(seconds=seconds) for seconds in (30, 90)]
        assert self.states(*(datum(6, moment, **other) for moment in moments)) == "INSUFFICIENT_DATA"

    def test_another_unit_does_not_count(self) -> None:
        moments = [NOON - timedelta(seconds=seconds) for seconds in (30, 90)]
        data = [datum(6, moment, Unit="Seconds") for moment in moments]
        assert self.states(*data, unit="Seconds") == "ALARM"
        assert self.states(*data, unit="Count") == "INSUFFICIENT_DATA"

    def test_data_older_than_two_weeks_is_dropped(self) -> None:
        backend = AlarmsBackend("us-east-1", ACCOUNT)
        backend.put_metric_data("Test", [datum(1, NOON - timedelta(days=days)) for days in (1, 16)])
        backend.forget_old_data(NOON)
        assert [item.timestamp for item in backend.metric_data] == [NOON - timedelta(days=1)]
