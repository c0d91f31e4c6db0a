"""A contract with both engines: staged rows are registered, evaluated by Glue Data Quality, judged by severity, kept.

The contract is one of the test's own, the rights are those of the lake's roles.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

import lake.contracts
from lake.contracts import compiled_contract, contract
from lake.contracts.compile import compile_repository
from lake.contracts.dqdl import rule_set
from lake.data_quality import checks_of_rule_set, rule_set_name
from lake.operators.data_quality import EvaluateRulesOperator
from lake.operators.partitions import RegisterPartitionOperator
from lake.operators.quality import JudgeQualityOperator
from lake.operators.schema import EnsureTablesOperator
from lake.run_paths import RunPaths
from lake.settings import LAKE
from lake.task_groups import publish_day
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DAY = "2013-06-05"
ENGINES = ["greatExpectations", "glueDataQuality"]
# In the order of the contract's columns
GOOD = """'536365', 1, '85123A', 'LAMP', 6, TIMESTAMP '2013-06-05 08:26:00', CAST(2.5 AS decimal(12,3)),
CAST(NULL AS varchar), 'France', FALSE, TRUE, CAST(15 AS decimal(18,3)), DATE '2013-06-05', CAST(NULL AS varchar)"""
WITH_CUSTOMER = GOOD.replace("CAST(NULL AS varchar), 'France'", f"'{'0' * 64}', 'France'")
NO_INVOICE = WITH_CUSTOMER.replace("'536365', 1", "CAST(NULL AS varchar), 2")


@dataclass
class Gate:
    """The part of the DAG about quality, for one run of a product.

    :param run_key: of the run
    """

    aws: LocalAws
    product: str
    run_key: str

    @property
    def run(self) -> RunPaths:
        return RunPaths(contract(self.product), day=DAY, run_key=self.run_key)

    def stage(self, *rows: str) -> None:
        """Rows as the Glue job writes them: Parquet files in the run's folder."""
        names = [column["name"] for column in compiled_contract(self.product)["columns"]]
        values = ", ".join(f"({row})" for row in rows)
        table = f"t_{uuid.uuid4().hex[:8]}"
        statement = (
            f"CREATE TABLE staging.{table} WITH (format='PARQUET', external_location='{self.run.staging}') AS\n"
            f"SELECT * FROM (VALUES {values}) AS v ({', '.join([*names, 'rescued'])})"
        )
        # As the administrator: no role but Glue's writes to staging.
        athena = self.aws.client("athena")
        query = athena.start_query_execution(QueryString=statement, WorkGroup=LAKE.workgroup)["QueryExecutionId"]
        while (status := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"] in (
            "QUEUED",
            "RUNNING",
        ):
            time.sleep(0.1)
        assert status["State"] == "SUCCEEDED", status

    def register(self) -> None:
        run_task(
            RegisterPartitionOperator(
                task_id="register_staging",
                database="staging",
                table=self.product,
                values=[DAY, self.run_key],
                location=self.run.staging,
            )
        )

    def evaluate(self) -> str:
        task = EvaluateRulesOperator(
            task_id="evaluate_rules",
            product=self.product,
            day=DAY,
            run_key=self.run_key,
            role=LAKE.name("glue"),
            waiter_delay=0.1,
            waiter_max_attempts=600,
            deferrable=True,
        )
        return str(run_task(task))

    def evaluated(self, *rows: str) -> str:
        """Stage rows and evaluate them."""
        self.stage(*rows)
        self.register()
        return self.evaluate()

    def checks(self, evaluation_run: str) -> dict[str, bool | None]:
        """Whether each rule held."""
        glue = self.aws.client("glue", self.aws.name("airflow"))
        found = checks_of_rule_set(glue, evaluation_run, compiled_contract(self.product)["dqdl"])
        return {check["id"]: check["success"] for check in found}

    def judge(self, evaluation_run: str) -> dict[str, int]:
        """Judge a run of which the job itself has found nothing bad."""
        result = {
            "run_key": self.run_key,
            "contract_version": "1.0.0",
            "rows": {"landed": 2, "published": 2, "quarantined": 0, "duplicates": 0},
            "checks": [],
            "row_rules": [],
            "metrics": [],
        }
        bucket, _, key = self.run.result.removeprefix("s3://").partition("/")
        self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(result).encode())
        judge = JudgeQualityOperator(
            task_id="judge_quality",
            product=self.product,
            result=self.run.result,
            run_key=self.run_key,
            data_docs=self.run.data_docs,
            table_checks='{"checks": [], "failed_before": {}}',
            evaluation_run=evaluation_run,
            history={name: self.run.quality_history(name) for name in ("quality_results", "quality_scores")},
        )
        return dict(run_task(judge))

    def history(self) -> dict[str, dict[str, Any]]:
        """What was kept, by rule."""
        bucket, _, key = self.run.quality_history("quality_results").removeprefix("s3://").partition("/")
        body = self.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return {row["rule"]: row for row in map(json.loads, body.splitlines())}


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A contract of the test's own instead of the repository's; gives the product."""
    product = f"q{uuid.uuid4().hex[:10]}"
    original = lake.contracts.CONTRACTS_FOLDER / "online_retail.odcs.yaml"
    document = yaml.safe_load(original.read_text(encoding="utf-8").replace("online_retail", product))
    document["customProperties"].append({"property": "qualityEngines", "value": ENGINES})
    root = tmp_path_factory.mktemp("repository")
    folder = root / "dags" / "contracts"
    folder.mkdir(parents=True)
    (folder / f"{product}.odcs.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    for name, text in compile_repository(root).items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake.contracts, "CONTRACTS_FOLDER", folder)
        patch.setattr(lake.contracts, "INDEX_FILE", folder / "index.json")
        lake.contracts._index.cache_clear()
        contract.cache_clear()
        yield product
    lake.contracts._index.cache_clear()
    contract.cache_clear()


@pytest.fixture(scope="module")
def deployed(local_aws: LocalAws, contracts: str) -> Iterator[str]:
    """The product with its rule set, as products.yaml deploys it; gives the rule set's name."""
    name = rule_set_name(contracts, LAKE)
    glue = local_aws.client("glue")
    glue.create_data_quality_ruleset(Name=name, Ruleset=rule_set(compiled_contract(contracts)["dqdl"]))
    yield name
    glue.delete_data_quality_ruleset(Name=name)


