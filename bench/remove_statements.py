"""Does each statement matter for real? Takes each one out of its deployed role in turn and runs the DAGs.

    .venv/local/bin/python -m bench.remove_statements --state FOLDER [ROLE ...]

The local AWS of FOLDER must run. Each statement costs a run of the lake on a new day, until the first task that fails;
tests/e2e/test_roles.py asks the same question of recorded calls in a second. Exit code 1 if a statement was not missed
that the list of exemptions does not name.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.clients import service_client
from local.demo.airflow_runs import RunOutcome, WarmAirflow
from local.environment import airflow_environment
from local.permissions.coverage import Part
from local.permissions.exemptions import read_exemptions
from local.permissions.lake_run import deliver, new_day
from local.permissions.mutation import without_statement
from local.permissions.roles import deployed_roles
from local.services.iam.policy import Statement
from local.settings import LocalSettings, load_settings

_RUN_SECONDS = 300
_DAGS = ("online_retail_daily", "sales_marts", "lake_canary_hourly")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.remove_statements", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("roles", nargs="*", help="names without prefix (default: all that DAGs use)")
    options = parser.parse_args()
    settings = load_settings(options.state)
    log = settings.folder("iam") / "airflow.log"
    with WarmAirflow.start(dict(airflow_environment(settings)), settings.state_dir, log) as airflow:

        def run_dag(dag_id: str, day: str) -> RunOutcome:
            return airflow.run(dag_id, day, lambda _line: None, _RUN_SECONDS)

        names = options.roles or ["airflow", "glue", "redshift", "lakeformation", "lake-admin"]
        return 1 if sum(_role(settings, name, run_dag) for name in names) else 0


def _role(settings: LocalSettings, name: str, run_dag: Callable[[str, str], RunOutcome]) -> int:
    """:returns: how many statements were not missed and have no excuse."""
    iam: Any = service_client("iam", settings)
    role = deployed_roles(iam, settings.name(""))[settings.name(name)]
    unnoticed = 0
    for statement in role.statements:
        begin = time.monotonic()
        with without_statement(iam, role.name, statement.policy, statement.sid):
            outcome = _run(settings, run_dag)
        missed = not outcome.succeeded
        excused = _is_excused(settings, role.name, statement)
        unnoticed += not missed and not excused
        failed = next((task for task, state in outcome.tasks.items() if state == "failed"), "-")
        verdict = "missed" if missed else "exempt" if excused else "NOT MISSED"
        reason = (outcome.error or "").replace("\n", " ")[:110]
        sys.stdout.write(
            f"{name:<14}{statement.sid:<30}{verdict:<11}{time.monotonic() - begin:5.0f} s  {failed:<22}{reason}\n"
        )
        sys.stdout.flush()
    return unnoticed


def _run(settings: LocalSettings, run_dag: Callable[[str, str], RunOutcome]) -> RunOutcome:
    day = new_day(settings)
    deliver(settings, day, seed=5)
    outcome = run_dag(_DAGS[0], day)
    for dag_id in _DAGS[1:]:
        if outcome.succeeded:
            outcome = run_dag(dag_id, day)
    return outcome


def _is_excused(settings: LocalSettings, role: str, statement: Statement) -> bool:
    parts = [Part(role, statement.label, action) for action in statement.actions]
    return all(any(one.covers(part, settings.name("")) for one in read_exemptions()) for part in parts)


if __name__ == "__main__":
    sys.exit(main())
