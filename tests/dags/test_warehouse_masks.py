"""Masks of the warehouse from a contract, enforced by the local Redshift: a role sees what the contract lets it see."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lake.operators import warehouse_masks as operators
from lake.operators.warehouse_masks import SyncMasksOperator
from lake.settings import LAKE
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

TABLES = ("sales", "customers", "totals")


def _role(name: str, *hidden: str, row_filter: str | None = None, access: str = "read") -> dict[str, Any]:
    return {"role": name, "access": access, "row_filter": row_filter, "excluded_columns": list(hidden)}


@dataclass
class Mart:
    """A schema of the test's own, with roles that no other test has."""

    aws: LocalAws
    name: str

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as an administrator in one session; rows of the last one."""
        data = self.aws.client("redshift-data")
        workgroup = {"WorkgroupName": LAKE.workgroup, "Database": LAKE.warehouse_database}
        if len(statements) == 1:
            started = data.execute_statement(Sql=statements[0], **workgroup)["Id"]
        else:
            started = data.batch_execute_statement(Sqls=list(statements), **workgroup)["Id"]
        while (state := data.describe_statement(Id=started))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
            pass
        assert state["Status"] == "FINISHED", str(state.get("Error"))
        last = state.get("SubStatements", [state])[-1]
        if not last.get("HasResultSet"):
            return []
        found = data.get_statement_result(Id=last["Id"])["Records"]
        return [tuple(None if "isNull" in cell else next(iter(cell.values())) for cell in row) for row in found]

    def read_as(self, role: str, query: str) -> list[tuple[Any, ...]]:
        """Rows that a user with one role sees."""
        user = f"{role}_{self.name}_user"
        return self.run(f"SET SESSION AUTHORIZATION {user}", query)

    def role(self, name: str) -> str:
        """The contract's role, of this test."""
        return f"{name}-{self.name}"


@pytest.fixture
def mart(aws: LocalAws) -> Iterator[Mart]:
    name = f"m{uuid.uuid4().hex[:8]}"
    mart = Mart(aws, name)
    airflow = f'"IAMR:{aws.name("airflow")}"'
    mart.run(f"CREATE SCHEMA {name}")
    mart.run(f"CREATE TABLE {name}.sales (id INT, customer_id VARCHAR(64), amount DECIMAL(12,3))")
    mart.run(f"CREATE TABLE {name}.customers (customer_id VARCHAR(64), born DATE)")
    mart.run(f"INSERT INTO {name}.sales VALUES (1, 'anna', 5), (2, 'bob', 7)")
    mart.run(f"INSERT INTO {name}.customers VALUES ('anna', '1990-02-03')")
    mart.run(f"CREATE MATERIALIZED VIEW {name}.totals AS SELECT SUM(amount) AS amount FROM {name}.sales")
    # The operator runs as Airflow's role, which owns what it masks.
    data = aws.client("redshift-data", aws.name("airflow"))
    data.execute_statement(Sql="SELECT 1", WorkgroupName=LAKE.workgroup, Database=LAKE.warehouse_database)
    for kind, table in (("SCHEMA", name), ("TABLE", f"{name}.sales"), ("TABLE", f"{name}.customers")):
        mart.run(f"ALTER {kind} {table} OWNER TO {airflow}")
    mart.run(f"GRANT SELECT ON {name}.totals TO {airflow} WITH GRANT OPTION")
    yield mart
    mart.run(f"DROP SCHEMA {name} CASCADE")


Sync = Callable[..., list[str]]


@pytest.fixture
def sync(mart: Mart, monkeypatch: pytest.MonkeyPatch) -> Sync:
    def run(*roles: dict[str, Any]) -> list[str]:
        compiled = {"permissions": {"roles": list(roles)}}
        monkeypatch.setattr(operators, "compiled_contract", lambda _product: compiled)
        task = SyncMasksOperator(
            task_id="sync_masks",
            product="p",
            schema=mart.name,
            tables=TABLES,
            database=LAKE.warehouse_database,
            workgroup_name=LAKE.workgroup,
            poll_interval=0.1,
            deferrable=True,
        )
        done: list[str] = run_task(task)
        for role in roles:
            database_role = role["role"].replace("-", "_")
            user = f"{role['role'].split('-')[0]}_{mart.name}_user"
            if not mart.run(f"SELECT 1 FROM pg_user WHERE usename = '{user}'"):
                mart.run(f"CREATE USER {user} PASSWORD DISABLE")
                if not role["row_filter"]:
                    mart.run(f"GRANT ROLE {database_role} TO {user}")
        return done

    return run


