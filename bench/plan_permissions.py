"""How long the permission planner takes: 1,000 contracts with 4 roles each, all new, then all in place.

Run: ``PYTHONPATH=dags python bench/plan_permissions.py`` (Airflow runtime).
"""

from __future__ import annotations

import time
from typing import Any

from lake.contracts import compiled_contract
from lake.lake_formation.desired import RoleNames
from lake.lake_formation.grant_changes import Rules
from lake.lake_formation.lake_plan import declared_by
from lake.lake_formation.lake_planner import Declared, plan_lake
from lake.lake_formation.policy import platform_policy
from lake.lake_formation.state import LakeState, TableState

CONTRACTS = 1000
NAMES = RoleNames("123456789012", "sluice", "dev")
POLICY = platform_policy(NAMES)


def main() -> None:
    terms = compiled_contract("online_retail")
    contracts = {f"product_{number}": {**terms, "product": f"product_{number}"} for number in range(CONTRACTS)}
    started = time.perf_counter()
    declared = declared_by(NAMES, POLICY, contracts)
    compiled = time.perf_counter()
    changes = _plan(declared, {table: TableState(table) for table in declared.tables}, {})
    planned = time.perf_counter()
    again = _plan(declared, dict(declared.tables), dict(POLICY.grants))
    ended = time.perf_counter()
    grants = sum(len(state.grants) for state in declared.tables.values())
    print(f"{CONTRACTS} contracts, {grants} grants")
    print(f"desired state   {compiled - started:6.2f} s")
    print(f"plan, all new   {planned - compiled:6.2f} s  {changes} changes")
    print(f"plan, in place  {ended - planned:6.2f} s  {again} changes")


def _plan(declared: Declared, tables: dict[Any, TableState], grants: dict[Any, Any]) -> int:
    values = {key: frozenset(tags) for key, tags in declared.policy.tag_values.items()}
    actual = LakeState(grants=grants, tables=tables, columns=dict.fromkeys(tables, ("id",)), tag_values=values)
    rules = Rules(NAMES.account_id, NAMES.is_ours, NAMES.short)
    return len(plan_lake(declared, actual, rules, declared.policy.databases).changes)


if __name__ == "__main__":
    main()