@pytest.fixture
def gate(aws: LocalAws, contracts: str, deployed: str) -> Gate:
    run_task(EnsureTablesOperator(task_id="ensure_tables", product=contracts))
    return Gate(aws, contracts, uuid.uuid4().hex[:16])


# --- what must not happen -------------------------------------------------------------------------------------------


def test_a_rule_of_severity_error_that_fails_stops_the_day(gate: Gate) -> None:
    run = gate.evaluated(WITH_CUSTOMER, NO_INVOICE)
    with pytest.raises(AirflowFailException) as stopped:
        gate.judge(run)
    told = str(stopped.value)
    assert "check invoice_no_present of Glue Data Quality failed (new): observed Value: 0.5 does not meet" in told
    assert "check key_unique of Glue Data Quality failed" in told
    assert f"the report is governance.quality_results, run_key {gate.run_key}" in told
    kept = gate.history()
    assert (kept["invoice_no_present"]["status"], kept["rows_published"]["status"]) == ("failed", "passed")
    assert {row["published"] for row in kept.values()} == {False}


def test_without_an_evaluation_the_day_is_stopped(gate: Gate) -> None:
    """Also when only a rule of severity warning has no result."""
    for nothing in ("", "None"):
        with pytest.raises(AirflowFailException, match="customers_known of Glue Data Quality could not be evaluated"):
            gate.judge(nothing)
    assert {row["status"] for row in gate.history().values()} == {"error"}


def test_an_evaluation_that_has_no_result_stops_the_day(gate: Gate) -> None:
    """The run of rows that cannot be read: its own task fails, and judging it all the same does not help."""
    bucket, _, folder = gate.run.staging.removeprefix("s3://").partition("/")
    gate.aws.client("s3").put_object(Bucket=bucket, Key=f"{folder}part.parquet", Body=b"no parquet")
    gate.register()
    with pytest.raises(AirflowFailException, match=r"Glue Data Quality run dqrun-\w+ ended FAILED: .*part\.parquet"):
        gate.evaluate()
    listed = gate.aws.client("glue").list_data_quality_ruleset_evaluation_runs(
        Filter={"DataSource": {"GlueTable": {"DatabaseName": "staging", "TableName": gate.product}}}
    )
    with pytest.raises(AirflowFailException, match="could not be evaluated"):
        gate.judge(listed["Runs"][0]["RunId"])


def test_rows_that_are_not_registered_are_not_seen(gate: Gate) -> None:
    gate.stage(WITH_CUSTOMER)
    assert gate.checks(gate.evaluate())["rows_published"] is False


