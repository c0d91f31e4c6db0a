"""The five log groups of an environment: ``airflow-<name>-{DAGProcessing,Scheduler,Task,WebServer,Worker}``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend, logs_backends

from local.persistence import persist
from local.settings import LocalSettings

_MODULES = {
    "DagProcessingLogs": "DAGProcessing",
    "SchedulerLogs": "Scheduler",
    "TaskLogs": "Task",
    "WebserverLogs": "WebServer",
    "WorkerLogs": "Worker",
}
# CloudWatch's limit of one event, less its header.
_EVENT_BYTES = 256 * 1024 - 26


def group_name(environment: str, module: str) -> str:
    """Name of a log group.

    :param environment: name of the environment.
    :param module: key of LoggingConfiguration, such as WorkerLogs.
    """
    return f"airflow-{environment}-{_MODULES[module]}"


def described(settings: LocalSettings, environment: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """LoggingConfiguration as GetEnvironment shows it: all five modules, those in use with their group's ARN.

    :param configuration: as in the request.
    """
    shown: dict[str, Any] = {}
    for module in _MODULES:
        given = dict(configuration.get(module, {"Enabled": False}))
        if given["Enabled"]:
            name = group_name(environment, module)
            given["CloudWatchLogGroupArn"] = f"arn:aws:logs:{settings.region}:{settings.account_id}:log-group:{name}"
        shown[module] = given
    return shown


class LogGroups:
    """Writes into the log groups of one environment, those that its configuration enables.

    :param settings: of the local AWS.
    :param environment: name of the environment.
    :param configuration: LoggingConfiguration as in the request.
    """

    def __init__(self, settings: LocalSettings, environment: str, configuration: Mapping[str, Any]) -> None:
        self._backend: LogsBackend = logs_backends[settings.account_id][settings.region]
        self._environment = environment
        self._enabled = {module for module in _MODULES if configuration.get(module, {}).get("Enabled")}

    def create(self) -> None:
        """Create the groups that are missing; existing ones keep their retention."""
        for module in sorted(self._enabled):
            self._ensure(group_name(self._environment, module))
        persist("logs")

    def write(self, module: str, stream: str, lines: Iterable[str]) -> None:
        """Add one event per line; nothing when the module's log is off, as on MWAA.

        :param module: key of LoggingConfiguration, such as WorkerLogs.
        :param stream: name of the log stream.
        """
        now = int(time.time() * 1000)
        cut = (line.encode()[:_EVENT_BYTES].decode(errors="ignore") for line in lines)
        events = [{"timestamp": now, "message": line} for line in cut if line.strip()]
        if module not in self._enabled or not events:
            return
        group = group_name(self._environment, module)
        self._ensure(group, stream)
        self._backend.put_log_events(group, stream, events)
        persist("logs")

    def _ensure(self, group: str, stream: str | None = None) -> None:
        if group not in self._backend.groups:
            _unless_it_exists(lambda: self._backend.create_log_group(group, {}))
        if stream is not None and stream not in self._backend.groups[group].streams:
            _unless_it_exists(lambda: self._backend.create_log_stream(group, stream))


def _unless_it_exists(create: Any) -> None:
    try:
        create()
    except JsonRESTError as error:
        if "AlreadyExists" not in str(error.error_type):
            raise
