"""Run DAGs for the demo and tell how each task is doing while it works."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from local.settings import REPOSITORY

Printer = Callable[[str], None]

RUNNER_READY_SECONDS = 180
FINISHED = {"success", "failed", "upstream_failed", "skipped", "removed"}
# The last line of a traceback and the rest of a message of several lines, up to the next line that Airflow logged.
LOGGED_EXCEPTION = re.compile(
    r"^(?:\w+\.)*(?:Airflow\w*Exception|\w+Error): (.+(?:\n(?!\d{4}-\d\d-\d\dT|Traceback|\s*$).+)*)", re.MULTILINE
)
MARKS = {"success": "✓", "skipped": "-", "failed": "✗", "upstream_failed": "·", "removed": "·"}


@dataclass
class RunOutcome:
    """What became of one DAG run.

    :param seconds: wall time of the run as its caller saw it
    """

    dag_id: str
    day: str
    state: str
    seconds: float
    tasks: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.state == "success"


class TaskFollower:
    """Print each task of one DAG run as it ends, read from Airflow's own metadata database.

    ``DAG.test()`` writes every state change there, so the same follower serves the command line and the warm process.
    """

    def __init__(self, database: Path, dag_id: str, day: str, echo: Printer) -> None:
        self._database = database
        self._run = (dag_id, day)
        self._echo = echo
        self._begin = time.time()
        self._seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"follow-{dag_id}-{day}", daemon=True)

    def __enter__(self) -> TaskFollower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._print_finished()

    def _follow(self) -> None:
        while not self._stop.wait(0.5):
            self._print_finished()

    def _rows(self) -> list[tuple[str, str, float]]:
        """Tasks of this run that ended since the follower started: (task, state, seconds)."""
        dag_id, day = self._run
        query = """
            SELECT ti.task_id, ti.state,
                   (julianday(ti.end_date) - julianday(ti.start_date)) * 86400.0,
                   (julianday(ti.end_date) - 2440587.5) * 86400.0
              FROM task_instance AS ti JOIN dag_run AS dr ON dr.dag_id = ti.dag_id AND dr.run_id = ti.run_id
             WHERE ti.dag_id = ? AND dr.logical_date LIKE ? AND ti.end_date IS NOT NULL
             ORDER BY ti.end_date
        """
        try:
            with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=2) as connection:
                rows = connection.execute(query, (dag_id, f"{day}%")).fetchall()
        except sqlite3.OperationalError:
            return []  # the database is being migrated or written: the next round reads it
        return [(task, state, seconds or 0.0) for task, state, seconds, end in rows if end >= self._begin - 1]

    def _print_finished(self) -> None:
        for task, state, seconds in self._rows():
            if state in FINISHED and task not in self._seen:
                self._seen.add(task)
                self._echo(f"     {MARKS.get(state, '?')} {task:<34} {state:<15} {seconds:6.1f} s")


def run_by_command_line(
    dag_id: str, day: str, environment: dict[str, str], state_dir: Path, log: Path, echo: Printer, limit: float
) -> RunOutcome:
    """Run ``airflow dags test DAG DAY`` as a user would type it.

    :param environment: what ``<state>/env.sh`` exports
    :param log: file that receives Airflow's output
    :param limit: seconds after which the command is killed; ``DAG.test()`` itself enforces no time limit
    """
    begin = time.monotonic()
    command = ["airflow", "dags", "test", dag_id, day]
    state, error = "success", None
    with log.open("ab") as output, TaskFollower(state_dir / "airflow" / "airflow.db", dag_id, day, echo):
        written = output.tell()
        try:
            subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=limit,
                check=True,
            )
        except subprocess.TimeoutExpired:
            state, error = "failed", f"still running after {limit:.0f} s, killed"
        except subprocess.CalledProcessError:
            state, error = "failed", last_error(log, written)
    return RunOutcome(dag_id, day, state, time.monotonic() - begin, error=error)


def last_error(log: Path, start: int) -> str | None:
    """The message of the last exception that Airflow logged.

    :param start: position in the file, in bytes, where the run began
    """
    with log.open("rb") as file:
        file.seek(start)
        text = file.read().decode(errors="replace")
    messages = [match.group(1).strip() for match in LOGGED_EXCEPTION.finditer(text)]
    return messages[-1] if messages else None


class WarmAirflow:
    """One Airflow process that has everything imported and runs DAGs on request (``local/airflow_runner.py``)."""

    def __init__(self, process: subprocess.Popen[str], state_dir: Path, log: Path) -> None:
        self._process = process
        self._state_dir = state_dir
        self._log = log
        self._ready = False

    @property
    def log(self) -> Path:
        """File with Airflow's output."""
        return self._log

    @classmethod
    @contextmanager
    def start(cls, environment: dict[str, str], state_dir: Path, log: Path) -> Iterator[WarmAirflow]:
        """Start the process and stop it at the end; it gets ready while the caller goes on.

        :param log: file that receives Airflow's output
        """
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["python", "-m", "local.airflow_runner"],
                env=environment,
                # Where `local` is: Airflow's own environment has no PYTHONPATH to this repository, as on MWAA.
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        try:
            yield cls(process, state_dir, log)
        finally:
            process.kill()
            process.wait()

    def run(
        self, dag_id: str, day: str, echo: Printer, limit: float, conf: dict[str, object] | None = None
    ) -> RunOutcome:
        """Run one DAG for one day and wait for it.

        :param limit: seconds after which the process is killed and the run counts as failed
        """
        watchdog = threading.Timer(limit + (0 if self._ready else RUNNER_READY_SECONDS), self._process.kill)
        watchdog.start()
        try:
            if not self._ready:
                ready = self._answer()
                if not ready.get("ready"):
                    return RunOutcome(
                        dag_id, day, "failed", 0.0, error=f"DAG files do not import: {ready.get('error')}"
                    )
                self._ready = True
            with TaskFollower(self._state_dir / "airflow" / "airflow.db", dag_id, day, echo):
                written = self._log.stat().st_size
                stdin: IO[str] = self._process.stdin  # type: ignore[assignment]
                stdin.write(json.dumps({"dag_id": dag_id, "logical_date": day, "conf": conf}) + "\n")
                stdin.flush()
                answer = self._answer()
        finally:
            watchdog.cancel()
        outcome = RunOutcome(
            dag_id,
            day,
            str(answer.get("state", "failed")),
            float(str(answer.get("seconds", 0.0))),
            dict(answer.get("tasks") or {}),  # type: ignore[call-overload]
            error=str(answer["error"]) if answer.get("error") else None,
        )
        if not outcome.succeeded and outcome.error is None:
            outcome.error = last_error(self._log, written)
        return outcome

    def _answer(self) -> dict[str, object]:
        stdout: IO[str] = self._process.stdout  # type: ignore[assignment]
        line = stdout.readline()
        if not line:
            return {"ready": False, "state": "failed", "error": "the Airflow process ended; its log tells why"}
        answer: dict[str, object] = json.loads(line)
        return answer


def print_line(text: str) -> None:
    """Progress goes to standard output at once, also when it is a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
