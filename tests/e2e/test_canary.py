"""The canary, whole: the record really comes back, a broken stage turns it red by name, and consumers see nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.demo.airflow_runs import RunOutcome
from tests.e2e.lake import Lake, wait_until

DAG = "lake_canary_hourly"
SCRIPT = "glue_jobs/canary/carry_record.py"
PERSONAS = ("data-engineer", "uk-analyst", "outsider")
DIMENSIONS = [{"Name": "Prefix", "Value": "sluice"}, {"Name": "Env", "Value": "dev"}]


def records_in_warehouse(lake: Lake) -> dict[str, list[Any]]:
    rows = lake.warehouse("SELECT run_key, pieces, amount, note, sender FROM canary.record")
    return {row[0]: row[1:] for row in rows}


def consumers_tables(lake: Lake) -> dict[str, Any]:
    """What people can query: the curated tables with their partitions, and the tables of the marts."""
    glue = lake.client("glue")
    curated = glue.get_tables(DatabaseName="curated")["TableList"]
    marts = lake.warehouse("SELECT table_name FROM svv_tables WHERE table_schema = 'mart' ORDER BY table_name")
    return {
        "curated": sorted((table["Name"], str(table.get("UpdateTime"))) for table in curated),
        "versions": lake.curated_versions(),
        "mart": marts,
        "facts": lake.warehouse("SELECT COUNT(*) FROM mart.fact_sales") if ["fact_sales"] in marts else None,
    }


def metric(lake: Lake, name: str, since: datetime) -> dict[str, float]:
    """Sum, count and maximum of a metric of the canary since a moment."""
    points = lake.client("cloudwatch").get_metric_statistics(
        Namespace="Sluice",
        MetricName=name,
        Dimensions=DIMENSIONS,
        StartTime=since - timedelta(seconds=1),
        EndTime=datetime.now(UTC) + timedelta(seconds=1),
        Period=86400,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    return {
        "sum": sum(point["Sum"] for point in points),
        "count": sum(point["SampleCount"] for point in points),
        "maximum": max((point["Maximum"] for point in points), default=0.0),
    }


@pytest.fixture(scope="module")
def before(lake: Lake) -> dict[str, Any]:
    return {"tables": consumers_tables(lake), "moment": datetime.now(UTC)}


@pytest.fixture(scope="module")
def runs(lake: Lake, before: dict[str, Any]) -> dict[str, RunOutcome]:
    """Green, broken in two stages, and green again: a run is a test of its own and needs no repair after another."""
    outcomes = {"first": lake.run(DAG, "2026-11-26T10:00:00")}
    assert outcomes["first"].succeeded, (outcomes["first"].error, outcomes["first"].tasks)
    with missing_script(lake):
        outcomes["missing script"] = lake.run(DAG, "2026-11-26T11:00:00")
    with table_of_another_shape(lake):
        outcomes["other table"] = lake.run(DAG, "2026-11-26T12:00:00")
    return outcomes | {"again": lake.run(DAG, "2026-11-26T10:00:00")}


@contextmanager
def missing_script(lake: Lake) -> Iterator[None]:
    s3, bucket = lake.client("s3"), lake.aws.name("artifacts")
    body = s3.get_object(Bucket=bucket, Key=SCRIPT)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=SCRIPT)
    yield
    s3.put_object(Bucket=bucket, Key=SCRIPT, Body=body)


@contextmanager
def table_of_another_shape(lake: Lake) -> Iterator[None]:
    lake.warehouse("ALTER TABLE canary.record RENAME TO kept")
    lake.warehouse("CREATE TABLE canary.record (run_key VARCHAR(16), sent_at TIMESTAMP)")
    yield
    lake.warehouse("DROP TABLE canary.record")
    lake.warehouse("ALTER TABLE canary.kept RENAME TO record")


@pytest.mark.parametrize("run", ["first", "again"])
def test_it_is_green(runs: dict[str, RunOutcome], run: str) -> None:
    assert runs[run].succeeded, (runs[run].error, runs[run].tasks)
    assert set(runs[run].tasks.values()) == {"success"}, runs[run].tasks


@pytest.mark.parametrize(
    ("run", "task", "said"),
    [("missing script", "carry_record", SCRIPT), ("other table", "copy_record", "COPY canary.record")],
)
def test_a_broken_stage_turns_it_red_by_name(runs: dict[str, RunOutcome], run: str, task: str, said: str) -> None:
    outcome = runs[run]
    assert outcome.state == "failed"
    assert [name for name, state in outcome.tasks.items() if state == "failed"] == [task]
    assert outcome.tasks["compare_record"] == "upstream_failed"
    assert said in (outcome.error or ""), outcome.error
    # Nobody looks at a run that died silently: the metric says so all the same, and the clean-up has run.
    assert outcome.tasks["publish_freshness"] == outcome.tasks["clean_up"] == "success"


def test_the_record_of_each_run_is_in_lake_and_warehouse(lake: Lake, runs: dict[str, RunOutcome]) -> None:
    glue = lake.client("glue", "airflow")
    partitions = glue.get_partitions(DatabaseName="canary", TableName="record")["Partitions"]
    # The run that broke in the warehouse had been published in the lake.
    newest = sorted(partition["Values"][0] for partition in partitions)
    newest = [newest[-3], newest[-1]]
    in_warehouse = records_in_warehouse(lake)
    s3 = lake.client("s3")
    for run in newest:
        run_key = run.split("_")[1]
        sent = (
            s3.get_object(Bucket=lake.aws.name("landing"), Key=f"canary/run={run}/record.csv")["Body"].read().decode()
        )
        pieces, amount, note, sender = in_warehouse[run_key]
        # The landed file is what was sent; the warehouse was loaded from the Parquet that Athena wrote.
        assert sent.splitlines()[1] == (
            f"{run_key},{run[:4]}-{run[4:6]}-{run[6:8]} {run[9:11]}:{run[11:13]}:{run[13:15]},{pieces},{amount},"
            f'"{note.replace(chr(34), chr(34) * 2)}",canary@example.com'
        )
        assert len(sender) == 64
    assert glue.get_tables(DatabaseName="canary", Expression="record_.*")["TableList"] == [], (
        "helper tables are dropped"
    )


def test_freshness_is_in_cloudwatch(lake: Lake, before: dict[str, Any], runs: dict[str, RunOutcome]) -> None:
    succeeded = metric(lake, "CanarySucceeded", before["moment"])
    assert (succeeded["sum"], succeeded["count"]) == (2, 4), "two green runs, two red ones"
    age = metric(lake, "CanaryAgeSeconds", before["moment"])
    assert age["count"] == 2, "a record that did not come back has no age"
    assert 0 < age["maximum"] <= max(outcome.seconds for outcome in runs.values()) + 1


def test_consumers_tables_are_untouched(lake: Lake, before: dict[str, Any], runs: dict[str, RunOutcome]) -> None:
    assert consumers_tables(lake) == before["tables"]


@pytest.mark.parametrize("persona", PERSONAS)
class TestConsumersSeeNothing:
    """Neither the table, nor its files, nor its name."""

    def test_no_query(self, lake: Lake, runs: dict[str, RunOutcome], persona: str) -> None:
        athena = lake.client("athena", persona)
        query = athena.start_query_execution(
            QueryString="SELECT * FROM canary.record", WorkGroup=lake.aws.name(persona)
        )["QueryExecutionId"]
        status = wait_until(
            lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"],
            lambda s: s["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"},
        )
        assert status["State"] == "FAILED"
        assert any(text in status["StateChangeReason"] for text in ("not authorized", "Insufficient Lake Formation",
                   "does not exist", "AccessDenied")), status  # fmt: skip

    @pytest.mark.parametrize("zone", ["landing", "staging", "curated"])
    def test_no_file(self, lake: Lake, runs: dict[str, RunOutcome], persona: str, zone: str) -> None:
        (first, *_) = lake.client("s3").list_objects_v2(Bucket=lake.aws.name(zone), Prefix="canary/")["Contents"]
        with pytest.raises(ClientError, match=r"\(AccessDenied\)"):
            lake.client("s3", persona).get_object(Bucket=lake.aws.name(zone), Key=first["Key"])

    def test_no_table(self, lake: Lake, runs: dict[str, RunOutcome], persona: str) -> None:
        with pytest.raises(ClientError, match=r"AccessDenied|EntityNotFound"):
            lake.client("glue", persona).get_table(DatabaseName="canary", Name="record")
