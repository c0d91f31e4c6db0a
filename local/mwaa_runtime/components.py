"""Airflow's four components as processes: started detached, found again after a crash, stopped with all they forked."""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import LocalAwsError
from local.processes import ServerProcess, stop_tree
from local.settings import AIRFLOW_RUNTIME, HOST

# The name and command of each, and the component of MWAA that runs it. On mw1.micro one container, "hybrid", is
# scheduler and worker at once (mwaa/execute_command.py of the image), which is what a laptop is, too.
API_SERVER = "api-server"
MWAA_COMPONENTS = {API_SERVER: "webserver", "scheduler": "hybrid", "dag-processor": "hybrid", "triggerer": "hybrid"}
# A process of this Airflow has it in its environment, whoever its parent is by now.
HOME_MARK = "SLUICE_AIRFLOW_PROCESS_OF"
# Forked workers give themselves a title ("airflow worker -- LocalExecutor: <idle>"), which overwrites the memory where
# the environment can be read. They stay in the folder that they were started in.
_TITLE = "airflow "

_GRACE_SECONDS = 4.0
_POLL_SECONDS = 0.25
_ANSWER_SECONDS = 10
# Names in the answer of /monitor/health.
_HEALTH_NAMES = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}


@dataclass(frozen=True)
class ComponentStatus:
    """:param pid: None when it does not run.
    :param healthy: by Airflow's own word (heartbeats in the database); for the API server: it answers.
    """

    name: str
    pid: int | None
    healthy: bool


def process_names() -> tuple[str, ...]:
    """Airflow's own names of the components."""
    return tuple(MWAA_COMPONENTS)


def process_of(home: Path, name: str) -> ServerProcess:
    """A component's pid file and log: ``<home>/processes/<name>.{pid,log}``."""
    return ServerProcess(name, home / "processes")


def start(home: Path, port: int, environment_of: Callable[[str], Mapping[str, str]]) -> None:
    """Start all four. The logs of running tasks are read from the files, so no further server listens for them.

    :param environment_of: variables for a component of MWAA (``webserver``, ``hybrid``).
    """
    arguments = {
        API_SERVER: ["--host", HOST, "--port", str(port)],
        "scheduler": ["--skip-serve-logs"],
        "triggerer": ["--skip-serve-logs"],
    }
    for name, mwaa_component in MWAA_COMPONENTS.items():
        command = [str(AIRFLOW_RUNTIME / "bin" / "airflow"), name, *arguments.get(name, [])]
        environment = {**environment_of(mwaa_component), HOME_MARK: str(home)}
        process_of(home, name).start(command, environment, home)


def stop(home: Path) -> bool:
    """End the components and every process they ever started, also those whose parent was killed.

    :returns: whether any ran.
    """
    processes = list(_marked(home))
    for process in processes:
        # TERM to all of them at first, so that they end side by side.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in processes:
        stop_tree(process, _GRACE_SECONDS)
    # What was forked while its parent was being stopped.
    for process in list(_marked(home)):
        stop_tree(process, 0)
    for name in MWAA_COMPONENTS:
        process_of(home, name).stop(0)
    return bool(processes)


def pids(home: Path) -> list[int]:
    """Every process of this Airflow, forked ones included."""
    return [process.pid for process in _marked(home)]


def status(home: Path, url: str | None) -> list[ComponentStatus]:
    """How each component is.

    :param url: of the API server; None if none was started.
    """
    health = health_of(url) if url else None
    states = []
    for name in MWAA_COMPONENTS:
        pid = process_of(home, name).pid()
        answered = health is not None
        healthy = answered and (name == API_SERVER or (health or {}).get(_HEALTH_NAMES[name]) == "healthy")
        states.append(ComponentStatus(name, pid, pid is not None and healthy))
    return states


def health_of(url: str) -> dict[str, str | None] | None:
    """What ``/api/v2/monitor/health`` says about each component; None if nobody answers."""
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
            states: dict[str, dict[str, str | None]] = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return None
    return {name: state.get("status") for name, state in states.items()}


def wait_until_healthy(home: Path, url: str, seconds: float, progress: Callable[[str], None]) -> None:
    """Wait until Airflow itself says that all of it is healthy.

    :param progress: receives a line for each component that has become healthy.
    :raises LocalAwsError: one ended, or it took too long; with the end of the log.
    """
    begin = time.monotonic()
    told: set[str] = set()
    while time.monotonic() - begin < seconds:
        states = status(home, url)
        for state in states:
            if state.healthy and state.name not in told:
                told.add(state.name)
                progress(f"{state.name} ({time.monotonic() - begin:.1f} s)")
            if state.pid is None:
                raise LocalAwsError(f"Airflow's {state.name} ended while it started. {_end_of_log(home, state.name)}")
        if len(told) == len(states):
            return
        time.sleep(_POLL_SECONDS)
    missing = sorted(MWAA_COMPONENTS.keys() - told)
    raise LocalAwsError(
        f"Airflow's {', '.join(missing)} not healthy after {seconds:.0f} s. {_end_of_log(home, missing[0])}"
    )


def _end_of_log(home: Path, name: str) -> str:
    process = process_of(home, name)
    return f"End of {process.log_file}:\n{process.last_lines()}"


def _marked(home: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE and _belongs(process, home):
                yield process


def _belongs(process: psutil.Process, home: Path) -> bool:
    if process.environ().get(HOME_MARK) == str(home):
        return True
    title = process.cmdline()[:1]
    return bool(title) and title[0].startswith(_TITLE) and Path(process.cwd()) == home.resolve()
