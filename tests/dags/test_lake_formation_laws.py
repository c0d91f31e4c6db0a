"""Laws of the permission sync, for any contract and any state before it, against the local Lake Formation's rules."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_formation_in_process import ACCOUNT, ADMIN, InProcessLakeFormation, OneTable, SomeFail

from lake.lake_formation.desired import RoleNames, desired_state
from lake.lake_formation.grant_changes import Rules
from lake.lake_formation.plan import Plan
from lake.lake_formation.planner import PlanRefusedError, plan
from lake.lake_formation.state import TableName, TableState
from local.services.lakeformation import access

COLUMNS = (("id", "int"), ("name", "string"), ("country", "string"), ("amount", "decimal(12,3)"))
NAMES = tuple(name for name, _ in COLUMNS)
ROWS = ((1, "ann", "UK", 5), (2, "bob", "FR", 50), (3, "cid", None, 500))
ROLES = ("engineer", "analyst", "steward", "intern")
FILTERS = ("country = 'UK'", "country <> 'UK'", "amount > 10", "id in (1, 3)", "country is null")
TABLE = {"DatabaseName": "curated", "Name": "sales"}
WHO = RoleNames(ACCOUNT, "sluice", "dev")
QUICK = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def lake_formation(faults: SomeFail | None = None) -> InProcessLakeFormation:
    return InProcessLakeFormation(OneTable("curated", "sales", COLUMNS), faults or SomeFail())


def some_columns(least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(NAMES), min_size=least, max_size=len(NAMES) - 1, unique=True)


@st.composite
def roles(draw: st.DrawFn) -> list[dict[str, Any]]:
    chosen = draw(st.lists(st.sampled_from(ROLES), unique=True))
    return [
        {
            "role": role,
            "access": draw(st.sampled_from(["read", "read", "write"])),
            "permissions": ["DESCRIBE", "SELECT"],
            "row_filter": draw(st.none() | st.sampled_from(FILTERS)),
            "excluded_columns": draw(some_columns()),
        }
        for role in chosen
    ]


def contract(given_roles: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "product": "sales",
        "databases": {"curated": "curated"},
        "columns": [{"name": name} for name in NAMES],
        "permissions": {
            "roles": given_roles,
            "lf_tags": {"domain": "sales", "classification": "internal"},
            "column_tags": {"name": {"classification": "restricted"}},
        },
    }


@st.composite
def resources(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Something to grant on the table, and what."""
    kind = draw(st.sampled_from(["table", "columns", "except"]))
    if kind == "table":
        permissions = draw(st.lists(st.sampled_from(["SELECT", "INSERT", "DESCRIBE", "DROP", "ALL"]), min_size=1))
        return {"Table": TABLE}, permissions
    if kind == "columns":
        return {"TableWithColumns": {**TABLE, "ColumnNames": draw(some_columns(1))}}, ["SELECT"]
    wildcard = {"ExcludedColumnNames": draw(some_columns(1))}
    return {"TableWithColumns": {**TABLE, "ColumnWildcard": wildcard}}, ["SELECT"]


GRANTS = st.lists(st.tuples(st.sampled_from(ROLES), resources()), max_size=6)


def grant_all(server: InProcessLakeFormation, grants: list[Any]) -> None:
    for role, (resource, permissions) in grants:
        server.grant_permissions(
            Principal={"DataLakePrincipalIdentifier": WHO.arn(role)}, Resource=resource, Permissions=permissions
        )


def plan_for(server: InProcessLakeFormation, wanted: TableState) -> Plan:
    hook = server.hook()
    actual = hook.read_state(TableName("curated", "sales"), ACCOUNT, tag_keys=wanted.tag_values)
    return plan(wanted, actual, Rules(ACCOUNT, WHO.is_ours, WHO.short, hook.read_admins(ACCOUNT)))


@QUICK
@given(roles(), roles(), GRANTS)
def test_a_second_run_has_nothing_to_do(before: Any, after: Any, strays: Any) -> None:
    server = lake_formation()
    grant_all(server, strays)
    for given_roles in (before, after):
        wanted = desired_state(contract(given_roles), WHO)
        server.hook().apply(plan_for(server, wanted).changes)
        again = plan_for(server, wanted)
        assert again.changes == ()
        assert again.findings == ()


@QUICK
@given(roles(), GRANTS, st.integers(0, 1000))
def test_it_converges_while_calls_and_entries_fail(given_roles: Any, strays: Any, seed: int) -> None:
    server = lake_formation()
    grant_all(server, strays)
    server.faults = SomeFail(calls=0.3, entries=0.2, seed=seed)
    wanted = desired_state(contract(given_roles), WHO)
    server.hook().apply(plan_for(server, wanted).changes)
    server.faults = SomeFail()
    assert plan_for(server, wanted).changes == ()


