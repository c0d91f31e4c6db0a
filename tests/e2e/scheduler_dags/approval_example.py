"""A run that waits for a person. Parsed only by tests/e2e/test_scheduler.py."""

from __future__ import annotations

import pendulum
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Variable, task

with DAG(dag_id="approval_example", schedule=None, start_date=pendulum.datetime(2011, 1, 1, tz="UTC"), catchup=False):
    approve_rows = ApprovalOperator(task_id="approve_rows", subject="Publish 17 quarantined rows?", fail_on_reject=True)

    @task
    def read_variable() -> str:
        """The value comes from Secrets Manager, and only a run that was approved gets this far."""
        return str(Variable.get("lake_scheduler_test"))

    approve_rows >> read_variable()
