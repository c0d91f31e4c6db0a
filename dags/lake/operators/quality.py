"""Judge the quality of a run before readers see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from lake.alerts import warn
from lake.contracts import contract
from lake.failures import refused_call
from lake.quality import judge, quarantined_percent

if TYPE_CHECKING:
    from airflow.sdk import Context

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


class JudgeQualityOperator(AwsBaseOperator[S3Hook]):
    """Read the result a Glue job wrote and decide: publish, publish with a warning, or stop.

    :param product: data product
    :param result: S3 address of result.json (templated)
    :param run_key: run key the result must be of (templated)
    :param accepted_percent: share of quarantined rows that a person accepts for this run; empty for the contract's
        limit (templated)
    :param data_docs: S3 address of the report, named in messages (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "result", "run_key", "accepted_percent", "data_docs")

    def __init__(
        self, *, product: str, result: str, run_key: str, data_docs: str, accepted_percent: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.result = result
        self.run_key = run_key
        self.data_docs = data_docs
        self.accepted_percent = accepted_percent

    def execute(self, context: Context) -> dict[str, int]:
        result = self._read_result()
        accepted = float(self.accepted_percent) if self.accepted_percent not in ("", "None") else None
        judgement = judge(result, contract(self.product), accepted)
        rows: dict[str, int] = {name: int(count) for name, count in result["rows"].items()}
        self.log.info("%s; %.2f %% quarantined", rows, quarantined_percent(rows))
        if not judgement.publish:
            raise AirflowFailException(
                f"{self.product} is not published:\n- "
                + "\n- ".join(judgement.reasons_to_stop)
                + f"\nThe rows and their reasons are in quarantine.{self.product}, the report is {self.data_docs}"
            )
        if judgement.warnings:
            warn(
                context,
                f"{self.product} is published, with warnings:\n- "
                + "\n- ".join(judgement.warnings)
                + f"\nReport: {self.data_docs}",
            )
        return rows

    def _read_result(self) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            result: dict[str, Any] = json.loads(self.hook.read_key(*reversed(self.hook.parse_s3_url(self.result))))
        except ClientError as error:
            raise refused_call(error, f"read {self.result}", "The Glue job writes it as its last act.") from error
        if result["run_key"] != self.run_key:
            raise AirflowFailException(
                f"{self.result} is of run key {result['run_key']}, not of {self.run_key}: remove it and clear "
                "clean_rows."
            )
        return result
