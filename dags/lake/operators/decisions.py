"""Decide about quarantined rows: ask a person, show what was decided, keep it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.standard.exceptions import HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from lake import quality_history, replay
from lake.assets import curated
from lake.catalog import HISTORY_COLUMNS
from lake.contracts import compiled_contract, contract
from lake.failures import refused_call
from lake.objects import read_result
from lake.operators.partitions import PublishPartitionOperator
from lake.replay_paths import ReplayPaths

if TYPE_CHECKING:
    from airflow.sdk import Context

REASON = "decision_reason"  # the field on the approval screen; a DAG parameter is called reason
ON_SCREEN, IN_PARAMETERS = "approval screen", "run parameters"


class ApproveRowsOperator(ApprovalOperator):
    """Ask a person, unless the decision is given: as parameters of the run, or by an earlier run that was killed.

    ``airflow dags test`` cannot answer a question, and scripts do not want to: they give the decision. Either decision
    needs a reason. A rejection skips the direct downstream task, as in every ApprovalOperator.

    XCom ``decision``: ``verdict``, ``decided_by``, ``decided_at`` (UTC), ``reason`` and ``decided_with``. It is no
    return value, because Airflow drops that of a task that skips others.

    :param approved_by: who approved; empty to ask (templated)
    :param rejected_by: who rejected; empty to ask (templated)
    :param reason: why, when the decision is given (templated)
    :param made_before: JSON of a decision that was made and not recorded, or ``null`` (templated)
    """

    template_fields = (*ApprovalOperator.template_fields, "approved_by", "rejected_by", "reason", "made_before")

    def __init__(
        self,
        *,
        made_before: str,
        approved_by: str = "{{ params.approved_by or '' }}",
        rejected_by: str = "{{ params.rejected_by or '' }}",
        reason: str = "{{ params.reason or '' }}",
        params: Any = None,
        **kwargs: Any,
    ) -> None:
        # Airflow hands the DAG's parameters to every operator; the screen asks for this field only.
        field = Param("", type="string", title="Reason", description="Why. It is kept with the decision.")
        super().__init__(params={REASON: field}, **kwargs)
        self.approved_by = approved_by
        self.rejected_by = rejected_by
        self.reason = reason
        self.made_before = made_before

    def execute(self, context: Context) -> None:
        before: dict[str, str] | None = json.loads(self.made_before)
        if before:
            self._answer(context, before)
        elif given := self._given():
            self._answer(context, given)
        else:
            super().execute(context)

    def _given(self) -> dict[str, str] | None:
        """:return: the decision in the parameters of the run, None if somebody is to be asked"""
        names = {replay.APPROVE: self.approved_by.strip(), replay.REJECT: self.rejected_by.strip()}
        verdicts = [verdict for verdict, name in names.items() if name]
        if not verdicts:
            return None
        if len(verdicts) == 2:
            raise AirflowFailException("Approved and rejected at once: give approved_by or rejected_by, not both.")
        if not self.reason.strip():
            raise AirflowFailException("A decision needs a reason: give the parameter reason.")
        return {
            "verdict": verdicts[0],
            "decided_by": names[verdicts[0]],
            "decided_at": datetime.now(UTC).isoformat(),
            "reason": self.reason,
            "decided_with": IN_PARAMETERS,
        }

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        try:
            answer = self._checked(event)
        except HITLTimeoutError as error:
            raise AirflowFailException("Nobody decided in time; nothing was changed. Start again.") from error
        self.log.info("%s by %s: %s", answer["verdict"], answer["decided_by"], answer["reason"])
        context["ti"].xcom_push(key="decision", value=answer)
        super().execute_complete(context, event)

    def _answer(self, context: Context, decision: dict[str, str]) -> None:
        """Answer the question here and now, with a decision that somebody made elsewhere."""
        event = {
            "chosen_options": [self.APPROVE if decision["verdict"] == replay.APPROVE else self.REJECT],
            "params_input": {REASON: decision["reason"]},
            "responded_at": datetime.fromisoformat(decision["decided_at"]).replace(tzinfo=UTC),
            "responded_by_user": {"id": decision["decided_by"], "name": decision["decided_by"]},
            "decided_with": decision["decided_with"],
        }
        self.execute_complete(context, event)

    def _checked(self, event: dict[str, Any]) -> dict[str, str]:
        if "error" in event:
            self.process_trigger_event_error(event)
        reason = str((event["params_input"] or {}).get(REASON) or "").strip()
        if not reason:
            raise AirflowFailException(
                "A decision needs a reason, and none was given; nothing was changed. Clear this task to be asked again."
            )
        user = event["responded_by_user"] or {}
        responded_at: datetime = event["responded_at"]
        return {
            "verdict": replay.APPROVE if event["chosen_options"] == [self.APPROVE] else replay.REJECT,
            "decided_by": str(user.get("name") or user.get("id") or "unknown"),
            # As Athena's JSON SerDe reads timestamps.
            "decided_at": responded_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "reason": reason,
            "decided_with": event.get("decided_with", ON_SCREEN),
        }


class PublishReplayOperator(PublishPartitionOperator):
    """Let the published partition show an approved replay, and announce the asset of whatever product it is.

    The asset is known at run time only, so the outlet is an alias.

    :param product: data product (templated)
    """

    template_fields = (*PublishPartitionOperator.template_fields, "product")

    def __init__(self, *, product: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product

    def _announce(self, context: Context, published: dict[str, Any]) -> None:
        for alias in self.outlets:
            context["outlet_events"][alias].add(curated(contract(self.product)), extra=published)


class RecordDecisionOperator(AwsBaseOperator[S3Hook]):
    """Keep what was decided: ledger, decision, quality history of an approved replay, rejected records.

    The decision is written last: a partition that names one without a record makes the next run finish it.

    :param product: data product (templated)
    :param day: delivery day, ``YYYY-MM-DD`` (templated)
    :param run_key: key of the replay (templated)
    :param base_version: run key of the version it started from (templated)
    :param decision: XCom ``decision`` of approve_rows, as JSON (templated)
    :param checks: every check of the candidate, as JSON (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "day", "run_key", "base_version", "decision", "checks")

    def __init__(
        self, *, product: str, day: str, run_key: str, base_version: str, decision: str, checks: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.day = day
        self.run_key = run_key
        self.base_version = base_version
        self.decision = decision
        self.checks = checks

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        decision: dict[str, str] = json.loads(self.decision)
        paths = ReplayPaths(contract(self.product), self.day, self.run_key)
        try:
            result = read_result(self.hook, paths.result)
            approved = decision["verdict"] == replay.APPROVE
            self._copy(f"{paths.prepared}{'approved' if approved else 'rejected'}.ledger.parquet",
                       f"{paths.ledger}ledger.parquet")  # fmt: skip
            if approved:
                self._keep_history(paths, result)
            else:
                self._copy(f"{paths.prepared}rejections.json", paths.rejection)
            row = self._row(decision, result)
            self._write(paths.decision, json.dumps(row, ensure_ascii=False).encode() + b"\n")
        except ClientError as error:
            raise refused_call(
                error,
                f"record the decision about replay {self.run_key}",
                "The airflow role writes ledger, decisions, rejections and quality_* in the governance bucket.",
            ) from error
        return row

    def _row(self, decision: dict[str, str], result: dict[str, Any]) -> dict[str, Any]:
        return {
            "decision": self.run_key,
            "product": self.product,
            "ingest_date": self.day,
            "rule": result["replay"]["rule"],
            # An approval publishes the rows that pass, a rejection is about all that were selected.
            "rows": result["replay"]["passing" if decision["verdict"] == replay.APPROVE else "selected"],
            **decision,
            "base_version": self.base_version,
            "contract_version": result["contract_version"],
            "contract_hash": result["contract_hash"],
        }

    def _keep_history(self, paths: ReplayPaths, result: dict[str, Any]) -> None:
        checks: list[dict[str, Any]] = json.loads(self.checks)
        rows = {
            "quality_results": quality_history.results(result, checks),
            "quality_metrics": quality_history.metrics(result),
            "quality_scores": quality_history.score_rows(result, checks, compiled_contract(self.product)),
        }
        run = {
            "product": self.product,
            "run_key": self.run_key,
            "contract_version": result["contract_version"],
            "published": True,
        }
        now = datetime.now(UTC)
        for table in HISTORY_COLUMNS:
            self._write(paths.quality_history(table), quality_history.lines(rows[table], run, now))

    def _copy(self, source: str, target: str) -> None:
        body = self.hook.get_key(*reversed(self.hook.parse_s3_url(source))).get()["Body"].read()
        self._write(target, body)

    def _write(self, address: str, body: bytes) -> None:
        bucket, key = self.hook.parse_s3_url(address)
        self.hook.load_bytes(body, key=key, bucket_name=bucket, replace=True)
