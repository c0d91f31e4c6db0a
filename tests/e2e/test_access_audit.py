"""access_audit_daily under its role, over CloudTrail's files: who read what, a spike of refusals, a newcomer."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

from tests.e2e.lake import Lake, wait_until

DAG = "access_audit_daily"
# The audit of a run is of the day before it.
RUN, AUDITED = "2026-04-10", "2026-04-09"


def findings(lake: Lake, day: str) -> list[dict[str, object]]:
    bucket, key = lake.aws.name("governance"), f"access_audit/day={day}/findings.json"
    body = lake.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return [json.loads(line) for line in body.splitlines()]


def test_without_log_files_it_fails(lake: Lake) -> None:
    outcome = lake.run(DAG, "2026-01-20")
    assert outcome.tasks["find_trail"] == "failed"
    assert "CloudTrail has delivered nothing of 2026-01-19" in (outcome.error or "")


def test_a_sample_month_shows_readers_the_spike_and_the_newcomer(lake: Lake) -> None:
    delivered = lake.aws.command("cloudtrail", AUDITED, "--sample", "--days", "12")
    assert delivered.returncode == 0, delivered.stderr
    for _ in range(2):  # again, it is the same
        outcome = lake.run(DAG, RUN)
        assert outcome.succeeded, (outcome.error, outcome.tasks)
    found = findings(lake, AUDITED)
    roles = {str(entry["principal"]).rpartition("-dev-")[2] for entry in found if entry["finding"] == "read"}
    assert roles == {"airflow", "data-engineer", "uk-analyst", "contractor"}
    engineer = [entry for entry in found if entry["finding"] == "read" and "data-engineer" in str(entry["principal"])]
    assert sum(int(str(entry["calls"])) for entry in engineer) == 24, "12 queries: a look-up and an access each"
    alarming = {
        (entry["finding"], str(entry["principal"]).rpartition("-dev-")[2]) for entry in found if entry["alarming"]
    }
    assert alarming == {("denied", "outsider"), ("new principal", "contractor")}
    page = lake.client("s3").get_object(
        Bucket=lake.aws.name("governance"), Key=f"access_audit_pages/{AUDITED}.html"
    )["Body"].read().decode()  # fmt: skip
    assert "2 alarming" in page
    # The rows are a table, too.
    athena = lake.client("athena", "airflow")
    query = athena.start_query_execution(
        QueryString=f"SELECT count(*) AS n FROM governance.access_audit WHERE day = '{AUDITED}'",
        WorkGroup=lake.aws.name("x").removesuffix("-x"),
    )["QueryExecutionId"]
    wait_until(
        lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"],
        lambda state: state == "SUCCEEDED",
    )
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == str(len(found))


def test_real_calls_of_this_local_aws_are_audited(lake: Lake) -> None:
    """The runs above asked Athena and Glue themselves; their calls are in the record of decisions."""
    today = datetime.now(UTC).date()
    delivered = lake.aws.command("cloudtrail", today.isoformat())
    assert delivered.returncode == 0, delivered.stderr
    bucket, _, key = delivered.stdout.split()[-1].removeprefix("s3://").partition("/")
    records = json.loads(gzip.decompress(lake.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()))[
        "Records"
    ]
    assert {entry["eventSource"] for entry in records} >= {"athena.amazonaws.com", "glue.amazonaws.com"}
    outcome = lake.run(DAG, (today + timedelta(days=1)).isoformat())
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    read = {entry["subject"] for entry in findings(lake, today.isoformat()) if entry["finding"] == "read"}
    assert "governance.cloudtrail" in read