@QUICK
@given(roles(), GRANTS, st.randoms(use_true_random=False))
def test_the_order_of_roles_and_columns_does_not_matter(given_roles: Any, strays: Any, chance: Any) -> None:
    server = lake_formation()
    grant_all(server, strays)
    shuffled = contract(chance.sample(given_roles, len(given_roles)))
    shuffled["columns"] = chance.sample(shuffled["columns"], len(shuffled["columns"]))
    first = plan_for(server, desired_state(contract(given_roles), WHO))
    second = plan_for(server, desired_state(shuffled, WHO))
    assert first == second


@QUICK
@given(roles())
def test_everybody_sees_exactly_what_the_contract_says(given_roles: Any) -> None:
    server = lake_formation()
    server.hook().apply(plan_for(server, desired_state(contract(given_roles), WHO)).changes)
    by_name = {role["role"]: role for role in given_roles}
    for role in ROLES:
        held = by_name.get(role)
        if held is None:
            expected = set()
        elif held["access"] == "write":
            expected = cells(NAMES, None)
        else:
            expected = cells([name for name in NAMES if name not in held["excluded_columns"]], held["row_filter"])
        assert visible(role) == expected


CELL_FILTERS = st.lists(st.tuples(st.sampled_from(FILTERS), some_columns(1)), max_size=4)


def grant_filters(server: InProcessLakeFormation, filters: Any) -> None:
    """Create data cells filters and grant them to two roles in turn."""
    for number, (expression, columns) in enumerate(filters):
        names = {"TableCatalogId": ACCOUNT, "DatabaseName": "curated", "TableName": "sales", "Name": f"f{number}"}
        server.create_data_cells_filter(
            TableData={**names, "RowFilter": {"FilterExpression": expression}, "ColumnNames": columns}
        )
        role = ROLES[number % 2]
        grant_all(server, [(role, ({"DataCellsFilter": names}, ["SELECT"]))])


@QUICK
@given(CELL_FILTERS, GRANTS)
def test_what_is_seen_is_the_union_of_what_each_grant_shows(filters: Any, grants: Any) -> None:
    server = lake_formation()
    grant_filters(server, filters)
    grant_all(server, grants)
    held = {who: dict(by_resource) for who, by_resource in server.state.grants.items()}
    for role in ROLES:
        together = visible(role)
        one_by_one: set[tuple[int, str]] = set()
        for resource, grant in held.get(WHO.arn(role), {}).items():
            server.state.grants[WHO.arn(role)] = {resource: grant}
            one_by_one |= visible(role)
        server.state.grants = {who: dict(by_resource) for who, by_resource in held.items()}
        assert together == one_by_one


@QUICK
@given(CELL_FILTERS, GRANTS, st.data())
def test_taking_a_right_away_never_shows_more(filters: Any, grants: Any, data: Any) -> None:
    server = lake_formation()
    grant_filters(server, filters)
    grant_all(server, grants)
    held = [(who, resource) for who, by_resource in server.state.grants.items() for resource in by_resource]
    if not held:
        return
    before = {role: visible(role) for role in ROLES}
    who, resource = data.draw(st.sampled_from(held))
    del server.state.grants[who][resource]
    after = {role: visible(role) for role in ROLES}
    assert all(after[role] <= before[role] for role in ROLES)
    assert all(after[role] == before[role] for role in ROLES if WHO.arn(role) != who)


def visible(role: str) -> set[tuple[int, str]]:
    """(row, column) pairs a role may see, by evaluating the predicates it was given as SQL."""
    seen = access.table_access(WHO.arn(role), "curated", "sales", NAMES)
    conditions = dict(seen.cell_filters)
    return {cell for column in seen.columns for cell in cells([column], _both(seen.row_filter, conditions.get(column)))}


def _both(first: str | None, second: str | None) -> str | None:
    parts = [f"({part})" for part in (first, second) if part]
    return " AND ".join(parts) or None


def cells(columns: Any, predicate: str | None) -> set[tuple[int, str]]:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE sales (id, name, country, amount)")
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", ROWS)
        found = connection.execute(f"SELECT id FROM sales WHERE {predicate or 'true'}").fetchall()
    return {(row[0], column) for row in found for column in columns}


def test_an_administrator_is_not_narrowed() -> None:
    server = lake_formation()
    narrowed = {"role": ADMIN, "access": "read", "permissions": [], "row_filter": "id = 1", "excluded_columns": []}
    with pytest.raises(PlanRefusedError, match="is a data lake administrator"):
        plan_for(server, desired_state(contract([narrowed]), WHO))
