"""Athena statements that fail with Athena's own words, and a CTAS that may be repeated."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk.exceptions import AirflowFailException

from lake.catalog import find_partition
from lake.clients import client
from lake.failures import failure, refused_call

if TYPE_CHECKING:
    from airflow.sdk import Context

# A statement that failed keeps its token, so each new attempt of the same work needs the next one.
MOST_ATTEMPTS = 20
ENDED_BADLY = frozenset({"FAILED", "CANCELLED"})
# How much Athena's clock and ours may differ when we ask whether a statement is the one we have just started.
CLOCK_SKEW = timedelta(seconds=2)
# Athena's words for a folder or a table that an earlier attempt left behind.
LEFTOVER_TEXTS = ("HIVE_PATH_ALREADY_EXISTS", "TABLE_ALREADY_EXISTS", "already exists")


def left_behind(status: dict[str, Any]) -> bool:
    """:return: whether a statement failed because of what an earlier attempt left in its folder or its table"""
    reason = status.get("StateChangeReason", "")
    return status["State"] == "FAILED" and any(text in reason for text in LEFTOVER_TEXTS)


class AthenaStatementOperator(AthenaOperator):
    """One Athena statement, with values for its SQL file and Athena's own error text.

    :param sql_values: values the SQL file reads as ``{{ task.sql_values.<name> }}`` (templated, before the query)
    """

    template_fields = ("sql_values", *AthenaOperator.template_fields)

    def __init__(self, *, sql_values: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql_values = sql_values or {}

    def execute(self, context: Context) -> str | None:
        from botocore.exceptions import ClientError

        try:
            return super().execute(context)
        except ClientError as error:
            raise refused_call(
                error, "start the statement", f"SQL file and values are in the task's rendered template.\n{self.query}"
            ) from error

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        if event is not None and event["status"] == "success":
            return super().execute_complete(context, event)
        query_id = (event or {}).get("value")
        if not query_id:
            raise AirflowFailException(f"Athena's answer could not be read: {event}")
        raise self._failure_of(query_id)

    def _execution(self, query_id: str) -> dict[str, Any]:
        athena: Any = self.hook.conn
        return dict(athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"])

    def _status(self, query_id: str) -> dict[str, Any]:
        return dict(self._execution(query_id)["Status"])

    def _failure_of(self, query_id: str) -> Exception:
        execution = self._execution(query_id)
        status = execution["Status"]
        reason = status.get("StateChangeReason", "no reason given")
        return failure(
            f"Athena statement {query_id} ended {status['State']}: {reason}\nStatement:\n{execution['Query']}",
            heals=bool(status.get("AthenaError", {}).get("Retryable", False)),
        )


class ConvertToParquetOperator(AthenaStatementOperator):
    """Write one version of one day as Parquet with CREATE TABLE AS SELECT into a folder of its own.

    It may be killed at any moment and repeated: a version that is published is left alone, a statement that runs is
    joined by its request token, and what a failed one left behind is removed before the next attempt.

    ``sql_values`` must hold ``run_key``, ``location`` and ``helper_table``.

    :param helper_database: Glue database of the helper table (templated)
    :param published: database, table and partition value that will point at the version (templated)
    :param expected_rows: rows the version must have (templated)
    """

    template_fields = (*AthenaStatementOperator.template_fields, "helper_database", "published", "expected_rows")

    def __init__(
        self, *, helper_database: str, published: tuple[str, str, str], expected_rows: str | int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.helper_database = helper_database
        self.published = published
        self.expected_rows = expected_rows

    def execute(self, context: Context) -> str | None:
        if self._is_published():
            self.log.info("%s is what %s.%s shows for %s already.", self.sql_values["location"], *self.published)
            return None
        self.client_request_token = self._next_token()
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        if event is not None and event["status"] != "success" and self._stumbled_over_leftovers(event):
            return self.execute(context) or ""
        query_id = super().execute_complete(context, event)
        athena: Any = self.hook.conn
        rows = int(athena.get_query_results(QueryExecutionId=query_id, MaxResults=1).get("UpdateCount", -1))
        if rows != int(self.expected_rows):
            raise AirflowFailException(
                f"Athena wrote {rows} rows to {self.sql_values['location']}, but the Glue job published "
                f"{self.expected_rows}. Nothing was shown to readers. Did something change the staging files? "
                "Remove the run's folder in staging and its result.json, then clear clean_rows."
            )
        return query_id

    def _is_published(self) -> bool:
        partition = find_partition(client("glue", self.aws_conn_id), *self.published)
        return partition is not None and partition["StorageDescriptor"]["Location"] == self.sql_values["location"]

    def _next_token(self) -> str:
        """Find the request token of this attempt: the first one whose statement did not fail before we came.

        StartQueryExecution with a token that was used answers with the earlier statement, so asking is harmless.

        :return: token for the statement to start or to join
        """
        for attempt in range(MOST_ATTEMPTS):
            token = self._token(attempt)
            asked_at = datetime.now(UTC)
            query_id = self._start(token)
            status = self._status(query_id)
            ours = status["SubmissionDateTime"] >= asked_at - CLOCK_SKEW and not left_behind(status)
            if ours or (status["State"] not in ENDED_BADLY and not self._is_stale(status)):
                return token
            self.log.info("Attempt %s was statement %s: %s. Cleaning up for the next.", attempt, query_id, status)
            self._remove_leftovers()
        raise AirflowFailException(
            f"{MOST_ATTEMPTS} attempts to write {self.sql_values['location']} failed; the last one: "
            f"{status.get('StateChangeReason', status['State'])}"
        )

    def _stumbled_over_leftovers(self, event: dict[str, Any]) -> bool:
        return bool(event.get("value")) and left_behind(self._status(event["value"]))

    def _token(self, attempt: int) -> str:
        text = f"{self.sql_values['run_key']}|{self.query}|{attempt}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _start(self, token: str) -> str:
        return str(
            self.hook.run_query(
                self.query,
                {"Catalog": self.catalog, **({"Database": self.database} if self.database else {})},
                self.result_configuration,
                token,
                self.workgroup,
            )
        )

    def _is_stale(self, status: dict[str, Any]) -> bool:
        """:return: whether the statement succeeded long ago and somebody has removed its files since"""
        if status["State"] != "SUCCEEDED":
            return False
        bucket, prefix = S3Hook.parse_s3_url(self.sql_values["location"])
        return not S3Hook(aws_conn_id=self.aws_conn_id).list_keys(bucket_name=bucket, prefix=prefix, max_items=1)

    def _remove_leftovers(self) -> None:
        """Remove what a failed attempt left: helper table and files. execute has made sure that nobody reads them."""
        catalog = client("glue", self.aws_conn_id)
        try:
            catalog.delete_table(DatabaseName=self.helper_database, Name=self.sql_values["helper_table"])
        except catalog.exceptions.EntityNotFoundException:
            self.log.info("No helper table %s was left.", self.sql_values["helper_table"])
        bucket, prefix = S3Hook.parse_s3_url(self.sql_values["location"])
        s3 = S3Hook(aws_conn_id=self.aws_conn_id)
        if keys := s3.list_keys(bucket_name=bucket, prefix=prefix):
            s3.delete_objects(bucket=bucket, keys=keys)
