"""Glue jobs and their runs: the state behind the job part of the Glue API."""

from __future__ import annotations

from typing import Any

from moto.glue.models import GlueBackend
from moto.iam.models import iam_backends

from local.errors import AwsError
from local.services.glue import engines
from local.services.glue.jobs import arguments as job_arguments
from local.services.glue.jobs.job_definitions import JobDefinition
from local.services.glue.jobs.job_runs import LOG_GROUP_PREFIX, JobRun, new_run_id
from local.services.glue.log_encryption import encrypts_logs
from local.services.glue.refusals import already_exists, invalid, not_found

INTERRUPTED = "The local AWS was stopped while this job ran. Its processes ended; start the job again."


class JobsBackend(GlueBackend):
    """moto's Glue with jobs that run."""

    def define_job(self, name: str, definition: dict[str, Any], tags: dict[str, str] | None) -> None:
        """:raises AwsError: the name is taken, or the definition is not valid"""
        if name in self.jobs:
            raise already_exists(f"Job with name {name} already exists.")
        arn = f"arn:aws:glue:{self.region_name}:{self.account_id}:job/{name}"
        self.jobs[name] = JobDefinition(name, definition, arn)  # type: ignore[assignment]
        self.tag_resource(arn, tags)

    def redefine_job(self, name: str, definition: dict[str, Any]) -> None:
        """:raises AwsError: no such job, or the definition is not valid"""
        self.job_definition(name).replace(definition)

    def job_definition(self, name: str) -> JobDefinition:
        """:raises AwsError: no such job"""
        job: Any = self.jobs.get(name)
        if job is None:
            raise not_found(f"Job {name} not found.")
        assert isinstance(job, JobDefinition)
        return job

    def runs_of(self, job_name: str) -> list[JobRun]:
        """Newest first, as GetJobRuns answers.

        :raises AwsError: no such job
        """
        self.job_definition(job_name)
        return [run for run in reversed(self._all_runs().values()) if run.job_name == job_name]

    def run_of(self, job_name: str, run_id: str) -> JobRun:
        """:raises AwsError: no such job or run"""
        self.job_definition(job_name)
        run = self._all_runs().get(run_id)
        if run is None or run.job_name != job_name:
            raise not_found(f"Job run {run_id} not found.")
        return run

    def _all_runs(self) -> dict[str, JobRun]:
        runs: dict[str, Any] = self.job_runs
        return runs

    def start_run(self, job_name: str, request: dict[str, Any]) -> str:
        """Start a run and return its id.

        :param request: members of StartJobRun
        :raises AwsError: no such job or security configuration, or too many runs at once
        """
        job = self.job_definition(job_name)
        going_on = [run for run in self.runs_of(job_name) if not run.ended]
        if len(going_on) >= job.maximum_concurrent_runs:
            raise AwsError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job_name}")
        if request.get("AllocatedCapacity") and request.get("MaxCapacity"):
            raise invalid("Please set only Allocated Capacity or Max Capacity")
        arguments = job_arguments.merged(
            job.definition.get("DefaultArguments"),
            request.get("Arguments"),
            job.definition.get("NonOverridableArguments"),
        )
        previous = request.get("JobRunId")
        if previous:
            self.run_of(job_name, previous)
        security = request.get("SecurityConfiguration") or job.definition.get("SecurityConfiguration")
        encrypted = security is not None and encrypts_logs(self.get_security_configuration(security).configuration)
        run = JobRun(
            id=new_run_id(),
            job_name=job_name,
            role=job.role,
            arguments=arguments,
            script_location=job.definition["Command"]["ScriptLocation"],
            glue_version=job.glue_version,
            timeout=int(request.get("Timeout") or job.timeout),
            capacity=job.capacity(request),
            execution_class=request.get("ExecutionClass") or job.definition.get("ExecutionClass") or "STANDARD",
            previous_run_id=previous,
            security_configuration=security,
            log_group=f"{LOG_GROUP_PREFIX}/{security}-role/{job.role}" if encrypted else LOG_GROUP_PREFIX,
        )
        self._start(run)
        return run.id

    def _start(self, run: JobRun) -> None:
        self._all_runs()[run.id] = run
        if run.role not in {role.name for role in iam_backends[self.account_id]["aws"].roles.values()}:
            run.change(
                "FAILED",
                f"Role {run.role} should be given assume role permissions for Glue Service. (It does not exist.)",
            )
            return
        engines.job_engine(run.glue_version).start(run, self._run_ended)

    def _run_ended(self, run: JobRun) -> None:
        """Retry a failed run as often as the job says."""
        job: Any = self.jobs.get(run.job_name)
        if run.state != "FAILED" or job is None or run.attempt >= job.maximum_retries:
            return
        attempt = run.attempt + 1
        first = run.id.partition("_attempt_")[0]
        retry = JobRun(
            id=f"{first}_attempt_{attempt}",
            job_name=run.job_name,
            role=run.role,
            arguments=run.arguments,
            script_location=run.script_location,
            glue_version=run.glue_version,
            timeout=run.timeout,
            capacity=run.capacity,
            execution_class=run.execution_class,
            attempt=attempt,
            previous_run_id=run.id,
            security_configuration=run.security_configuration,
            log_group=run.log_group,
        )
        self._start(retry)

    def stop_runs(self, job_name: str, run_ids: list[str]) -> tuple[list[str], list[dict[str, Any]]]:
        """Ask runs to stop.

        :return: the runs that will stop, and an error for each other one
        """
        stopping, errors = [], []
        for run_id in run_ids:
            try:
                run = self.run_of(job_name, run_id)
                if run.ended:
                    raise invalid(f"Job run {run_id} is in the terminal state {run.state} and cannot be stopped.")
                engines.job_engine(run.glue_version).stop(run)
                stopping.append(run_id)
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"JobName": job_name, "JobRunId": run_id, "ErrorDetail": detail})
        return stopping, errors

    def fail_interrupted_runs(self) -> None:
        """After a restart: whatever was going on ended with the old process."""
        for run in self._all_runs().values():
            run.change("FAILED", INTERRUPTED)
