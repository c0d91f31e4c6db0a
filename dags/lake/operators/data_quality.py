"""Let AWS Glue Data Quality evaluate a contract's rule set on one run's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue import GlueDataQualityRuleSetEvaluationRunOperator
from airflow.providers.amazon.aws.triggers.glue import GlueDataQualityRuleSetEvaluationRunCompleteTrigger
from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import compiled_contract, contract
from lake.contracts.dqdl import ENGINE, rule_set
from lake.data_quality import rule_set_name
from lake.failures import failure, refused_call
from lake.operators.glue_job import HEALING_TEXTS
from lake.settings import LAKE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

# "Status" of an evaluation run (Glue API reference, GetDataQualityRulesetEvaluationRun).
ACTIVE_STATES = frozenset({"STARTING", "RUNNING"})
TIMEOUT_MINUTES = 60


class EvaluateRulesOperator(GlueDataQualityRuleSetEvaluationRunOperator):
    """Evaluate the rule set of a contract on one run's rows in staging, once, and return the id of the evaluation run.

    The provider's operator fails when any rule does. Here no rule fails the task: Glue knows no severities, so
    ``judge_quality`` decides, which gets the id. A run that ended without results fails the task.

    An evaluation of the same rows that runs is joined, one that succeeded is not repeated. The run key holds the
    contract's hash, so it cannot be one of other rules.

    :param product: data product (templated); one whose contract does not ask for Glue Data Quality is not evaluated
    :param day: day under test (templated)
    :param run_key: run whose rows are looked at (templated); they are registered as a partition of the staging table
    """

    template_fields = (*GlueDataQualityRuleSetEvaluationRunOperator.template_fields, "product", "day", "run_key")

    def __init__(self, *, product: str, day: str, run_key: str, **kwargs: Any) -> None:
        super().__init__(
            datasource={},
            rule_set_names=[],
            verify_result_status=False,
            show_results=False,
            timeout=TIMEOUT_MINUTES,
            **kwargs,
        )
        self.product = product
        self.day = day
        self.run_key = run_key

    def execute(self, context: Context) -> str:
        from botocore.exceptions import ClientError

        terms = contract(self.product)
        if ENGINE not in terms.quality_engines:
            self.log.info("The contract %s asks for no evaluation by Glue Data Quality.", self.product)
            return ""
        predicate = f"ingest_date = '{self.day}' and run_key = '{self.run_key}'"
        table = {"DatabaseName": terms.databases["staging"], "TableName": self.product}
        self.datasource = {"GlueTable": {**table, "AdditionalOptions": {"pushDownPredicate": predicate}}}
        self.rule_set_names = [rule_set_name(self.product, LAKE)]
        try:
            self._require_rules_of_contract()
            found = {run["Status"]: str(run["RunId"]) for run in self._runs_of_same_rows()}
            active = next((found[state] for state in ACTIVE_STATES if state in found), None)
            if active is not None:
                self.log.info("Joining evaluation run %s of the same rows.", active)
                self._wait_for(active)
            if "SUCCEEDED" in found:
                self.log.info("Evaluation run %s has looked at these rows already.", found["SUCCEEDED"])
                return found["SUCCEEDED"]
            return super().execute(context)
        except ClientError as error:
            raise refused_call(
                error,
                f"evaluate the rule set {self.rule_set_names[0]}",
                "The airflow role starts evaluation runs and passes the glue role to them.",
            ) from error

    def _require_rules_of_contract(self) -> None:
        """:raises AirflowFailException: the rule set that is deployed is not the contract's"""
        (name,) = self.rule_set_names
        glue: Any = self.hook.conn
        try:
            deployed = str(glue.get_data_quality_ruleset(Name=name)["Ruleset"])
        except glue.exceptions.EntityNotFoundException:
            deployed = ""
        if deployed.split() != rule_set(compiled_contract(self.product)["dqdl"]).split():
            what = "does not exist" if not deployed else "is not that of the contract"
            raise AirflowFailException(
                f"The rule set {name} {what}: deploy mwaa/cloudformation/products.yaml together with the contracts."
            )

    def _runs_of_same_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the evaluation runs of this rule set on these rows, newest first."""
        glue: Any = self.hook.conn
        table = {name: self.datasource["GlueTable"][name] for name in ("DatabaseName", "TableName")}
        request: dict[str, Any] = {
            "Filter": {"DataSource": {"GlueTable": table}, "RulesetName": self.rule_set_names[0]}
        }
        options = self.datasource["GlueTable"]["AdditionalOptions"]
        while True:
            page = glue.list_data_quality_ruleset_evaluation_runs(**request)
            for run in page["Runs"]:
                if run["DataSource"]["GlueTable"].get("AdditionalOptions") == options:
                    yield run
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _wait_for(self, evaluation_run: str) -> None:
        self.defer(
            trigger=GlueDataQualityRuleSetEvaluationRunCompleteTrigger(
                evaluation_run_id=evaluation_run,
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                aws_conn_id=self.aws_conn_id,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        if event is None or "evaluation_run_id" not in event:
            raise AirflowFailException(f"The answer of Glue Data Quality could not be read: {event}")
        run_id = str(event["evaluation_run_id"])
        if event["status"] == "success":
            return run_id
        glue: Any = self.hook.conn
        run = glue.get_data_quality_ruleset_evaluation_run(RunId=run_id)
        text = run.get("ErrorString", "no error message")
        raise failure(
            f"Glue Data Quality run {run_id} ended {run['Status']}: {text}",
            heals=run["Status"] in ACTIVE_STATES or any(mark in text for mark in HEALING_TEXTS),
        )
