"""The record of one job run, as GetJobRun shows it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# Source: AWS Glue API reference, JobRun.JobRunState
ENDED_STATES = frozenset({"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})

LOG_GROUP_PREFIX = "/aws-glue/jobs"

# Data processing units of one worker. Source: AWS Glue guide, "Worker types".
WORKER_UNITS = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
    "G.12X": 12.0,
    "G.16X": 16.0,
}


def new_run_id() -> str:
    return "jr_" + secrets.token_hex(32)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Capacity:
    """What a run may use on AWS; the laptop has what it has."""

    worker_type: str | None
    workers: int | None
    maximum: float | None

    def units(self) -> float:
        if self.maximum is not None:
            return self.maximum
        return WORKER_UNITS.get(self.worker_type or "", 1.0) * (self.workers or 10)

    def as_dict(self) -> dict[str, Any]:
        units = self.units()
        answer: dict[str, Any] = {"MaxCapacity": units, "AllocatedCapacity": int(units)}
        if self.worker_type is not None:
            answer |= {"WorkerType": self.worker_type, "NumberOfWorkers": self.workers}
        return answer


@dataclass
class JobRun:
    """One run; the engine changes it while it goes on.

    :param timeout: minutes
    :param log_group: what the names of its log groups begin with
    """

    id: str
    job_name: str
    role: str
    arguments: dict[str, str]
    script_location: str
    glue_version: str
    timeout: int
    capacity: Capacity
    execution_class: str
    attempt: int = 0
    previous_run_id: str | None = None
    security_configuration: str | None = None
    log_group: str = LOG_GROUP_PREFIX
    state: str = "STARTING"
    error_message: str | None = None
    started_on: datetime = field(default_factory=now)
    execution_started_on: datetime | None = None
    last_modified_on: datetime = field(default_factory=now)
    completed_on: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED_STATES

    def change(self, state: str, error_message: str | None = None) -> None:
        """Move on to another state; an ended run never changes again."""
        if self.ended:
            return
        moment = now()
        self.error_message = error_message or self.error_message
        self.last_modified_on = moment
        if state == "RUNNING":
            self.execution_started_on = moment
        if state in ENDED_STATES:
            self.completed_on = moment
        # Last, because a reader takes the state as the sign that the rest is there
        self.state = state

    def execution_seconds(self) -> int:
        """Time in which the run used resources; what AWS bills. 0 before it started."""
        if self.execution_started_on is None:
            return 0
        return max(1, round(((self.completed_on or now()) - self.execution_started_on).total_seconds()))

    def as_dict(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "Id": self.id,
            "Attempt": self.attempt,
            "JobName": self.job_name,
            "JobMode": "SCRIPT",
            "JobRunQueuingEnabled": False,
            "StartedOn": self.started_on,
            "LastModifiedOn": self.last_modified_on,
            "JobRunState": self.state,
            "Arguments": self.arguments,
            "PredecessorRuns": [],
            "ExecutionTime": self.execution_seconds(),
            "Timeout": self.timeout,
            "LogGroupName": self.log_group,
            "GlueVersion": self.glue_version,
            "ExecutionClass": self.execution_class,
            **self.capacity.as_dict(),
        }
        optional = {
            "CompletedOn": self.completed_on,
            "ErrorMessage": self.error_message,
            "PreviousRunId": self.previous_run_id,
            "SecurityConfiguration": self.security_configuration,
        }
        return answer | {name: value for name, value in optional.items() if value is not None}
