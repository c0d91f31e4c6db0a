"""A failure reaches people with the engine's words; an alert that cannot be sent never fails the task."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lake.alerts import FailureAlert, warn
from tests.dags.running import context

if TYPE_CHECKING:
    from tests.conftest import LocalAws


@pytest.fixture
def topic(aws: LocalAws) -> str:
    """The lake's topic: the one that Airflow's role may publish to."""
    found: list[dict[str, str]] = aws.client("sns").list_topics()["Topics"]
    (arn,) = [item["TopicArn"] for item in found if item["TopicArn"].endswith(f":{aws.name('alerts')}")]
    return arn


@pytest.fixture
def messages(aws: LocalAws, topic: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Reads what was published to the topic, through a subscribed queue."""
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName=f"alerts-{uuid.uuid4().hex}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

    def receive() -> list[dict[str, Any]]:
        received = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in received]

    yield receive
    aws.client("sns").unsubscribe(SubscriptionArn=subscription)
    queues.delete_queue(QueueUrl=url)


def failed_task() -> dict[str, Any]:
    """:return: the context Airflow hands to callbacks of a failed task"""
    given = context()
    given["ti"].dag_id, given["ti"].task_id = "online_retail_daily", "clean_rows"
    given["exception"] = AirflowFailException("Glue job ended FAILED: SchemaMismatch: no column Quantity")
    return given


def test_a_failure_says_what_where_why_and_what_next(topic: str, messages: Callable[[], list[dict[str, Any]]]) -> None:
    FailureAlert(topic).notify(failed_task())
    (message,) = messages()
    assert message["Subject"] == "FAILED online_retail_daily.clean_rows 2010-12-01"
    for words in ("SchemaMismatch: no column Quantity", "docs/runbook.md#online_retail_daily", "2010-12-01"):
        assert words in message["Message"]


def test_a_long_error_with_odd_characters_is_still_delivered(
    topic: str, messages: Callable[[], list[dict[str, Any]]]
) -> None:
    given = failed_task()
    given["ti"].task_id = "clean_" + "é" * 200
    given["exception"] = AirflowFailException("x" * 300_000)
    FailureAlert(topic).notify(given)
    (message,) = messages()
    assert len(message["Subject"]) == 100
    assert len(message["Message"]) < 10_000


@pytest.mark.parametrize("arn", ["", "arn:aws:sns:us-east-1:123456789012:gone"], ids=["no topic", "topic is gone"])
def test_an_alert_that_cannot_be_sent_raises_nothing(aws: LocalAws, arn: str) -> None:
    FailureAlert(arn).notify(failed_task())


def test_a_warning_names_the_task_that_noticed(topic: str, messages: Callable[[], list[dict[str, Any]]]) -> None:
    warn(failed_task(), "12 % of the rows are quarantined", topic_arn=topic)
    (message,) = messages()
    assert message["Subject"] == "WARNING online_retail_daily.clean_rows 2010-12-01"
    assert message["Message"] == "12 % of the rows are quarantined"
