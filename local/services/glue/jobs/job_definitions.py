"""Glue jobs as they are defined by CreateJob and UpdateJob."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.services.glue.jobs.job_runs import Capacity, now
from local.services.glue.refusals import invalid
from local.services.glue.runtimes import DEFAULT_VERSION, UnsupportedGlueVersion, glue_runtime

# Minutes. Source: AWS Glue API reference, Job.Timeout: 480 for Glue 5.0 and later.
DEFAULT_TIMEOUT = 480
SUPPORTED_COMMANDS = ("glueetl",)


class JobDefinition:
    """One job.

    :param definition: the members of CreateJob, without Name and Tags
    """

    def __init__(self, name: str, definition: dict[str, Any], arn: str) -> None:
        self.name = name
        self.arn = arn
        self.created_on: datetime = now()
        self.last_modified_on = self.created_on
        self.definition: dict[str, Any] = {}
        self.replace(definition)

    def replace(self, definition: dict[str, Any]) -> None:
        """Take over a new definition as a whole, as UpdateJob does.

        :raises AwsError: it is not valid, or the local AWS cannot run it
        """
        check_definition(definition)
        self.definition = dict(definition)
        self.last_modified_on = now()

    def get_name(self) -> str:
        """For moto's filter by tags."""
        return self.name

    @property
    def role(self) -> str:
        """Name of the IAM role; a definition may have its ARN."""
        return str(self.definition["Role"]).rsplit("/", 1)[-1]

    @property
    def glue_version(self) -> str:
        return str(self.definition.get("GlueVersion") or DEFAULT_VERSION)

    @property
    def timeout(self) -> int:
        return int(self.definition.get("Timeout") or DEFAULT_TIMEOUT)

    @property
    def maximum_concurrent_runs(self) -> int:
        return int((self.definition.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1)

    @property
    def maximum_retries(self) -> int:
        return int(self.definition.get("MaxRetries") or 0)

    def capacity(self, override: dict[str, Any] | None = None) -> Capacity:
        """:param override: members of StartJobRun"""
        wanted = self.definition | {name: value for name, value in (override or {}).items() if value is not None}
        maximum = wanted.get("MaxCapacity") or wanted.get("AllocatedCapacity")
        workers = wanted.get("WorkerType")
        if workers is None and maximum is None:
            return Capacity("G.1X", 10, None)
        return Capacity(
            workers,
            wanted.get("NumberOfWorkers") or (10 if workers else None),
            None if workers else float(maximum or 0),
        )

    def as_dict(self) -> dict[str, Any]:
        defaults = {
            "JobMode": "SCRIPT",
            "MaxRetries": 0,
            "DefaultArguments": {},
            "ExecutionProperty": {"MaxConcurrentRuns": self.maximum_concurrent_runs},
            "ExecutionClass": "STANDARD",
            "JobRunQueuingEnabled": False,
        }
        return (
            defaults
            | self.definition
            | self.capacity().as_dict()
            | {
                "Name": self.name,
                "GlueVersion": self.glue_version,
                "Timeout": self.timeout,
                "CreatedOn": self.created_on,
                "LastModifiedOn": self.last_modified_on,
            }
        )


def check_definition(definition: dict[str, Any]) -> None:
    """:raises AwsError: AWS would refuse it, or the local AWS cannot run it"""
    if not definition.get("Role"):
        raise invalid("Role is required.")
    command = definition.get("Command") or {}
    if command.get("Name") not in SUPPORTED_COMMANDS:
        raise invalid(
            f"Command.Name {command.get('Name')!r} does not run in the local AWS, "
            f"which has Spark jobs: {', '.join(SUPPORTED_COMMANDS)}."
        )
    if not command.get("ScriptLocation"):
        raise invalid("Command.ScriptLocation is required.")
    if str(command.get("PythonVersion") or "3") != "3":
        raise invalid(f"PythonVersion {command['PythonVersion']} is not supported; set 3.")
    if definition.get("MaxCapacity") and (definition.get("WorkerType") or definition.get("NumberOfWorkers")):
        raise invalid("Please do not set Max Capacity if using Worker Type or Number of Workers.")
    try:
        glue_runtime(str(definition.get("GlueVersion") or DEFAULT_VERSION))
    except UnsupportedGlueVersion as error:
        raise invalid(str(error)) from error
