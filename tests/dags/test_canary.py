"""The canary's record and its own steps, on the local AWS."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from lake.canary import CanaryRecord, new_record, read_record, runs_of
from lake.operators.canary import CheckCrawledOperator, CleanUpOperator, LandRecordOperator, PublishFreshnessOperator
from lake.operators.seclusion import CheckAlertsTopicOperator, CheckArrivalsQueueOperator, RequireNoConsumersOperator
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

NOON = datetime(2026, 11, 26, 12, 0, 5, 999, tzinfo=UTC)
METRICS = {
    "Namespace": "Sluice",
    "Dimensions": [{"Name": "Prefix", "Value": "sluice"}, {"Name": "Env", "Value": "dev"}],
}


class TestRecord:
    """What is sent follows from two values, and nothing may come back otherwise."""

    def test_its_name_holds_all_there_is_to_know(self) -> None:
        record = new_record("manual__1", NOON)
        assert record.run == f"20261126t120005_{record.run_key}"
        assert read_record(record.run) == record

    def test_two_runs_of_the_same_moment_differ(self) -> None:
        assert new_record("manual__1", NOON).run_key != new_record("manual__2", NOON).run_key

    def test_later_runs_sort_behind(self) -> None:
        runs = [new_record("r", NOON + timedelta(hours=hours)).run for hours in (0, 1, 13, 24)]
        assert runs == sorted(runs)

    def test_the_landed_file_reads_back(self) -> None:
        record = new_record("r", NOON)
        assert list(csv.DictReader(io.StringIO(record.csv))) == [record.values]

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"amount": "0.001"}, "amount is '0.001', sent was"),
            ({"note": 'Gr??e, "canary" ?7'}, "note is"),
            ({"sent_at": "2026-11-26 13:00:05"}, "sent_at is"),
            ({"pieces": None}, "pieces is None"),
            ({"sender": "canary@example.com"}, "sender is no pseudonym"),
        ],
    )
    def test_a_changed_value_is_named(self, changed: dict[str, str | None], said: str) -> None:
        record = new_record("r", NOON)
        whole = {**record.values, "sender": "0" * 64}
        assert record.differences("The lake", [whole]) == []
        (line,) = record.differences("The lake", [{**whole, **changed}])
        assert line.startswith("The lake: ")
        assert said in line

    @pytest.mark.parametrize("rows", [0, 2])
    def test_a_lost_or_doubled_record_is_named(self, rows: int) -> None:
        record = new_record("r", NOON)
        (line,) = record.differences("The warehouse", [record.values] * rows)
        assert f"shows {rows} records" in line

    def test_runs_are_known_by_their_folders(self) -> None:
        run = "20261126t120005_0123456789abcdef"
        keys = [f"canary/run={run}/record.csv", "canary/run=x/record.csv", "online_retail/ingest_date=2010-12-01/a.csv"]
        assert runs_of(keys) == {run}


def test_it_starts_nobody_and_is_never_waiting_unpaused(dags: dict[str, DAG]) -> None:
    dag = dags["lake_canary_hourly"]
    assert [task.task_id for task in dag.tasks if task.outlets] == [], "an asset would start sales_marts"
    assert dag.is_paused_upon_creation is False, "a deployment's smoke test would stay in the queue"


class TestSeclusion:
    """Nobody but the lake's own roles may see the canary, and the run itself checks it."""

    def test_only_the_pipeline_has_grants(self, aws: LocalAws) -> None:
        assert run_task(RequireNoConsumersOperator(task_id="check_seclusion", database="canary")) > 0

    @pytest.fixture
    def granted(self, aws: LocalAws) -> Iterator[str]:
        role = f"arn:aws:iam::123456789012:role/{aws.name('uk-analyst')}"
        grant = {
            "Principal": {"DataLakePrincipalIdentifier": role},
            "Resource": {"Database": {"Name": "canary"}},
            "Permissions": ["DESCRIBE"],
        }
        aws.client("lakeformation").grant_permissions(**grant)
        yield role
        aws.client("lakeformation").revoke_permissions(**grant)

    def test_a_persona_with_a_grant_turns_it_red(self, aws: LocalAws, granted: str) -> None:
        with pytest.raises(AirflowFailException, match=f"grants something on it to {granted}"):
            run_task(RequireNoConsumersOperator(task_id="check_seclusion", database="canary"))

    def test_a_connection_that_sees_its_own_grants_only_proves_nothing(self, aws: LocalAws, granted: str) -> None:
        task = RequireNoConsumersOperator(task_id="check_seclusion", database="canary", aws_conn_id="aws_default")
        with pytest.raises(
            AirflowFailException, match=r"sluice-dev-airflow is no lake administrator|must be a lake admin"
        ):
            run_task(task)

    def test_a_database_that_is_not_there_turns_it_red(self, aws: LocalAws) -> None:
        with pytest.raises(AirflowFailException, match=r"read the permissions of no_such.*canary\.yaml"):
            run_task(RequireNoConsumersOperator(task_id="check_seclusion", database="no_such"))


