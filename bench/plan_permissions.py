"""How long the permission planner takes: 1,000 contracts with 4 roles each, all new, then all in place.

Run: ``PYTHONPATH=dags python bench/plan_permissions.py`` (standard library only).
"""

from __future__ import annotations

import copy
import time
from typing import Any

from lake.contracts import compiled_contract
from lake.lake_formation.desired import RoleNames, desired_state
from lake.lake_formation.planner import plan
from lake.lake_formation.state import TableState

CONTRACTS = 1000
ACCOUNT = "123456789012"
NAMES = RoleNames(ACCOUNT, "sluice", "dev")


def main() -> None:
    contracts = [_numbered(compiled_contract("online_retail"), number) for number in range(CONTRACTS)]
    started = time.perf_counter()
    desired = [desired_state(contract, NAMES) for contract in contracts]
    compiled = time.perf_counter()
    changes = [change for state in desired for change in _plan(state, TableState(state.table)).changes]
    planned = time.perf_counter()
    again = [change for state in desired for change in _plan(state, state).changes]
    ended = time.perf_counter()
    grants = sum(len(state.grants) for state in desired)
    print(f"{CONTRACTS} contracts, {grants} grants")
    print(f"desired state   {compiled - started:6.2f} s")
    print(f"plan, all new   {planned - compiled:6.2f} s  {len(changes)} changes")
    print(f"plan, in place  {ended - planned:6.2f} s  {len(again)} changes")


def _numbered(contract: dict[str, Any], number: int) -> dict[str, Any]:
    return copy.deepcopy(contract) | {"product": f"online_retail_{number}"}


def _plan(desired: TableState, actual: TableState) -> Any:
    return plan(desired, actual, catalog_id=ACCOUNT, managed=NAMES.is_ours, short=NAMES.short)


if __name__ == "__main__":
    main()
