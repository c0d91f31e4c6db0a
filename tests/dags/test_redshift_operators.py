"""Statements on the local Redshift: its own words on failure, joined after a crash, batches all or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from lake.operators.redshift import EnsureViewsOperator, RedshiftStatementOperator, RequireNoRowsOperator, records
from tests.dags.running import context, run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws


@pytest.fixture
def warehouse(aws: LocalAws) -> dict[str, Any]:
    """Arguments every statement shares."""
    return {
        "database": "lake",
        "workgroup_name": aws.settings.name("")[:-1],
        "poll_interval": 0.1,
        "deferrable": True,
    }


@pytest.fixture
def schema(warehouse: dict[str, Any]) -> Iterator[str]:
    """A schema of the test's own with a table ``t``."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    run_task(
        RedshiftStatementOperator(
            task_id="make", sql=[f"CREATE SCHEMA {name}", f"CREATE TABLE {name}.t (id INTEGER)"], **warehouse
        )
    )
    yield name
    run_task(RedshiftStatementOperator(task_id="drop", sql=f"DROP SCHEMA {name} CASCADE", **warehouse))


def rows(aws: LocalAws, warehouse: dict[str, Any], query: str) -> list[list[Any]]:
    """:return: what a query answers"""
    (statement_id,) = run_task(RedshiftStatementOperator(task_id="read", sql=query, **warehouse))
    return list(records(aws.client("redshift-data", aws.name("airflow")), statement_id))


def test_a_wrong_statement_fails_with_redshifts_words(warehouse: dict[str, Any]) -> None:
    task = RedshiftStatementOperator(task_id="broken", sql="SELECT no_such_column FROM svv_tables", **warehouse)
    with pytest.raises(AirflowFailException, match="no_such_column"):
        run_task(task)


def test_a_batch_is_all_or_nothing_and_names_the_statement_that_failed(
    aws: LocalAws, warehouse: dict[str, Any], schema: str
) -> None:
    broken = f"INSERT INTO {schema}.t SELECT 1 / 0"
    statements = [f"INSERT INTO {schema}.t VALUES (1)", broken, f"INSERT INTO {schema}.t VALUES (2)"]
    with pytest.raises(AirflowFailException, match="division by zero") as failure:
        run_task(RedshiftStatementOperator(task_id="load", sql=statements, **warehouse))
    assert broken in str(failure.value)
    assert rows(aws, warehouse, f"SELECT COUNT(*) FROM {schema}.t") == [[0]]


def test_a_statement_that_still_runs_is_joined_by_its_name(
    aws: LocalAws, warehouse: dict[str, Any], schema: str
) -> None:
    name = f"load_{schema}"
    long = (
        "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 1000000000) "
        "SELECT COUNT(*) FROM numbers"
    )
    client = aws.client("redshift-data", aws.name("airflow"))
    running = client.execute_statement(
        Sql=long, Database="lake", WorkgroupName=warehouse["workgroup_name"], StatementName=name
    )["Id"]
    try:
        with pytest.raises(TaskDeferred) as waiting:
            RedshiftStatementOperator(task_id="load", sql=long, statement_name=name, **warehouse).execute(context())
    finally:
        client.cancel_statement(Id=running)
    assert waiting.value.trigger.statement_id == running
    assert len(client.list_statements(StatementName=name, Status="ALL")["Statements"]) == 1


def test_missing_views_are_created_once(aws: LocalAws, warehouse: dict[str, Any], schema: str) -> None:
    def ensure() -> EnsureViewsOperator:
        return EnsureViewsOperator(
            task_id="ensure_views",
            sql=f"SELECT name FROM svv_mv_info WHERE schema_name = '{schema}'",
            views=[
                f"CREATE MATERIALIZED VIEW {schema}.first AUTO REFRESH NO AS SELECT id, COUNT(*) AS n FROM {schema}.t "
                "GROUP BY id",
                f"-- reads the first\nCREATE MATERIALIZED VIEW {schema}.second AUTO REFRESH NO AS SELECT SUM(n) AS n "
                f"FROM {schema}.first",
            ],
            **warehouse,
        )

    assert run_task(ensure()) == ["first", "second"]
    assert run_task(ensure()) == []


def test_a_view_that_cannot_be_created_fails_with_redshifts_words(warehouse: dict[str, Any], schema: str) -> None:
    task = EnsureViewsOperator(
        task_id="ensure_views",
        sql=f"SELECT name FROM svv_mv_info WHERE schema_name = '{schema}'",
        views=[f"CREATE MATERIALIZED VIEW {schema}.broken AS SELECT gone FROM {schema}.t"],
        **warehouse,
    )
    with pytest.raises(AirflowFailException, match="gone"):
        run_task(task)


def test_rows_that_must_not_be_are_told(warehouse: dict[str, Any]) -> None:
    task = RequireNoRowsOperator(task_id="check", sql="SELECT 'keys are not unique' AS rule, 3 AS broken", **warehouse)
    with pytest.raises(AirflowFailException, match="keys are not unique, 3"):
        run_task(task)


def test_no_rows_is_well(warehouse: dict[str, Any]) -> None:
    assert run_task(RequireNoRowsOperator(task_id="check", sql="SELECT 1 AS broken WHERE 1 = 2", **warehouse))
