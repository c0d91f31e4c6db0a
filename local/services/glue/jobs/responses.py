"""The job part of the Glue API."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse

from local.services.glue.jobs.backend import JobsBackend
from local.services.glue.pages import page
from local.services.glue.refusals import invalid

BATCH_LIMIT = 25


class JobsResponse(GlueResponse):
    """Requests about jobs and job runs."""

    @property
    def jobs_backend(self) -> JobsBackend:
        backend = self.glue_backend
        assert isinstance(backend, JobsBackend)
        return backend

    def create_job(self) -> ActionResult:
        definition = dict(self.parameters)
        name = definition.pop("Name", None)
        if not name:
            raise invalid("Name is required.")
        self.jobs_backend.define_job(name, definition, definition.pop("Tags", None))
        return ActionResult({"Name": name})

    def update_job(self) -> ActionResult:
        name = self.parameters["JobName"]
        self.jobs_backend.redefine_job(name, self.parameters["JobUpdate"])
        return ActionResult({"JobName": name})

    def get_job(self) -> ActionResult:
        return ActionResult({"Job": self.jobs_backend.job_definition(self.parameters["JobName"]).as_dict()})

    def get_jobs(self) -> ActionResult:
        jobs, token = self._page(list(self.jobs_backend.jobs.values()))
        return ActionResult({"Jobs": [job.as_dict() for job in jobs], "NextToken": token})

    def batch_get_jobs(self) -> ActionResult:
        wanted = self.parameters["JobNames"]
        known = self.jobs_backend.jobs
        return ActionResult(
            {
                "Jobs": [known[name].as_dict() for name in wanted if name in known],
                "JobsNotFound": [name for name in wanted if name not in known],
            }
        )

    def list_jobs(self) -> ActionResult:
        names = self.filter_jobs_by_tags(list(self.jobs_backend.jobs.values()), self.parameters.get("Tags") or {})
        chosen, token = self._page(names)
        return ActionResult({"JobNames": chosen, "NextToken": token})

    def start_job_run(self) -> ActionResult:
        return ActionResult({"JobRunId": self.jobs_backend.start_run(self.parameters["JobName"], self.parameters)})

    def get_job_run(self) -> ActionResult:
        run = self.jobs_backend.run_of(self.parameters["JobName"], self.parameters["RunId"])
        return ActionResult({"JobRun": run.as_dict()})

    def get_job_runs(self) -> ActionResult:
        runs, token = self._page(self.jobs_backend.runs_of(self.parameters["JobName"]))
        return ActionResult({"JobRuns": [run.as_dict() for run in runs], "NextToken": token})

    def batch_stop_job_run(self) -> ActionResult:
        job_name, run_ids = self.parameters["JobName"], self.parameters["JobRunIds"]
        if not 1 <= len(run_ids) <= BATCH_LIMIT:
            raise invalid(f"JobRunIds must have 1 to {BATCH_LIMIT} items.")
        stopping, errors = self.jobs_backend.stop_runs(job_name, run_ids)
        submissions = [{"JobName": job_name, "JobRunId": run_id} for run_id in stopping]
        return ActionResult({"SuccessfulSubmissions": submissions, "Errors": errors})

    def _page(self, items: list[Any]) -> tuple[list[Any], str | None]:
        return page(items, self.parameters.get("NextToken"), self.parameters.get("MaxResults"))
