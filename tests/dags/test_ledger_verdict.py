"""The line of a run in the ledger says that readers get the rows only when the day is judged good."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import contract
from lake.operators.quality import JudgeQualityOperator
from lake.run_paths import RunPaths
from lake.settings import LAKE
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DAY = "2031-05-01"
HELD, PUBLISHED = b"the line that says held", b"the line that says published"
UNKNOWN_CARRIER = {
    "id": "carrier_is_known",
    "name": "Every carrier is known",
    "severity": "error",
    "dimension": "consistency",
    "success": False,
    "observed": "1 of 2 rows refers to nothing: ZZ",
    "expected": "every key is found",
}


class JudgedRun:
    """A run of which the job itself has found nothing bad, with the lines that the job has written."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.run = RunPaths(contract("online_retail"), DAY, uuid.uuid4().hex[:16], LAKE)
        # Hidden from Athena: these lines are no Parquet, and the ledger is everybody's.
        folder = LAKE.uri("governance", f"ledger/_tests/{self.run.run_key}/")
        self.line, self.prepared = f"{folder}ledger.parquet", f"{folder}_published.ledger.parquet"

    def put(self, address: str, body: bytes) -> None:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def ledger(self) -> bytes:
        bucket, _, key = self.line.removeprefix("s3://").partition("/")
        return bytes(self.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    def judge(self, *checks_of_tables: dict[str, Any], outputs: dict[str, str]) -> None:
        result = {
            "run_key": self.run.run_key,
            "contract_version": "1.0.0",
            "rows": {"landed": 2, "published": 2, "quarantined": 0, "duplicates": 0},
            "checks": [],
            "row_rules": [],
            "metrics": [],
            "outputs": outputs,
        }
        self.put(self.run.result, json.dumps(result).encode())
        judge = JudgeQualityOperator(
            task_id="judge_quality",
            product="online_retail",
            result=self.run.result,
            run_key=self.run.run_key,
            data_docs=self.run.data_docs,
            table_checks=json.dumps({"checks": checks_of_tables, "failed_before": {}}),
            history={"quality_results": self.run.quality_history("quality_results")},
        )
        run_task(judge)


@pytest.fixture
def judged(aws: LocalAws) -> JudgedRun:
    run = JudgedRun(aws)
    run.put(run.line, HELD)
    run.put(run.prepared, PUBLISHED)
    return run


def test_a_stopped_day_stays_held(judged: JudgedRun) -> None:
    outputs = {"ledger": judged.line, "published_ledger": judged.prepared}
    with pytest.raises(AirflowFailException, match="online_retail is not published"):
        judged.judge(UNKNOWN_CARRIER, outputs=outputs)
    assert judged.ledger() == HELD


def test_a_published_day_is_published_in_the_ledger_however_often_it_is_judged(judged: JudgedRun) -> None:
    for _ in range(2):
        judged.judge(outputs={"ledger": judged.line, "published_ledger": judged.prepared})
        assert judged.ledger() == PUBLISHED


def test_a_job_that_was_deployed_before_has_prepared_no_line(judged: JudgedRun) -> None:
    judged.judge(outputs={"ledger": judged.line})
    assert judged.ledger() == HELD
