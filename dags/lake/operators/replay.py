"""Replay quarantined rows of a day: find what to replay, tell what would happen, judge it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.standard.utils.skipmixin import SkipMixin
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake import replay
from lake.catalog import find_partition
from lake.clients import client
from lake.contracts import Contract, contract, products
from lake.failures import refused_call
from lake.landing_files import list_files
from lake.objects import read_result
from lake.operators.approval import APPROVED_BY
from lake.operators.quality import KEY_VERSION_XCOM, rule_set_checks
from lake.quality import judge
from lake.replay_note import note, nothing_passes
from lake.replay_paths import ReplayPaths
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

JOB_CODE = "glue_jobs/"
# Parameters of a DAG that replays.
REPLAY_PARAMS = {
    "product": Param(
        products()[0], type="string", enum=products(), description="Product whose quarantined rows are tested again"
    ),
    "day": Param(None, type=["null", "string"], format="date", description="Delivery day, YYYY-MM-DD"),
    "rule": Param(
        replay.ALL_RULES,
        type="string",
        pattern="^[a-z0-9_]+$(?!\\n)",  # Python's $ also matches before a line feed at the end
        description="Only rows that broke this rule; all: every row that nobody has decided about",
    ),
    "dry_run": Param(False, type="boolean", description="Only tell what would happen; nothing is decided"),
    **APPROVED_BY,
    "rejected_by": Param(
        None,
        type=["null", "string"],
        maxLength=100,
        title="Rejected by",
        description="Who rejects every open row of the rule, whether it would pass or not; the run then asks nobody.",
    ),
    "reason": Param(None, type=["null", "string"], maxLength=500, description="Why, if it was decided elsewhere"),
}


class PlanReplayOperator(AwsBaseOperator[S3Hook]):
    """Find what a replay of a day starts from, and fix its key and its addresses. Changes nothing.

    A decision that an earlier run made and could not record is finished first, whatever the parameters say.
    Returns the entries of ``lake.replay.plan``.

    :param product: data product (templated)
    :param day: delivery day, ``YYYY-MM-DD`` (templated)
    :param rule: rule whose rows are tested again, or ``all`` (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "day", "rule")

    def __init__(self, *, product: str, day: str, rule: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.day = day
        self.rule = rule

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        if self.day in ("", "None"):
            raise AirflowFailException("Which day? Give the parameter day, YYYY-MM-DD.")
        terms = contract(self.product)
        catalog = client("glue", self.aws_conn_id)
        try:
            curated, kept = (
                find_partition(catalog, terms.databases[zone], terms.product, self.day)
                for zone in ("curated", "quarantine")
            )
            for found in replay.unfinished([curated, kept]):
                if not self.hook.check_for_key(ReplayPaths(terms, self.day, found[replay.DECISION]).decision):
                    return self._finish(terms, found)
            base = replay.base_of(terms, self.day, self.rule, curated, kept)
            if not base.kept_since:
                base = replace(base, kept_since=self._oldest_in(base.base_quarantine))
            key = replay.replay_key(base, terms.hash, self._code())
        except replay.CannotReplayError as error:
            raise AirflowFailException(str(error)) from error
        except ClientError as error:
            raise refused_call(
                error, f"look at {self.product} {self.day}", "The airflow role reads the catalog and the artifacts."
            ) from error
        self.log.info("Replay %s of %s %s starts from version %s", key, self.product, self.day, base.base_version)
        return replay.plan(terms, self.day, key, base)

    def _finish(self, terms: Contract, found: dict[str, str]) -> dict[str, Any]:
        key = found[replay.DECISION]
        self.log.warning(
            "Replay %s (%s by %s) was not finished; this run finishes it. Start again for another one.",
            key, found["verdict"], found["decided_by"],
        )  # fmt: skip
        base = replay.Base(**{name: found[name] for name in replay.PLANNED})
        return replay.plan(terms, self.day, key, base, decided=found)

    def _oldest_in(self, folder: str) -> str:
        """:return: when the first row was put into a folder of the quarantine, empty if it holds none"""
        bucket, prefix = self.hook.parse_s3_url(folder)
        s3: Any = self.hook.conn
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        written = [entry["LastModified"] for page in pages for entry in page.get("Contents", [])]
        return min(written).isoformat() if written else ""

    def _code(self) -> dict[str, str]:
        code = {file.key: file.etag for file in list_files(self.hook.conn, LAKE.bucket("artifacts"), JOB_CODE)}
        if not code:
            raise AirflowFailException(f"No job code in s3://{LAKE.bucket('artifacts')}/{JOB_CODE}: deploy it first.")
        return code


class ReplayResultOperator(AwsBaseOperator[S3Hook]):
    """Reads what the replay job found.

    :param result: S3 address of its result.json (templated)
    :param base_result: S3 address of result.json of the run that published the base (templated)
    """

    aws_hook_class = S3Hook
    template_fields: Any = aws_template_fields("result", "base_result")

    def __init__(self, *, result: str, base_result: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result
        self.base_result = base_result


class ReportRowsOperator(ReplayResultOperator, SkipMixin):
    """Tell in the log what an approval would change; skip the rest when there is nothing to decide.

    Without a row that passes there is nothing to approve; the message says how to reject the rows. A run that rejects
    them goes on whether or not they pass, and skips the checks of rows that it does not publish.

    :param judge: id of the task after the checks
    :param rejecting: ``True`` if the run rejects the rows (templated)
    """

    template_fields = aws_template_fields("result", "base_result", "rejecting")
    inherits_from_skipmixin = True

    def __init__(self, *, judge: str, rejecting: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.judge = judge
        self.rejecting = rejecting

    def execute(self, context: Context) -> dict[str, int]:
        result = read_result(self.hook, self.result)
        rejecting = self.rejecting == "True"
        if not result["replay"]["selected" if rejecting else "passing"]:
            raise AirflowSkipException(nothing_passes(result))
        self.log.info("\n%s", note(result, read_result(self.hook, self.base_result)["rows"]))
        if rejecting:
            self.skip_all_except(context["ti"], self.judge)
        return {name: int(result["replay"][name]) for name in ("selected", "passing")}


class JudgeReplayOperator(ReplayResultOperator):
    """Judge the rows as they would be published, as a day is judged, and write the note for whoever decides.

    Returns the rows by state. XCom ``note``: Markdown; XCom ``checks``: every check, for the quality history;
    XCom ``pii_key_version``: of the key with which personal data is protected.

    :param product: data product (templated)
    :param table_checks: what ``check_tables`` returned, as JSON (templated)
    :param evaluation_run: id of the Glue Data Quality run, for contracts that ask for one (templated)
    :param only_tell: ``True`` ends the run here, with everything told and nothing changed (templated)
    :param finishing: whether the decision was made already, by a run that could not record it (templated)
    :param rejecting: ``True`` if the run rejects the rows: then nothing is published, and no check was made (templated)
    """

    template_fields = aws_template_fields(
        "product", "result", "base_result", "table_checks", "evaluation_run", "only_tell", "finishing", "rejecting"
    )

    def __init__(
        self,
        *,
        product: str,
        table_checks: str,
        only_tell: str,
        finishing: str,
        rejecting: str,
        evaluation_run: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.evaluation_run = evaluation_run
        self.product = product
        self.table_checks = table_checks
        self.only_tell = only_tell
        self.finishing = finishing
        self.rejecting = rejecting

    def execute(self, context: Context) -> dict[str, int]:
        result, before = read_result(self.hook, self.result), read_result(self.hook, self.base_result)["rows"]
        checks, warnings = ([], ()) if self.rejecting == "True" else self._judged(result)
        text = note(result, before, warnings)
        self.log.info("\n%s", text)
        context["ti"].xcom_push(key="note", value=text)
        context["ti"].xcom_push(key="checks", value=checks)
        context["ti"].xcom_push(key=KEY_VERSION_XCOM, value=result["pii_key_version"])
        if self.only_tell == "True":
            raise AirflowSkipException("Dry run: nothing was changed. The table above is what would happen.")
        return {name: int(count) for name, count in result["rows"].items()}

    def _judged(self, result: dict[str, Any]) -> tuple[list[dict[str, Any]], Sequence[str]]:
        """:return: every check of the rows as they would be published, and the warnings"""
        from_tables: dict[str, Any] = json.loads(self.table_checks)
        checks = [
            *({**check, "engine": "spark"} for check in result["checks"]),
            *({**check, "engine": "athena"} for check in from_tables["checks"]),
            *rule_set_checks(self.product, self.evaluation_run, self.aws_conn_id),
        ]
        # A replay only lowers the share of quarantined rows, and the higher one was good enough to be published.
        judgement = judge({**result, "checks": checks}, contract(self.product), 100.0, from_tables["failed_before"])
        if not judgement.publish and self.finishing != "True":
            raise AirflowFailException(
                f"{self.product} {result['ingest_date']} cannot be published with these rows; nothing was changed:\n- "
                + "\n- ".join(judgement.reasons_to_stop)
                + "\nTo reject the rows, start again with rejected_by and reason: a rejection publishes nothing."
            )
        return checks, judgement.warnings