def test_another_rule_set_than_the_contracts_is_not_evaluated(gate: Gate, deployed: str) -> None:
    glue = gate.aws.client("glue")
    whole = glue.get_data_quality_ruleset(Name=deployed)["Ruleset"]
    glue.update_data_quality_ruleset(Name=deployed, Ruleset="Rules = [ RowCount >= 0 ]")
    try:
        with pytest.raises(AirflowFailException, match=f"{deployed} is not that of the contract: deploy"):
            gate.evaluate()
        glue.delete_data_quality_ruleset(Name=deployed)
        with pytest.raises(AirflowFailException, match=f"{deployed} does not exist: deploy"):
            gate.evaluate()
        glue.create_data_quality_ruleset(Name=deployed, Ruleset="Rules = [ RowCount >= 0 ]")
    finally:
        glue.update_data_quality_ruleset(Name=deployed, Ruleset=whole)


# --- what must ------------------------------------------------------------------------------------------------------


def test_good_rows_are_published_and_kept_with_their_engine(gate: Gate) -> None:
    run = gate.evaluated(WITH_CUSTOMER, WITH_CUSTOMER.replace("'536365', 1", "'536365', 2"))
    assert set(gate.checks(run).values()) == {True}
    assert gate.judge(run)["published"] == 2
    kept = gate.history()
    assert {row["engine"] for row in kept.values()} == {"glue_data_quality"}
    assert kept["customers_known"]["expected"] == 'Completeness "customer_id" >= 0.1'


def test_a_warning_that_fails_is_published(gate: Gate) -> None:
    """No customer is known: a rule of severity warning, and no pattern is broken."""
    run = gate.evaluated(GOOD)
    failed = [rule for rule, success in gate.checks(run).items() if not success]
    assert failed == ["customers_known"]
    assert gate.judge(run)["published"] == 2


def test_the_same_rows_are_evaluated_once_and_other_rows_again(gate: Gate) -> None:
    first = gate.evaluated(WITH_CUSTOMER)
    gate.register()
    assert gate.evaluate() == first
    other = replace(gate, run_key=uuid.uuid4().hex[:16])
    assert other.evaluated(WITH_CUSTOMER) != first


def test_an_evaluation_of_the_same_rows_that_runs_is_joined(gate: Gate) -> None:
    gate.stage(WITH_CUSTOMER)
    gate.register()
    table = {"DatabaseName": "staging", "TableName": gate.product}
    predicate = f"ingest_date = '{DAY}' and run_key = '{gate.run_key}'"
    started = gate.aws.client("glue", gate.aws.name("airflow")).start_data_quality_ruleset_evaluation_run(
        DataSource={"GlueTable": {**table, "AdditionalOptions": {"pushDownPredicate": predicate}}},
        Role=LAKE.name("glue"),
        RulesetNames=[rule_set_name(gate.product, LAKE)],
    )
    assert gate.evaluate() == started["RunId"]


# --- the tasks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
def test_only_contracts_that_choose_it_get_the_tasks(contracts: str, grouped: bool) -> None:
    both = contract(contracts)
    prefix = f"{contracts}." if grouped else ""

    def tasks(engines: tuple[str, ...]) -> DAG:
        with DAG(dag_id=f"d_{uuid.uuid4().hex}", schedule=None) as dag:
            publish_day(replace(both, quality_engines=engines), grouped=grouped)
        return dag

    without, with_it, alone = map(tasks, (("greatExpectations",), both.quality_engines, ("glueDataQuality",)))
    assert set(alone.task_ids) == set(with_it.task_ids)
    new = {f"{prefix}register_staging", f"{prefix}evaluate_rules"}
    assert set(with_it.task_ids) - set(without.task_ids) == new
    assert set(without.task_ids) <= set(with_it.task_ids)
    judge: Any = with_it.get_task(f"{prefix}judge_quality")
    assert judge.upstream_task_ids == {f"{prefix}check_tables", f"{prefix}evaluate_rules"}
    assert judge.evaluation_run == "{{ ti.xcom_pull(task_ids='" + prefix + "evaluate_rules') }}"
    evaluate = with_it.get_task(f"{prefix}evaluate_rules")
    assert evaluate.upstream_task_ids == {f"{prefix}register_staging"}
    assert with_it.get_task(f"{prefix}register_staging").upstream_task_ids == {f"{prefix}publish_quarantine"}
    assert without.get_task(f"{prefix}judge_quality").upstream_task_ids == {f"{prefix}check_tables"}
