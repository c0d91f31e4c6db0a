"""Airflow's LocalExecutor that knows what it is running; alone in a folder that Airflow's components find modules in.

A task that waits in the triggerer ends its process, and the executor reports that end. With Airflow 3.3.1 the scheduler
takes the report for the task's death when the task has meanwhile been queued again: it asks the executor whether it has
the task, and LocalExecutor forgets what it has handed to a worker (https://github.com/apache/airflow/issues/72716).
Under load most tasks that waited for less than two seconds were failed so; a poll of 30 s on AWS is never that fast.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.models.taskinstance import TaskInstance

_ENDED = frozenset({TaskInstanceState.SUCCESS, TaskInstanceState.FAILED})


class LaptopExecutor(LocalExecutor):
    """LocalExecutor whose `has_task` is true from the moment a worker is told of a task until that process has ended.

    An attempt that waits is several processes with one key: the report of an earlier one is not the end of a later one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._processes: Counter[TaskInstanceKey] = Counter()

    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        self._processes.update(w.key for w in workload_list if isinstance(w.key, TaskInstanceKey))
        super()._process_workloads(workload_list)

    def change_state(self, key: Any, state: Any, info: Any = None, remove_running: bool = True) -> None:
        """Hear from a worker, see `BaseExecutor.change_state`."""
        if state in _ENDED:
            self._processes -= Counter([key])  # keeps what is above 0
        super().change_state(key, state, info, remove_running)

    def has_task(self, task_instance: TaskInstance) -> bool:
        """Whether the task waits for a worker or has one."""
        return self._processes[task_instance.key] > 0 or super().has_task(task_instance)
