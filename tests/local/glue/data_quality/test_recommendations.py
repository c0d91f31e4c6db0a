"""Recommendation runs: rules made from the rows, which hold on the rows."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.local.glue.data_quality.quality_bench import ENDED, QualityBench

ROWS = pa.table(
    {
        "id": pa.array(range(40), pa.int64()),
        "country": ["FR", "DE"] * 20,
        "note": [f"note {i}" * (i % 3 + 1) for i in range(40)],
        "price": pa.array([i / 4 for i in range(30)] + [None] * 10, pa.float64()),
        "weight": pa.array([-1.5 + i for i in range(40)], pa.float64()),
        "nothing": pa.array([None] * 40, pa.string()),
    }
)


def recommend(quality: QualityBench, table: str, **more: Any) -> dict[str, Any]:
    """Run to the end."""
    glue = quality.glue
    run_id = glue.start_data_quality_rule_recommendation_run(
        DataSource=quality.data_source(table), Role=quality.role, **more
    )["RunId"]
    while True:
        run: dict[str, Any] = glue.get_data_quality_rule_recommendation_run(RunId=run_id)
        if run["Status"] in ENDED:
            return run
        time.sleep(0.02)


@pytest.fixture(scope="module")
def table(quality: QualityBench) -> str:
    return quality.table(ROWS)


def test_recommended_rules_say_something_about_each_column_and_hold(quality: QualityBench, table: str) -> None:
    name = f"r-{uuid.uuid4().hex[:8]}"
    run = recommend(quality, table, CreatedRulesetName=name)
    assert (run["Status"], run["CreatedRulesetName"]) == ("SUCCEEDED", name)
    text = run["RecommendedRuleset"]
    for rule in (
        "RowCount between 19 and 81",
        'IsComplete "id"',
        'IsUnique "id"',
        'ColumnValues "country" in ["DE", "FR"]',
        'Completeness "price" >= 0.61',
        'ColumnLength "note" between 5 and 22',
        'ColumnValues "weight" >= -2',
        'ColumnValues "weight" <= 38',
    ):
        assert rule in text
    created = quality.glue.get_data_quality_ruleset(Name=name)
    assert (created["Ruleset"], created["RecommendationRunId"]) == (text, run["RunId"])
    assert {found["Result"] for found in quality.evaluate(text, table)["RuleResults"]} == {"PASS"}


def test_other_rows_break_them(quality: QualityBench, table: str) -> None:
    text = recommend(quality, table)["RecommendedRuleset"]
    other = quality.table(ROWS.slice(0, 10).set_column(1, "country", pa.array(["IT"] * 10)))
    verdicts = {found["Description"]: found["Result"] for found in quality.evaluate(text, other)["RuleResults"]}
    assert verdicts["RowCount between 19 and 81"] == "FAIL"
    assert verdicts['ColumnValues "country" in ["DE","FR"]'] == "FAIL"
    assert verdicts['IsUnique "id"'] == "PASS"


def test_a_table_without_rows_has_no_recommendation(quality: QualityBench) -> None:
    run = recommend(quality, quality.new_table({"id": "bigint"}))
    assert (run["Status"], "RecommendedRuleset" in run) == ("SUCCEEDED", False)


def test_runs_are_listed_and_an_ended_one_cannot_be_cancelled(quality: QualityBench, table: str) -> None:
    run = recommend(quality, table)
    listed = quality.glue.list_data_quality_rule_recommendation_runs(Filter={"DataSource": quality.data_source(table)})[
        "Runs"
    ]
    assert listed[0]["RunId"] == run["RunId"]
    with pytest.raises(ClientError, match="terminal state SUCCEEDED"):
        quality.glue.cancel_data_quality_rule_recommendation_run(RunId=run["RunId"])


def test_a_role_without_the_table(quality: QualityBench) -> None:
    table = quality.table(ROWS)
    role = f"{quality.role}-recommends"
    quality.make_role(role)
    run_id = quality.glue.start_data_quality_rule_recommendation_run(DataSource=quality.data_source(table), Role=role)[
        "RunId"
    ]
    while (run := quality.glue.get_data_quality_rule_recommendation_run(RunId=run_id))["Status"] not in ENDED:
        time.sleep(0.02)
    assert (run["Status"], "Required Select" in run["ErrorString"]) == ("FAILED", True)
