"""A table of the warehouse follows its contract on the local Redshift: created, evolved, or stopped with the reason."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lake.contracts import compiled_contract
from lake.operators import warehouse_table
from lake.operators.redshift import RedshiftStatementOperator, records
from lake.operators.warehouse_table import EnsureWarehouseTableOperator
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

Columns = list[dict[str, Any]]
PRODUCT = "online_retail"
COLOUR = {"name": "colour", "redshift_type": "varchar(9)", "required": False, "primary_key_position": None}


@pytest.fixture
def warehouse(aws: LocalAws) -> dict[str, Any]:
    return {"database": "lake", "workgroup_name": aws.settings.name("")[:-1], "poll_interval": 0.1, "deferrable": True}


@pytest.fixture
def schema(warehouse: dict[str, Any]) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    run_task(RedshiftStatementOperator(task_id="make", sql=f"CREATE SCHEMA {name}", **warehouse))
    yield name
    run_task(RedshiftStatementOperator(task_id="drop", sql=f"DROP SCHEMA {name} CASCADE", **warehouse))


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Columns], Any]], None]:
    """Deploy another version of the contract."""

    def deploy(edit: Callable[[Columns], Any]) -> None:
        compiled = copy.deepcopy(compiled_contract(PRODUCT))
        edit(compiled["columns"])
        monkeypatch.setattr(warehouse_table, "compiled_contract", lambda _: compiled)

    return deploy


Change = Callable[[Callable[[Columns], Any]], None]


def _ensure(schema: str, warehouse: dict[str, Any]) -> list[str]:
    task = EnsureWarehouseTableOperator(task_id="ensure", product=PRODUCT, schema=schema, **warehouse)
    statements: list[str] = run_task(task)
    return statements


def _column(columns: Columns, name: str) -> dict[str, Any]:
    return next(column for column in columns if column["name"] == name)


def test_created_once(schema: str, warehouse: dict[str, Any]) -> None:
    [statement] = _ensure(schema, warehouse)
    assert statement.startswith(f"CREATE TABLE IF NOT EXISTS {schema}.{PRODUCT} (")
    assert _ensure(schema, warehouse) == []


def test_additive_change_keeps_the_rows(aws: LocalAws, schema: str, warehouse: dict[str, Any], change: Change) -> None:
    _ensure(schema, warehouse)
    values = "'536365', 1, 'X', NULL, 1, '2010-12-01', 1, NULL, 'France', false, true, 1, '2010-12-01'"
    insert = f"INSERT INTO {schema}.{PRODUCT} VALUES ({values})"
    run_task(RedshiftStatementOperator(task_id="insert", sql=insert, **warehouse))
    change(lambda columns: (columns.append(COLOUR), _column(columns, "country").update(redshift_type="varchar(90)")))
    assert _ensure(schema, warehouse) == [
        f"ALTER TABLE {schema}.{PRODUCT} ALTER COLUMN country TYPE varchar(90)",
        f"ALTER TABLE {schema}.{PRODUCT} ADD COLUMN colour varchar(9)",
    ]
    assert _ensure(schema, warehouse) == []
    query = f"SELECT country, colour FROM {schema}.{PRODUCT}"
    (statement_id,) = run_task(RedshiftStatementOperator(task_id="read", sql=query, **warehouse))
    assert list(records(aws.client("redshift-data", aws.name("airflow")), statement_id)) == [["France", None]]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda columns: columns.append({**COLOUR, "required": True}), "colour is new and may not be NULL"),
        (lambda columns: columns.remove(_column(columns, "country")), "country is not in the contract any more"),
        (
            lambda columns: _column(columns, "quantity").update(redshift_type="bigint"),
            "quantity is integer, the contract says bigint",
        ),
        (
            lambda columns: _column(columns, "country").update(redshift_type="varchar(8)"),
            r"country is varchar\(64\), the contract says varchar\(8\)",
        ),
        (
            lambda columns: _column(columns, "invoice_no").update(redshift_type="varchar(99)"),
            r"invoice_no is varchar\(16\), the contract says varchar\(99\)",
        ),
    ],
)
def test_anything_else_stops_and_changes_nothing(
    edit: Callable[[Columns], Any], words: str, schema: str, warehouse: dict[str, Any], change: Change
) -> None:
    _ensure(schema, warehouse)
    change(lambda columns: (columns.append({**COLOUR, "name": "harmless"}), edit(columns)))
    with pytest.raises(AirflowFailException, match=words):
        _ensure(schema, warehouse)
    change(lambda columns: None)
    assert _ensure(schema, warehouse) == []
