"""Operators of the access audit: find the trail's files, publish what the queries found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.access_audit import audit_page, findings, lines
from lake.alerts import warn
from lake.athena_rows import athena_rows
from lake.clients import client
from lake.failures import refused_call
from lake.objects import HTML, write_object
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

HISTORY_DAYS = 30
"""How far back a principal counts as known."""


class FindTrailOperator(AwsBaseOperator[S3Hook]):
    """Fail unless CloudTrail has delivered log files of a day: an audit that sees nothing must not look like peace.

    :param day: the day to audit, ``YYYY-MM-DD`` UTC (templated)
    :param bucket: bucket that the trail delivers to
    :return: ``log_folder`` of account and region, and ``first_day`` and ``last_day`` of the audit as the folders name
        them (``yyyy/mm/dd``)
    """

    aws_hook_class = S3Hook
    template_fields: Sequence[str] = aws_template_fields("day")

    def __init__(self, *, day: str, bucket: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.day = day
        self.bucket = bucket

    def execute(self, context: Context) -> dict[str, str]:
        from botocore.exceptions import ClientError

        last = date.fromisoformat(self.day)
        folder = f"AWSLogs/{self.hook.account_id}/CloudTrail/{self.hook.conn_region_name}"
        prefix = f"{folder}/{last:%Y/%m/%d}/"
        storage: Any = self.hook.conn
        try:
            found = storage.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=1).get("Contents", [])
        except ClientError as error:
            raise refused_call(
                error, f"list s3://{self.bucket}/{prefix}", "The bucket holds the trail's files."
            ) from error
        if not found:
            raise AirflowFailException(
                f"CloudTrail has delivered nothing of {self.day}: s3://{self.bucket}/{prefix} is empty. Is the trail "
                "logging? See docs/runbook.md, Make the trail."
            )
        return {
            "log_folder": f"s3://{self.bucket}/{folder}",
            "first_day": f"{last - timedelta(days=HISTORY_DAYS):%Y/%m/%d}",
            "last_day": f"{last:%Y/%m/%d}",
        }


class PublishAuditOperator(AwsBaseOperator[AthenaHook]):
    """Keep what the queries of a day found, as rows and as a page, and alert people to what is alarming.

    :param day: the audited day (templated)
    :param queries: query id of ``reads``, ``denied`` and ``newcomers`` (templated)
    :param rows_uri: file of the rows (templated)
    :param page_uri: file of the page (templated)
    :return: how many findings there are of each kind, and how many are alarming
    """

    aws_hook_class = AthenaHook
    template_fields: Sequence[str] = aws_template_fields("day", "queries", "rows_uri", "page_uri")

    def __init__(self, *, day: str, queries: dict[str, str], rows_uri: str, page_uri: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.day = day
        self.queries = queries
        self.rows_uri = rows_uri
        self.page_uri = page_uri

    def execute(self, context: Context) -> dict[str, int]:
        found = findings(*(self._rows(self.queries[name]) for name in ("reads", "denied", "newcomers")))
        storage = client("s3", self.aws_conn_id)
        write_object(storage, self.rows_uri, lines(found), "application/x-ndjson")
        page = audit_page(found, title=LAKE.workgroup, day=self.day)
        write_object(storage, self.page_uri, page.encode(), HTML)
        alarming = [str(finding) for finding in found if finding.alarming]
        if alarming:
            told = "\n".join(alarming)
            warn(context, f"The access audit of {self.day} found:\n{told}\n\nAll of it: {self.page_uri}")
        counts = {kind: sum(entry.finding == kind for entry in found) for kind in sorted({e.finding for e in found})}
        return {**counts, "alarming": len(alarming)}

    def _rows(self, query_id: str) -> list[dict[str, str | None]]:
        athena: Any = self.hook.conn
        names, *rows = athena_rows(athena, query_id)
        return [dict(zip(map(str, names), row, strict=True)) for row in rows]
