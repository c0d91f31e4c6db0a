"""Run one operator against the local AWS as ``airflow dags test`` does: execute, wait for triggers, resume.

Airflow 3.3.1 resumes a task there with the trigger's event alone, without the ``kwargs`` of its deferral
(https://github.com/apache/airflow/pull/69942): an operator that needs them would fail on a laptop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import TaskDeferred

TRIGGER_SECONDS = 120


@dataclass
class TaskInstance:
    """What operators use of a task instance."""

    task_id: str = "task"
    dag_id: str = "test"
    run_id: str = "manual__2010-12-01"
    map_index: int = -1
    try_number: int = 1
    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def xcom_pull(self, key: str = "return_value", **_: Any) -> Any:
        return self.xcoms.get(key)


@dataclass
class OutletEvents:
    """Collects the extra of each asset event."""

    extras: dict[Any, SimpleNamespace] = field(default_factory=dict)

    def __getitem__(self, asset: Any) -> SimpleNamespace:
        return self.extras.setdefault(asset.name, SimpleNamespace(extra={}))


def context(run_type: str = "manual", data_interval_end: datetime | None = None) -> dict[str, Any]:
    """:return: an Airflow context as far as our operators read it"""
    return {
        "ti": TaskInstance(),
        "outlet_events": OutletEvents(),
        "dag_run": SimpleNamespace(
            run_type=run_type, data_interval_end=data_interval_end, logical_date=datetime(2010, 12, 1, tzinfo=UTC)
        ),
    }


async def _first_event(trigger: Any) -> Any:
    async with asyncio.timeout(TRIGGER_SECONDS):
        async for event in trigger.run():
            return event.payload
    raise AssertionError(f"{trigger} ended without an event")


def run_task(task: BaseOperator, given: dict[str, Any] | None = None) -> Any:
    """:return: what the task returns; deferrals are waited for as the triggerer would"""
    given = given or context()
    given["ti"].task_id = task.task_id
    try:
        return task.execute(given)  # type: ignore[arg-type]
    except TaskDeferred as first:
        deferred = first
    while True:
        event = asyncio.run(_first_event(deferred.trigger))
        try:
            return task.resume_execution(deferred.method_name, {"event": event}, given)  # type: ignore[arg-type]
        except TaskDeferred as again:
            deferred = again
