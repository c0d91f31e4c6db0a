"""A day's delivery on the local S3: absent, incomplete, complete, late."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.bases.operator import TriggerFailureReason
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from lake.operators.landing import CrawlLandingOperator, LandingSensor
from lake.operators.schema import CheckSchemaOperator
from tests.dags.delivery_cases import HEADER, csv
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

Deliver = Callable[..., None]


@pytest.fixture
def folder(aws: LocalAws) -> str:
    """An empty landing folder of this test's own."""
    return f"s3://{aws.name('landing')}/tests/{uuid.uuid4().hex}/"


@pytest.fixture
def deliver(aws: LocalAws, folder: str) -> Deliver:
    """Puts files into the folder: deliver(**{"name": content})."""

    def put(files: dict[str, bytes]) -> None:
        bucket, _, prefix = folder.removeprefix("s3://").partition("/")
        for name, content in files.items():
            aws.client("s3").put_object(Bucket=bucket, Key=prefix + name, Body=content)

    return put


def sensor(folder: str) -> LandingSensor:
    """:return: the sensor as the DAG has it"""
    return LandingSensor(
        task_id="await_landing", folder=folder, patience=timedelta(hours=6), poke_interval=0.1, deferrable=True
    )


def test_a_day_without_files_is_skipped(folder: str) -> None:
    with pytest.raises(AirflowSkipException, match="No delivery"):
        run_task(sensor(folder))


def test_files_without_the_marker_are_an_incomplete_delivery(folder: str, deliver: Deliver) -> None:
    deliver({"day.csv": csv(HEADER)})
    with pytest.raises(AirflowFailException, match=r"1 file\(s\) but no _SUCCESS marker"):
        run_task(sensor(folder))


def test_a_complete_delivery_passes_at_once(folder: str, deliver: Deliver) -> None:
    deliver({"day.csv": csv(HEADER), "_SUCCESS": b""})
    assert run_task(sensor(folder)) is None


def test_a_scheduled_run_waits_for_a_late_delivery_without_holding_a_worker(folder: str, deliver: Deliver) -> None:
    task = sensor(folder)
    with pytest.raises(TaskDeferred) as waiting:
        task.execute(context("scheduled", datetime.now(UTC)))
    assert timedelta(hours=5) < waiting.value.timeout <= timedelta(hours=6)
    deliver({"_SUCCESS": b""})
    assert run_task(task, context("scheduled", datetime.now(UTC))) is None


def test_a_scheduled_run_does_not_wait_longer_than_its_patience(folder: str) -> None:
    with pytest.raises(AirflowSkipException):
        sensor(folder).execute(context("scheduled", datetime.now(UTC) - timedelta(hours=7)))


def test_the_end_of_the_patience_is_told_like_any_absence(folder: str, deliver: Deliver) -> None:
    deliver({"day.csv": csv(HEADER)})
    with pytest.raises(AirflowFailException, match="incomplete"):
        sensor(folder).resume_execution(
            "__fail__", {"error": TriggerFailureReason.TRIGGER_TIMEOUT}, context("scheduled")
        )


def test_a_marker_without_files_is_a_day_without_sales(folder: str, deliver: Deliver) -> None:
    deliver({"_SUCCESS": b""})
    with pytest.raises(AirflowSkipException, match="complete and empty"):
        run_task(CheckSchemaOperator(task_id="check_schema", product="online_retail", folder=folder))


def test_files_of_zero_bytes_only_are_no_delivery(folder: str, deliver: Deliver) -> None:
    deliver({"_SUCCESS": b"", "day.csv": b""})
    with pytest.raises(AirflowFailException, match=r"every file in .* has 0 bytes \(day\.csv\)"):
        run_task(CheckSchemaOperator(task_id="check_schema", product="online_retail", folder=folder))


@pytest.fixture
def busy_crawler(aws: LocalAws, folder: str, deliver: Deliver) -> Iterator[str]:
    """A crawler like the product's, with enough new folders to be at work for a while."""
    deliver({f"day={number}/day.csv": csv(HEADER) for number in range(60)})
    glue = aws.client("glue")
    like = glue.get_crawler(Name=aws.name("landing-online-retail"))["Crawler"]
    name, table = aws.name(f"landing-busy-{uuid.uuid4().hex}"), folder.split("/")[-2]
    glue.create_crawler(
        Name=name, Role=like["Role"], DatabaseName=like["DatabaseName"], Targets={"S3Targets": [{"Path": folder}]}
    )
    yield name
    glue.delete_crawler(Name=name)
    glue.delete_table(DatabaseName=like["DatabaseName"], Name=table)


def test_a_crawl_waits_for_the_one_that_another_day_started(aws: LocalAws, busy_crawler: str) -> None:
    crawl = CrawlLandingOperator(task_id="crawl_landing", crawler_name=busy_crawler, poll_interval=0.1, deferrable=True)

    def execute() -> TaskDeferred:
        with pytest.raises(TaskDeferred) as deferred:
            crawl.execute(context())
        return deferred.value

    # The client exists by the second call, so it comes while the crawl of the first one runs.
    assert execute().method_name == "execute_complete"
    assert execute().method_name == "execute"

    assert run_task(crawl) == busy_crawler
