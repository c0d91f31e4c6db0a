"""Redshift statements that fail with Redshift's own words and may be repeated after a crash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.redshift_data import (
    RedshiftDataQueryAbortedError,
    RedshiftDataQueryFailedError,
)
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.providers.amazon.aws.triggers.redshift_data import RedshiftDataTrigger
from airflow.sdk.exceptions import AirflowFailException

from lake.failures import failure, refused_call

if TYPE_CHECKING:
    from airflow.sdk import Context

ACTIVE_STATES = frozenset({"SUBMITTED", "PICKED", "STARTED"})
CREATED_VIEW = re.compile(r"^CREATE MATERIALIZED VIEW \w+\.(\w+)", re.MULTILINE)
# Redshift's words for what another attempt gets past: a conflict of two transactions, or no capacity.
HEALING_TEXTS = ("Serializable isolation violation", "deadlock detected", "could not connect", "is being resumed")


def records(conn: Any, statement_id: str) -> Iterator[list[Any]]:
    """:param conn: boto3 Redshift Data client
    :return: the rows of a statement, all pages, as plain values
    """
    for page in conn.get_paginator("get_statement_result").paginate(Id=statement_id):
        for record in page["Records"]:
            yield [None if "isNull" in cell else next(iter(cell.values())) for cell in record]


def affected_rows(conn: Any, statement_id: str) -> list[int]:
    """:param conn: boto3 Redshift Data client
    :param statement_id: of a batch, or of one of its statements (``<batch>:<number>``)
    :return: rows that each statement of the batch answered or changed ("SubStatementData" of the API reference)
    """
    parts = conn.describe_statement(Id=statement_id.split(":")[0])["SubStatements"]
    return [max(0, int(part.get("ResultRows", 0))) for part in parts]


def named_view(statement: str) -> tuple[str, str]:
    """:return: name of the view, without its schema, that a CREATE statement makes; and the statement"""
    found = CREATED_VIEW.search(statement)
    if not found:
        raise AirflowFailException(f"This is not CREATE MATERIALIZED VIEW schema.name:\n{statement}")
    return found.group(1), statement


class RedshiftStatementOperator(RedshiftDataOperator):
    """One statement, or one batch that is one transaction, with values for its SQL files.

    A statement of the same ``statement_name`` that still runs, started by a task that was killed, is joined instead
    of started again. Give a name only if it names the work completely.

    :param sql_values: values the SQL files read as ``{{ task.sql_values.<name> }}`` (templated, before the SQL)
    """

    template_fields = ("sql_values", *RedshiftDataOperator.template_fields)

    def __init__(self, *, sql_values: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql_values = sql_values or {}

    def execute(self, context: Context) -> Any:
        from botocore.exceptions import ClientError

        try:
            if running := self._running_statement():
                self.log.info("Joining statement %s of %s", running, self.statement_name)
                self.statement_id = running
                self._wait_for(running)
            return super().execute(context)
        except ClientError as error:
            raise refused_call(error, "start the statement", "The SQL is in the task's rendered template.") from error
        except (RedshiftDataQueryFailedError, RedshiftDataQueryAbortedError) as error:
            raise self._failure_of(self.statement_id) from error

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        if event is not None and event["status"] == "success":
            return super().execute_complete(context, event)
        if not event or not event.get("statement_id"):
            raise AirflowFailException(f"Redshift's answer could not be read: {event}")
        raise self._failure_of(event["statement_id"])

    def _running_statement(self) -> str | None:
        if not self.statement_name:
            return None
        paginator = self.hook.conn.get_paginator("list_statements")
        for page in paginator.paginate(StatementName=self.statement_name, Status="ALL"):
            for statement in page["Statements"]:
                same_name = statement.get("StatementName") == self.statement_name
                if same_name and statement["Status"] in ACTIVE_STATES:
                    return str(statement["Id"])
        return None

    def _wait_for(self, statement_id: str) -> None:
        self.defer(
            timeout=self.execution_timeout,
            trigger=RedshiftDataTrigger(
                statement_id=statement_id,
                task_id=self.task_id,
                poll_interval=self.poll_interval,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
            ),
            method_name="execute_complete",
        )

    def _run(self, statement: str | list[str]) -> str:
        """:return: id of the statement, or of the batch, once it has ended"""
        try:
            self.statement_id = self.hook.execute_query(
                sql=statement,
                database=self.database,
                workgroup_name=self.workgroup_name,
                wait_for_completion=False,
            ).statement_id
            # Some lines of DDL, for which the worker waits: done in a moment.
            self.hook.wait_for_results(self.statement_id, poll_interval=min(self.poll_interval, 1))
        except (RedshiftDataQueryFailedError, RedshiftDataQueryAbortedError) as error:
            raise self._failure_of(self.statement_id) from error
        return self.statement_id

    def _failure_of(self, statement_id: str) -> Exception:
        statement = self.hook.conn.describe_statement(Id=statement_id)
        # Of a batch one statement FAILED; those after it are ABORTED.
        parts = statement.get("SubStatements", [])
        broken: Any = next((part for part in parts if part["Status"] == "FAILED"), statement)
        text = broken.get("Error") or statement.get("Error") or "no error text"
        return failure(
            f"Redshift statement {statement_id} ended {statement['Status']}: {text}\n"
            f"Statement:\n{broken.get('QueryString', '')}",
            heals=any(mark in text for mark in HEALING_TEXTS),
        )


class EnsureViewsOperator(RedshiftStatementOperator):
    """Create the materialized views that are missing. Redshift knows no CREATE MATERIALIZED VIEW IF NOT EXISTS.

    ``sql`` answers the names of the views that exist.

    :param views: CREATE statement of each view, a view after those it reads (templated)
    """

    template_fields = (*RedshiftStatementOperator.template_fields, "views")

    def __init__(self, *, views: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.views = views

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> list[str]:
        (statement_id,) = super().execute_complete(context, event)
        return self._create_missing(statement_id)

    def execute(self, context: Context) -> list[str]:
        (statement_id,) = super().execute(context)
        return self._create_missing(statement_id)

    def _create_missing(self, statement_id: str) -> list[str]:
        existing = {name for (name,) in records(self.hook.conn, statement_id)}
        missing = {name: sql for name, sql in map(named_view, self.views) if name not in existing}
        for name, statement in missing.items():
            self.log.info("Creating materialized view %s", name)
            self._run(statement)
        return list(missing)


class RequireNoRowsOperator(RedshiftStatementOperator):
    """Run a query whose rows say what is wrong, and fail with them if there are any."""

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> list[str]:
        (statement_id,) = super().execute_complete(context, event)
        return self._require_none(statement_id)

    def execute(self, context: Context) -> list[str]:
        (statement_id,) = super().execute(context)
        return self._require_none(statement_id)

    def _require_none(self, statement_id: str) -> list[str]:
        rows = list(records(self.hook.conn, statement_id))
        if rows:
            lines = "\n".join("- " + ", ".join(str(value) for value in row) for row in rows)
            raise AirflowFailException(f"{len(rows)} rule(s) are broken:\n{lines}\nStatement:\n{self.sql}")
        return [statement_id]