def test_each_role_sees_what_the_contract_says(mart: Mart, sync: Sync) -> None:
    sync(
        _role(mart.role("engineer")),
        _role(mart.role("analyst"), "customer_id", "born"),
        _role(mart.role("regional"), row_filter="country = 'x'"),
    )
    sales, customers = f"SELECT * FROM {mart.name}.sales ORDER BY id", f"SELECT * FROM {mart.name}.customers"
    assert [row[1] for row in mart.read_as("engineer", sales)] == ["anna", "bob"]
    assert [row[:2] for row in mart.read_as("analyst", sales)] == [(1, None), (2, None)]
    assert mart.read_as("analyst", customers) == [(None, None)]
    assert len(mart.read_as("analyst", f"SELECT amount FROM {mart.name}.totals")) == 1
    with pytest.raises(AssertionError, match="permission denied"):
        mart.read_as("regional", sales)


ATTACKS = {
    "filter": ("SELECT id FROM {s}.sales WHERE customer_id = 'anna'", []),
    "alias": ("SELECT x.customer_id FROM {s}.sales AS x WHERE x.id = 1", [(None,)]),
    "subquery": ("SELECT c FROM (SELECT customer_id AS c FROM {s}.sales) AS q WHERE c IS NOT NULL", []),
    "common table": ("WITH q AS (SELECT * FROM {s}.sales) SELECT MAX(customer_id) FROM q", [(None,)]),
    "aggregate": ("SELECT COUNT(customer_id), MIN(customer_id) FROM {s}.sales", [(0, None)]),
    "join": ("SELECT s.id FROM {s}.sales s JOIN {s}.customers c ON s.customer_id = c.customer_id", []),
    "order": ("SELECT customer_id FROM {s}.sales ORDER BY customer_id LIMIT 1", [(None,)]),
    "expression": ("SELECT UPPER(customer_id) || 'x' FROM {s}.sales WHERE id = 1", [(None,)]),
    "union": ("SELECT customer_id FROM {s}.sales WHERE id = 1 UNION SELECT customer_id FROM {s}.customers", [(None,)]),
    "case": ("SELECT CASE WHEN customer_id LIKE 'a%' THEN 1 ELSE 0 END FROM {s}.sales WHERE id = 1", [(0,)]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_query_gets_around_a_mask(attack: str, mart: Mart, sync: Sync) -> None:
    sync(_role(mart.role("analyst"), "customer_id"))
    query, seen = ATTACKS[attack]
    assert mart.read_as("analyst", query.format(s=mart.name)) == seen


def test_a_view_shows_what_its_reader_may_see(mart: Mart, sync: Sync) -> None:
    sync(_role(mart.role("analyst"), "customer_id"))
    mart.run(f"CREATE VIEW {mart.name}.seen AS SELECT id, customer_id FROM {mart.name}.sales")
    mart.run(f"CREATE VIEW {mart.name}.seen_again AS SELECT * FROM {mart.name}.seen")
    mart.run(f"GRANT SELECT ON {mart.name}.seen, {mart.name}.seen_again TO ROLE analyst_{mart.name}")
    for view in ("seen", "seen_again"):
        assert mart.read_as("analyst", f"SELECT * FROM {mart.name}.{view} ORDER BY id") == [(1, None), (2, None)]


def test_a_second_sync_changes_nothing(mart: Mart, sync: Sync) -> None:
    roles = (_role(mart.role("engineer")), _role(mart.role("analyst"), "customer_id"))
    first = sync(*roles)
    assert any(statement.startswith("ATTACH") for statement in first)
    assert {statement.split()[0] for statement in sync(*roles)} == {"GRANT"}


def test_masks_follow_the_contract(mart: Mart, sync: Sync) -> None:
    analyst = mart.role("analyst")
    sales = f"SELECT customer_id FROM {mart.name}.sales WHERE id = 1"
    sync(_role(analyst, "customer_id"))
    assert mart.read_as("analyst", sales) == [(None,)]
    opened = sync(_role(analyst))
    assert any(statement.startswith("DETACH") for statement in opened)
    assert mart.read_as("analyst", sales) == [("anna",)]
    # Somebody before it in the contract: another priority, still hidden, and no moment without a grant too many.
    sync(_role(analyst, "customer_id"))
    sync(_role(mart.role("other"), "customer_id"), _role(analyst, "customer_id"))
    assert mart.read_as("analyst", sales) == [(None,)]
    sync(_role(analyst, "customer_id", row_filter="country = 'x'"))
    with pytest.raises(AssertionError, match="permission denied"):
        mart.read_as("analyst", sales)


def test_a_column_added_tomorrow_is_masked_by_the_next_sync(mart: Mart, sync: Sync) -> None:
    analyst = _role(mart.role("analyst"), "customer_id", "phone")
    sync(analyst)
    mart.run(f"ALTER TABLE {mart.name}.customers ADD COLUMN phone VARCHAR(20) DEFAULT '+44'")
    sync(analyst)
    assert mart.read_as("analyst", f"SELECT phone FROM {mart.name}.customers") == [(None,)]
