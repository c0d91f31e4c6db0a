"""Judge the quality of a run before readers see it, and keep what was found."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from lake import quality_history
from lake.alerts import warn
from lake.clients import client
from lake.contracts import compiled_contract, contract
from lake.contracts.dqdl import ENGINE as DATA_QUALITY
from lake.data_quality import RuleSetMismatchError, checks_of_rule_set
from lake.failures import refused_call
from lake.objects import read_result
from lake.quality import Judgement, judge, quarantined_percent

if TYPE_CHECKING:
    from airflow.sdk import Context

# Version id of the secret whose key made the pseudonyms; the key itself stays in the job.
KEY_VERSION_XCOM = "pii_key_version"
# DAG parameters of every product that is judged; the operator reads them by default.
ACCEPTANCE_PARAMS = {
    "accepted_quarantine_percent": Param(
        None,
        type=["null", "number"],
        minimum=0,
        maximum=100,
        description="Publish although up to this share of the rows is quarantined. Empty: the contract's limit.",
    )
}


def rule_set_checks(product: str, evaluation_run: str, aws_conn_id: str | None) -> list[dict[str, Any]]:
    """Return what Glue Data Quality found, as checks; nothing for a contract that does not ask for it.

    :param product: data product
    :param evaluation_run: id of the evaluation run; empty or ``None`` if there was none
    :param aws_conn_id: Airflow connection
    """
    from botocore.exceptions import ClientError

    if DATA_QUALITY not in contract(product).quality_engines:
        return []
    evaluation_run = "" if evaluation_run == "None" else evaluation_run
    try:
        return checks_of_rule_set(client("glue", aws_conn_id), evaluation_run, compiled_contract(product)["dqdl"])
    except RuleSetMismatchError as error:
        raise AirflowFailException(str(error)) from error
    except ClientError as error:
        raise refused_call(
            error,
            f"read the result of the Glue Data Quality run {evaluation_run}",
            "The airflow role needs glue:GetDataQualityRulesetEvaluationRun and glue:GetDataQualityResult.",
        ) from error


class JudgeQualityOperator(AwsBaseOperator[S3Hook]):
    """Bring together what was found about a run and decide: publish, publish with a warning, or stop.

    Results, metrics and scores go into the history before the decision is acted on, whatever it is. The run's line in
    the ledger says ``held`` until a day is to be published.

    :param product: data product
    :param result: S3 address of result.json (templated)
    :param run_key: run key the result must be of (templated)
    :param data_docs: S3 address of Great Expectations' report, named in messages (templated)
    :param table_checks: what ``check_tables`` returned, as JSON (templated)
    :param evaluation_run: id of the Glue Data Quality run, for contracts that ask for one (templated)
    :param history: S3 address of the run's rows by history table (templated)
    :param accepted_percent: share of quarantined rows that a person accepts for this run; empty for the contract's
        limit (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields(
        "product", "result", "run_key", "data_docs", "table_checks", "evaluation_run", "history", "accepted_percent"
    )

    def __init__(
        self,
        *,
        product: str,
        result: str,
        run_key: str,
        data_docs: str,
        table_checks: str,
        history: dict[str, str],
        evaluation_run: str = "",
        accepted_percent: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.result = result
        self.run_key = run_key
        self.data_docs = data_docs
        self.table_checks = table_checks
        self.evaluation_run = evaluation_run
        self.history = history
        self.accepted_percent = accepted_percent

    def execute(self, context: Context) -> dict[str, int]:
        result = self._read_result()
        from_tables: dict[str, Any] = json.loads(self.table_checks)
        checks = [
            *({**check, "engine": "spark"} for check in result["checks"]),
            *({**check, "engine": "athena"} for check in from_tables["checks"]),
            *rule_set_checks(self.product, self.evaluation_run, self.aws_conn_id),
        ]
        accepted = float(self.accepted_percent) if self.accepted_percent not in ("", "None") else None
        judgement = judge({**result, "checks": checks}, contract(self.product), accepted, from_tables["failed_before"])
        rows: dict[str, int] = {name: int(count) for name, count in result["rows"].items()}
        self.log.info("%s; %.2f %% quarantined", rows, quarantined_percent(rows))
        self._keep(result, checks, judgement)
        context["ti"].xcom_push(key=KEY_VERSION_XCOM, value=result.get("pii_key_version", ""))
        # Without Great Expectations there are no Data Docs.
        report = self.data_docs if result.get("data_docs") else f"governance.quality_results, run_key {self.run_key}"
        if not judgement.publish:
            raise AirflowFailException(
                f"{self.product} is not published:\n- "
                + "\n- ".join(judgement.reasons_to_stop)
                + f"\nThe rows and their reasons are in quarantine.{self.product}, the report is {report}"
            )
        self._tell_ledger(result.get("outputs", {}))
        if judgement.warnings:
            warn(
                context,
                f"{self.product} is published, with warnings:\n- "
                + "\n- ".join(judgement.warnings)
                + f"\nReport: {report}",
            )
        return rows

    def _keep(self, result: dict[str, Any], checks: list[dict[str, Any]], judgement: Judgement) -> None:
        from botocore.exceptions import ClientError

        scores = quality_history.score_rows(result, checks, compiled_contract(self.product))
        for row in scores:
            self.log.info("score %s: %s", row["dimension"], "not measured" if row["score"] is None else row["score"])
        run = {
            "product": self.product,
            "run_key": self.run_key,
            "contract_version": result["contract_version"],
            "published": judgement.publish,
        }
        rows = {
            "quality_results": quality_history.results(result, checks),
            "quality_metrics": quality_history.metrics(result),
            "quality_scores": scores,
        }
        now = datetime.now(UTC)
        try:
            for table, address in self.history.items():
                bucket, key = self.hook.parse_s3_url(address)
                body = quality_history.lines(rows[table], run, now)
                self.hook.load_bytes(body, key=key, bucket_name=bucket, replace=True)
        except ClientError as error:
            raise refused_call(
                error, f"write {address}", "The airflow role writes quality_* in the governance bucket."
            ) from error

    def _tell_ledger(self, outputs: dict[str, str]) -> None:
        """Let the run's line in the ledger say that the day is published, as the job has prepared it."""
        from botocore.exceptions import ClientError

        # A job that was deployed before there were verdicts has prepared none.
        if "published_ledger" not in outputs:
            return
        try:
            body = self.hook.get_key(*reversed(self.hook.parse_s3_url(outputs["published_ledger"]))).get()["Body"]
            bucket, key = self.hook.parse_s3_url(outputs["ledger"])
            self.hook.load_bytes(body.read(), key=key, bucket_name=bucket, replace=True)
        except ClientError as error:
            raise refused_call(
                error,
                f"write {outputs['ledger']}",
                "The airflow role reads and writes ledger in governance.",
            ) from error

    def _read_result(self) -> dict[str, Any]:
        result = read_result(self.hook, self.result)
        if result["run_key"] != self.run_key:
            raise AirflowFailException(
                f"{self.result} is of run key {result['run_key']}, not of {self.run_key}: remove it and clear "
                "clean_rows."
            )
        return result
