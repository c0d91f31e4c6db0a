"""Runs the lake's DAGs and the personas' queries, and reads which decisions IAM took meanwhile, task by task."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.services.iam.decisions import Decision, read_decisions
from local.settings import LocalSettings

# SeaweedFS reports a request within milliseconds; a job's last lines come a moment after its end.
_SETTLE_SECONDS = 1.5
_TASKS = """
    SELECT ti.task_id, ti.start_date, ti.end_date
      FROM task_instance AS ti JOIN dag_run AS dr ON dr.dag_id = ti.dag_id AND dr.run_id = ti.run_id
     WHERE ti.dag_id = ? AND dr.logical_date LIKE ? AND ti.start_date IS NOT NULL
     ORDER BY ti.start_date
"""


@dataclass(frozen=True)
class Recorded:
    """:param task: ``dag.task``, or what else was done: ``data-engineer queries``."""

    task: str
    decision: Decision


class Recorder:
    """Collects decisions while things run one after the other.

    ``dags`` are those that were run and recorded.

    :param settings: of the running local AWS.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self.found: list[Recorded] = []
        self.dags: set[str] = set()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Everything that is decided inside belongs to this title."""
        begin = time.time()
        yield
        time.sleep(_SETTLE_SECONDS)
        self.found += [Recorded(title, decision) for decision in read_decisions(self._settings.state_dir, begin)]

    def dag(self, dag_id: str, day: str, run: Callable[[], Any]) -> Any:
        """Run a DAG; its decisions belong to the task that ran at their time.

        :param run: runs it to its end.
        """
        begin = time.time()
        outcome = run()
        time.sleep(_SETTLE_SECONDS)
        periods = _task_periods(self._settings.state_dir / "airflow" / "airflow.db", dag_id, day, begin)
        for decision in read_decisions(self._settings.state_dir, begin):
            self.found.append(Recorded(f"{dag_id}.{_task_at(periods, decision.time)}", decision))
        self.dags.add(dag_id)
        return outcome

    @property
    def decisions(self) -> list[Decision]:
        return [recorded.decision for recorded in self.found]


def _task_periods(database: Path, dag_id: str, day: str, since: float) -> list[tuple[str, float]]:
    """Tasks and their starts; each lasts until the next one starts, since tasks run one after the other."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10) as connection:
        rows = connection.execute(_TASKS, (dag_id, f"{day}%")).fetchall()
    periods = [(str(task), _moment(start)) for task, start, _ in rows]
    return [(task, start) for task, start in periods if start >= since - 1]


def _task_at(periods: list[tuple[str, float]], moment: float) -> str:
    running = [task for task, start in periods if start <= moment]
    return running[-1] if running else periods[0][0] if periods else "?"


def _moment(text: str) -> float:
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
