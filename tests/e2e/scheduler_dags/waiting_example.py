"""A task that waits twice and must know afterwards what it did before. Parsed only by tests/e2e/test_scheduler.py."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Context
from airflow.sdk.bases.operator import BaseOperator

from lake.operators.waiting import done_before, wait_a_while


class WaitsTwice(BaseOperator):
    def execute(self, context: Context) -> Any:
        wait_a_while(self, context, 0.1, "look_again", {"looks": 1})

    def look_again(self, context: Context, event: Any = None) -> Any:
        looks = done_before(context)["looks"]
        if looks < 3:
            wait_a_while(self, context, 0.1, "look_again", {"looks": looks + 1})
        return looks


with DAG(dag_id="waiting_example", schedule=None, start_date=pendulum.datetime(2011, 1, 1, tz="UTC"), catchup=False):
    WaitsTwice(task_id="wait")