class TestAlerts:
    """An alerts topic that is not there swallows every alert."""

    def test_the_topic_of_the_stack_is_there(self, aws: LocalAws) -> None:
        topic = f"arn:aws:sns:us-east-1:123456789012:{aws.name('alerts')}"
        assert run_task(CheckAlertsTopicOperator(task_id="check_alerts", topic_arn=topic)) >= 0

    def test_another_topic_turns_it_red(self, aws: LocalAws) -> None:
        topic = f"arn:aws:sns:us-east-1:123456789012:{aws.name('alerts')}x"
        with pytest.raises(AirflowFailException, match="Failures of the lake would reach nobody"):
            run_task(CheckAlertsTopicOperator(task_id="check_alerts", topic_arn=topic))

    def test_no_topic_turns_it_red(self) -> None:
        with pytest.raises(AirflowFailException, match="alerts_topic_arn is empty"):
            run_task(CheckAlertsTopicOperator(task_id="check_alerts", topic_arn=""))


class TestArrivals:
    """A queue that nobody can read hears of deliveries in vain."""

    def test_the_queue_of_the_stack_is_there(self, aws: LocalAws) -> None:
        task = CheckArrivalsQueueOperator(task_id="check_arrivals", queue_name=aws.name("arrivals"))
        assert run_task(task) >= 0

    def test_another_queue_turns_it_red(self, aws: LocalAws) -> None:
        task = CheckArrivalsQueueOperator(task_id="check_arrivals", queue_name=aws.name("no-such-queue"))
        with pytest.raises(AirflowFailException, match="Nobody would hear of a delivery"):
            run_task(task)

    def test_a_queue_without_dead_letters_turns_it_red(self, aws: LocalAws) -> None:
        # Named like the queue, so that the airflow role may look at it.
        own, original = aws.client("sqs"), aws.name("arrivals")
        url = own.get_queue_url(QueueName=original)["QueueUrl"]
        before = own.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
        own.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
        try:
            with pytest.raises(AirflowFailException, match="has no dead-letter queue"):
                run_task(CheckArrivalsQueueOperator(task_id="check_arrivals", queue_name=original))
        finally:
            own.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_a_record_lands_as_text_and_each_attempt_sends_another(aws: LocalAws) -> None:
    landed = []
    for _ in range(2):
        given = context()
        address = run_task(LandRecordOperator(task_id="land_record"), given)
        bucket, key = address.removeprefix("s3://").split("/", 1)
        body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        assert body == read_record(given["ti"].xcoms["run"]).csv
        landed.append(given["ti"].xcoms["run_key"])
        aws.client("s3").delete_object(Bucket=bucket, Key=key)
    assert len(set(landed)) == 2


def test_a_run_that_the_crawler_did_not_find_turns_it_red(aws: LocalAws) -> None:
    run = f"20000101t000000_{uuid.uuid4().hex[:16]}"
    with pytest.raises(AirflowFailException, match=f"left no partition {run}"):
        run_task(CheckCrawledOperator(task_id="check_crawled", run=run))


def published(aws: LocalAws, metric: str, since: datetime) -> list[float]:
    """Values of a metric since a moment, one for each minute with data: its newest extreme."""
    answer = aws.client("cloudwatch").get_metric_statistics(
        **METRICS,
        MetricName=metric,
        StartTime=since.replace(second=0, microsecond=0),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Minimum", "Maximum"],
    )
    return [value for point in answer["Datapoints"] for value in (point["Minimum"], point["Maximum"])]


@pytest.mark.parametrize("age", [None, 4711])
def test_freshness_is_published(aws: LocalAws, age: int | None) -> None:
    begin = datetime.now(UTC)
    given = context()
    if age is not None:
        given["ti"].xcom_push("return_value", age)
    values = run_task(PublishFreshnessOperator(task_id="publish_freshness", compared="compare_record"), given)
    assert values["CanarySucceeded"] == (0 if age is None else 1)
    assert values["CanarySucceeded"] in published(aws, "CanarySucceeded", begin)
    assert ("CanaryAgeSeconds" in values) == (age is not None), "a record that did not come back has no age"
    if age is not None:
        assert age in published(aws, "CanaryAgeSeconds", begin)


def test_the_newest_runs_stay(aws: LocalAws) -> None:
    s3, glue = aws.client("s3"), aws.client("glue")
    # Older than any real run, so that only these are beyond the newest.
    old = [CanaryRecord(uuid.uuid4().hex[:16], datetime(2001, 1, 1 + n, tzinfo=UTC)).run for n in range(3)]
    for run in old:
        for zone in ("landing", "staging", "curated"):
            s3.put_object(Bucket=aws.name(zone), Key=f"canary/run={run}/part", Body=b"x")
    others = runs_in(aws) - set(old)
    table = {"Name": f"record_{old[0]}", "StorageDescriptor": {"Columns": [], "Location": "s3://x/"}, "Parameters": {}}
    aws.client("glue", aws.name("airflow")).create_table(
        DatabaseName="canary", TableInput=table | {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}],
                                                                         "Location": f"s3://{aws.name('curated')}/canary/x/"}}
    )  # fmt: skip
    removed = run_task(CleanUpOperator(task_id="clean_up", keep=len(others) + 1))
    assert removed == old[:2]
    assert runs_in(aws) == others | {old[2]}
    assert f"record_{old[0]}" not in {item["Name"] for item in glue.get_tables(DatabaseName="canary")["TableList"]}
    assert run_task(CleanUpOperator(task_id="clean_up", keep=len(others))) == old[2:]
    assert run_task(CleanUpOperator(task_id="clean_up", keep=len(others) + 1)) == []


def runs_in(aws: LocalAws) -> set[str]:
    keys: list[Any] = []
    for zone in ("landing", "staging", "curated"):
        keys += aws.client("s3").list_objects_v2(Bucket=aws.name(zone), Prefix="canary/").get("Contents", [])
    return runs_of([item["Key"] for item in keys])
