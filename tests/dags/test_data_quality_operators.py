"""The provider's operators and sensors of Glue Data Quality against the local AWS: what fails makes the task fail."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.amazon.aws.operators.glue import (
    GlueDataQualityOperator,
    GlueDataQualityRuleRecommendationRunOperator,
    GlueDataQualityRuleSetEvaluationRunOperator,
)
from airflow.providers.amazon.aws.sensors.glue import (
    GlueDataQualityRuleRecommendationRunSensor,
    GlueDataQualityRuleSetEvaluationRunSensor,
)
from airflow.providers.common.compat.sdk import AirflowException

from tests.dags.running import run_task
from tests.local.glue.data_quality.quality_bench import TEXT, QualityBench
from tests.local.glue.workbench import Workbench

if TYPE_CHECKING:
    from tests.conftest import LocalAws

ROWS = "1,a\n2,b\n3,\\N\n"
WAITING: dict[str, Any] = {"waiter_delay": 0.1, "waiter_max_attempts": 600}


@pytest.fixture(scope="module")
def bench(local_aws: LocalAws) -> QualityBench:
    workbench = Workbench(local_aws)
    workbench.build()
    bench = QualityBench(workbench)
    bench.build()
    return bench


@pytest.fixture(scope="module")
def table(bench: QualityBench) -> str:
    name = bench.new_table({"id": "bigint", "name": "string"}, storage_format=TEXT)
    bench.workbench.put(f"{name}/rows.csv", ROWS)
    return name


@pytest.fixture(autouse=True)
def as_administrator(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rights of the lake's roles are another test's business."""
    from local.environment import airflow_variables, aws_variables

    for name, value in (
        aws_variables(local_aws.settings, "local-admin") | airflow_variables(local_aws.settings)
    ).items():
        if name.startswith(("AWS_", "AIRFLOW_CONN_", "AIRFLOW__SECRETS__")):
            monkeypatch.setenv(name, value)


def new_name() -> str:
    return f"operators-{uuid.uuid4().hex[:8]}"


def made_ruleset(rules: str) -> str:
    name = new_name()
    run_task(GlueDataQualityOperator(task_id="make", name=name, ruleset=f"Rules = [ {rules} ]"))
    return name


def evaluation(bench: QualityBench, table: str, rules: str, **more: Any) -> GlueDataQualityRuleSetEvaluationRunOperator:
    return GlueDataQualityRuleSetEvaluationRunOperator(
        task_id="evaluate",
        datasource=bench.data_source(table),
        role=bench.role,
        rule_set_names=[made_ruleset(rules)],
        **WAITING,
        **more,
    )


def test_a_ruleset_is_made_once_and_then_updated(bench: QualityBench) -> None:
    name = made_ruleset("RowCount > 0")
    again: dict[str, Any] = {"task_id": "again", "name": name, "ruleset": "Rules = [ RowCount > 1 ]"}
    with pytest.raises(AirflowException, match="already exists"):
        run_task(GlueDataQualityOperator(**again))
    run_task(GlueDataQualityOperator(**again, update_rule_set=True))
    assert bench.glue.get_data_quality_ruleset(Name=name)["Ruleset"] == "Rules = [ RowCount > 1 ]"
    with pytest.raises(AirflowException, match="Parsing Error: Rule Type: RowCnt is not valid"):
        run_task(GlueDataQualityOperator(task_id="wrong", name=new_name(), ruleset="Rules = [ RowCnt > 0 ]"))


@pytest.mark.parametrize("deferrable", [False, True])
def test_rules_that_hold_give_the_id_of_the_run(bench: QualityBench, table: str, deferrable: bool) -> None:
    run_id = run_task(evaluation(bench, table, 'RowCount = 3, IsComplete "id"', deferrable=deferrable))
    assert bench.glue.get_data_quality_ruleset_evaluation_run(RunId=run_id)["Status"] == "SUCCEEDED"


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_rule_that_does_not_hold_fails_the_task(
    bench: QualityBench, table: str, deferrable: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    task = evaluation(bench, table, 'RowCount = 3, IsComplete "name"', deferrable=deferrable)
    with pytest.raises(AirflowException, match="failed for one or more rules"):
        run_task(task)
    # The operator logs the rules with pandas only, which the image lacks: the result names them.
    assert "total number of rules failed: 1" in "".join(capfd.readouterr())
    source = bench.data_source(table)
    newest = bench.glue.list_data_quality_results(Filter={"DataSource": source})["Results"][0]["ResultId"]
    rules = bench.glue.get_data_quality_result(ResultId=newest)["RuleResults"]
    assert [rule["Description"] for rule in rules if rule["Result"] == "FAIL"] == ['IsComplete "name"']


def test_without_verification_the_result_can_be_judged_later(bench: QualityBench, table: str) -> None:
    run_id = run_task(evaluation(bench, table, 'IsComplete "name"', verify_result_status=False))
    (result_id,) = bench.glue.get_data_quality_ruleset_evaluation_run(RunId=run_id)["ResultIds"]
    assert bench.glue.get_data_quality_result(ResultId=result_id)["Score"] == 0.0


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_run_that_fails_fails_the_task(bench: QualityBench, deferrable: bool) -> None:
    task = evaluation(bench, "no_such_table", "RowCount > 0", deferrable=deferrable)
    with pytest.raises(Exception, match=r"FAILED|failed|terminal failure"):
        run_task(task)


def test_a_ruleset_that_is_not_there_fails_the_task(bench: QualityBench, table: str) -> None:
    with pytest.raises(AirflowException, match="not found"):
        run_task(
            GlueDataQualityRuleSetEvaluationRunOperator(
                task_id="evaluate", datasource=bench.data_source(table), role=bench.role, rule_set_names=["none"]
            )
        )


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_waits_for_a_run_and_fails_with_it(bench: QualityBench, table: str, deferrable: bool) -> None:
    def sense(run_id: str) -> None:
        run_task(
            GlueDataQualityRuleSetEvaluationRunSensor(
                task_id="sense", evaluation_run_id=run_id, poke_interval=0.1, deferrable=deferrable
            )
        )

    sense(bench.start("RowCount = 3", table))
    with pytest.raises(AirflowException):
        sense(bench.start("RowCount = 4", table))


@pytest.mark.parametrize("deferrable", [False, True])
def test_recommendations(bench: QualityBench, table: str, deferrable: bool, capfd: pytest.CaptureFixture[str]) -> None:
    name = new_name()
    recommend = GlueDataQualityRuleRecommendationRunOperator(
        task_id="recommend",
        datasource=bench.data_source(table),
        role=bench.role,
        recommendation_run_kwargs={"CreatedRulesetName": name},
        deferrable=deferrable,
        **WAITING,
    )
    run_id = run_task(recommend)
    assert 'IsUnique "id"' in "".join(capfd.readouterr())
    assert bench.glue.get_data_quality_ruleset(Name=name)["RecommendationRunId"] == run_id
    sensor = GlueDataQualityRuleRecommendationRunSensor(
        task_id="sense", recommendation_run_id=run_id, poke_interval=0.1, deferrable=deferrable
    )
    run_task(sensor)
