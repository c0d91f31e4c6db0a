"""The command line of ``python -m mwaa.deploy``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa.deploy import smoke, stacks, status
from mwaa.deploy.apply import apply
from mwaa.deploy.checks import check
from mwaa.deploy.deployed import load_deployed
from mwaa.deploy.errors import DeployError
from mwaa.deploy.plan import make_plan
from mwaa.deploy.project import REPOSITORY, Project
from mwaa.deploy.rollback import roll_back
from mwaa.deploy.target import Target, load_target

_DESCRIPTION = """\
Deploy this repository to Amazon MWAA.

Account, region and address come from the usual places of AWS: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL (the laptop's:
. .sluice/env.sh). --env names mwaa/cloudformation/parameters/<env>.json, which gives the names of everything.
"""
_EPILOG = """\
exit codes: 0 done, 1 refused or failed (the message says what and how to fix it), 2 wrong usage, 130 interrupted
"""
_VERSION = "3.3.1"
_CANARY = "lake_canary_hourly"
_UPDATE_MINUTES = 90.0


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    :param arguments: of the command line; None = this process's.
    :returns: the exit code.
    """
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    begin = time.monotonic()
    try:
        options.run(options)
    except DeployError as error:
        _say(f"error: {error}")
        return 1
    except (ClientError, BotoCoreError) as error:
        _say(f"error: AWS: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted: run the same command again to go on")
        return 130
    _say(f"{options.command} done in {time.monotonic() - begin:.1f} s")
    return 0


def _check(options: argparse.Namespace) -> None:
    check(Project(options.project), options.airflow_version, options.allow_dirty, _say, not options.again)


def _plan(options: argparse.Namespace) -> None:
    plan = make_plan(Project(options.project), load_deployed(_target(options)))
    _show(options, plan.described(), plan.lines())


def _apply(options: argparse.Namespace) -> None:
    project, target = Project(options.project), _target(options)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(target.warm_up)
        checked = check(project, options.airflow_version, options.allow_dirty, _say, not options.again)
    if not apply(project, target, options.airflow_version, checked.dag_ids, _say, options.timeout_minutes * 60):
        _say(f"{target.environment}: nothing to deploy")


def _status(options: argparse.Namespace) -> None:
    state = status.describe(Project(options.project), _target(options))
    _show(options, state, status.lines(state))


def _rollback(options: argparse.Namespace) -> None:
    roll_back(_target(options), options.to, _say, options.timeout_minutes * 60)


def _smoke(options: argparse.Namespace) -> None:
    target = _target(options)
    parse, run = options.parse_minutes * 60, options.run_minutes * 60
    smoke.Smoke(target, options.dag, options.unpause, _say, parse, run).run()
    _say(f"{target.environment} works")


def _stacks(options: argparse.Namespace) -> None:
    given = dict(item.partition("=")[::2] for item in options.parameter)
    target = _target(options)
    names = options.only or list(stacks.ORDER)
    stacks.deploy_stacks(options.project, options.env, target, names, given, _say, options.timeout_minutes * 60)


def _target(options: argparse.Namespace) -> Target:
    return load_target(options.project, options.env)


def _show(options: argparse.Namespace, described: dict[str, Any], lines: Iterator[str]) -> None:
    if options.json:
        sys.stdout.write(json.dumps(described, indent=2, default=str) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def _say(line: str) -> None:
    # Progress goes to stderr: what --json prints stays JSON.
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mwaa.deploy",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="command", dest="command")

    def command(
        name: str, run: Callable[[argparse.Namespace], None], text: str, *, aws: bool = True
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument(
            "--project", type=Path, default=REPOSITORY, help="root of the repository (default: this one)"
        )
        if aws:
            added.add_argument("--env", default="dev", help="which environment: dev, prod, ... (default dev)")
        return added

    for name, run, text in (
        ("check", _check, "check requirements, DAGs, plugins and startup script; needs no AWS"),
        ("apply", _apply, "check, then upload what changed and update the environment if what it pins changed"),
    ):
        added = command(name, run, text, aws=name != "check")
        added.add_argument("--allow-dirty", action="store_true", help="also with files that are not committed")
        added.add_argument("--again", action="store_true", help="repeat checks whose input has not changed")
        added.add_argument("--airflow-version", default=_VERSION, help=f"of the environment (default {_VERSION})")
        if name == "apply":
            _add_timeout(added)
    for name, run, text in (
        ("plan", _plan, "show what apply would do; writes nothing"),
        ("status", _status, "show what runs, what is pinned, what drifted, and the last deployments; writes nothing"),
    ):
        command(name, run, text).add_argument("--json", action="store_true", help="print JSON")
    rollback = command("rollback", _rollback, "go back to an earlier deployment: pinned versions, DAGs and artifacts")
    rollback.add_argument(
        "--to", metavar="RECORD", help="name of its record (status shows them; default: the last but one)"
    )
    _add_timeout(rollback)
    tested = command("smoke", _smoke, "ask the environment whether it works: no import errors, all DAGs, canary green")
    tested.add_argument("--dag", default=_CANARY, help=f"the canary (default {_CANARY})")
    tested.add_argument("--unpause", action="store_true", help="unpause the canary if it is paused")
    tested.add_argument(
        "--parse-minutes", type=float, default=10, help="how long Airflow may take to parse (default 10)"
    )
    tested.add_argument("--run-minutes", type=float, default=30, help="how long the canary may take (default 30)")
    created = command("stacks", _stacks, f"create or update the stacks, in this order: {', '.join(stacks.ORDER)}")
    created.add_argument("--only", action="append", choices=stacks.ORDER, help="only this one (may be repeated)")
    created.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one that is in no file (DeployerArn=...)",
    )
    _add_timeout(created)
    return parser


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout-minutes",
        type=float,
        default=_UPDATE_MINUTES,
        help=f"how long to wait for an update (default {_UPDATE_MINUTES:.0f}; a graceful one waits for running tasks)",
    )
