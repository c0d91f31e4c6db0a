"""A run that misses its deadline. Parsed only by tests/e2e/test_scheduler.py."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, task

with DAG(
    dag_id="deadline_example",
    schedule=None,
    start_date=pendulum.datetime(2011, 1, 1, tz="UTC"),
    catchup=False,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=AsyncCallback("deadline_callback.tell", kwargs={"product": "online_retail"}),
    ),
):

    @task
    def be_late() -> None:
        import time

        time.sleep(6)

    be_late()
