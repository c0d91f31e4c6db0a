"""Run a Glue job once per run key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk.exceptions import AirflowFailException

from lake.failures import failure, refused_call
from lake.run_key import RUN_KEY

if TYPE_CHECKING:
    from airflow.sdk import Context

RUN_KEY_ARGUMENT = "--run_key"
ACTIVE_STATES = frozenset({"WAITING", "STARTING", "RUNNING"})
# Ends that say nothing about the script: Glue had no capacity, or lost the machine.
HEALING_STATES = frozenset({"ERROR", "EXPIRED"})
HEALING_TEXTS = ("ConcurrentRunsExceeded", "Internal service", "Rate exceeded", "Throttling", "Resource unavailable")


class GlueJobOncePerKeyOperator(GlueJobOperator):
    """Run an existing Glue job, unless an earlier attempt of the same run key did or is doing the work.

    ``resume_glue_job_on_retry`` of the provider joins a job of the same *task instance*; a run started anew after a
    crash is another task instance. The run key survives that: a job of the same key that runs is joined, one that
    has written its result is not repeated.

    :param run_key: run key of the input (templated); passed to the script as ``--run_key``
    :param result: S3 address of the file that the script writes as its last act (templated)
    """

    template_fields = (*GlueJobOperator.template_fields, "run_key", "result")

    def __init__(self, *, run_key: str, result: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_key = run_key
        self.result = result
        self.script_args[RUN_KEY_ARGUMENT] = run_key

    def execute(self, context: Context) -> str | None:
        from botocore.exceptions import ClientError

        if not RUN_KEY.fullmatch(self.run_key):
            raise AirflowFailException(f"{self.run_key!r} is not a run key; check_schema must run before this task.")
        try:
            active, earlier = self._runs_of_key()
            if active:
                self.log.info("Joining job run %s of run key %s", active, self.run_key)
                self._job_run_id = active
            elif S3Hook(aws_conn_id=self.aws_conn_id).check_for_key(self.result):
                self.log.info("Run key %s is done already: %s exists. No job is started.", self.run_key, self.result)
                self._link_to(earlier, context)
                return earlier
            job_run_id: str = super().execute(context)
            return job_run_id
        except ClientError as error:
            raise refused_call(
                error, f"run the Glue job {self.job_name}", "Jobs are defined in mwaa/cloudformation/lake.yaml."
            ) from error

    def _runs_of_key(self) -> tuple[str | None, str | None]:
        """:return: ids of the job run of this run key that has not ended, and of the one that succeeded"""
        succeeded = None
        glue: Any = self.hook.conn
        pages = glue.get_paginator("get_job_runs").paginate(JobName=self.job_name)
        for run in (run for page in pages for run in page["JobRuns"]):
            if run.get("Arguments", {}).get(RUN_KEY_ARGUMENT) != self.run_key:
                continue
            if run["JobRunState"] in ACTIVE_STATES:
                return str(run["Id"]), None
            if run["JobRunState"] == "SUCCEEDED":
                succeeded = str(run["Id"])
        return None, succeeded

    def _link_to(self, job_run_id: str | None, context: Context) -> None:
        """Let the task's link in the UI lead to the job run whose work is reused."""
        GlueJobRunDetailsLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            job_name=self.job_name,
            job_run_id=job_run_id or "",
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        if event is not None and event["status"] == "success":
            return str(event["run_id"])
        run = self._ended_run(event or {})
        state, text = run.get("JobRunState", "unknown"), run.get("ErrorMessage", "no error message")
        log_group = run.get("LogGroupName", "/aws-glue/jobs")
        heals = state in HEALING_STATES or any(mark in text for mark in HEALING_TEXTS)
        raise failure(
            f"Glue job {self.job_name}, run {run.get('Id', '?')} ended {state}: {text}\n"
            f"Full log: CloudWatch log groups {log_group}/output and {log_group}/error, stream {run.get('Id', '?')}.",
            heals=heals,
        )

    def _ended_run(self, event: dict[str, Any]) -> dict[str, Any]:
        run_id = event.get("run_id")
        if not run_id:
            return {"ErrorMessage": str(event.get("message", event))}
        glue: Any = self.hook.conn
        return dict(glue.get_job_run(JobName=self.job_name, RunId=run_id)["JobRun"])
