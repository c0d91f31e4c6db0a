"""``python -m local permissions``: record a run of the lake and write docs/permissions.md, or check it."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.demo.airflow_runs import print_line
from local.errors import LocalAwsError
from local.settings import load_settings

_RUN_SECONDS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if the page is not true")
    parser.add_argument("--keep", action="store_true", help="use the given state folder, whose local AWS runs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """:raises LocalAwsError: a DAG failed."""
    if options.keep:
        return _report(options.state, options.check)
    # A lake of its own: in a used one, what happens once (tables, tags) would be missing.
    folder = Path(tempfile.mkdtemp(prefix="sluice-permissions.")).resolve()
    try:
        return _in_new_lake(folder, options.check)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_new_lake(folder: Path, check: bool) -> int:
    from local import lifecycle

    settings = lifecycle.up(load_settings(folder), print_line)
    try:
        return _report(folder, check)
    finally:
        lifecycle.down(settings, print_line)


def _report(state: Path | None, check: bool) -> int:
    from local.clients import service_client
    from local.permissions.report import PAGE, differences, page, rows
    from local.permissions.roles import deployed_roles

    settings = load_settings(state)
    recorded = _recorded(settings)
    iam: Any = service_client("iam", settings)
    roles = deployed_roles(iam, settings.name(""))
    found = rows(recorded, roles, settings.name(""))
    if not check:
        PAGE.write_text(page(found), encoding="utf-8")
        print_line(f"wrote {PAGE}: {len(found)} rows from {len(recorded)} decisions")
        return 0
    problems = differences(found, roles, settings.name(""), PAGE.read_text(encoding="utf-8"))
    for problem in problems:
        print_line(problem)
    return 1 if problems else 0


def _recorded(settings: Any) -> list[Any]:
    from local.demo.airflow_runs import WarmAirflow
    from local.environment import airflow_environment
    from local.permissions.lake_run import record_lake

    log = settings.folder("iam") / "airflow.log"
    silent: Callable[[str], None] = lambda _line: None  # noqa: E731 - the run's progress is nobody's business here
    with WarmAirflow.start(dict(airflow_environment(settings)), settings.state_dir, log) as airflow:
        try:
            recorder = record_lake(settings, lambda dag, day, conf: airflow.run(dag, day, silent, _RUN_SECONDS, conf))
        except LocalAwsError as error:
            raise LocalAwsError(f"{error}. Airflow's log: {log}") from error
    return recorder.found
