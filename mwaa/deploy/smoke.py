"""Does what was deployed work? Asked of the environment itself, after every deployment.

"AVAILABLE" proves nothing: MWAA only logs a pip that failed. So the environment must parse every deployed DAG without
an error, and run the canary, which imports what requirements.txt promises and touches every service.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from mwaa.deploy.deployed import USABLE, load_deployed
from mwaa.deploy.errors import DeployError
from mwaa.deploy.rest import RestApi
from mwaa.deploy.target import Target

Say = Callable[[str], None]

_ENDED = frozenset({"success", "failed"})
_BAD = frozenset({"failed", "upstream_failed"})
_LOG_LINES = 20
_LOG_WAIT_SECONDS = 30.0
_LOG_QUIET_SECONDS = 5.0


class Smoke:
    """One smoke test.

    :param target: whose environment.
    :param dag_id: the canary.
    :param unpause: whether a paused canary is unpaused; otherwise it is an error.
    :param say: receives lines of progress.
    :param parse_seconds: how long Airflow may take to parse what was deployed.
    :param run_seconds: how long the canary may take.
    """

    def __init__(
        self, target: Target, dag_id: str, unpause: bool, say: Say, parse_seconds: float, run_seconds: float
    ) -> None:
        self._target = target
        self._dag_id = dag_id
        self._unpause = unpause
        self._say = say
        self._parse_deadline = time.monotonic() + parse_seconds
        self._run_seconds = run_seconds

    def run(self) -> None:
        """:raises DeployError: something does not work; the message says what."""
        deployed = load_deployed(self._target)
        if deployed.status not in USABLE:
            raise DeployError(f"environment {self._target.environment} is {deployed.status}")
        if deployed.last is None:
            raise DeployError(f"nothing was deployed to {self._target.environment} yet: there is nothing to test")
        self._groups = {
            name: item.get("CloudWatchLogGroupArn", "").rpartition("log-group:")[2]
            for name, item in deployed.environment.get("LoggingConfiguration", {}).items()
        }
        # What Airflow says of earlier parses may be about the files before.
        self._since = datetime.fromisoformat(deployed.last.finished_at) + timedelta(seconds=self._target.sync_seconds)
        self._wait_until_parsed(deployed.last.dag_ids)
        self._run_canary()

    def _wait_until_parsed(self, dag_ids: list[str]) -> None:
        """Every deployed DAG was parsed after the deployment, and nothing failed to import."""
        api = RestApi(self._target, self._parse_deadline)
        said = ""
        while True:
            errors = api.all("/importErrors", "import_errors")
            fresh = [error for error in errors if _time(error["timestamp"]) >= self._since]
            if fresh:
                raise DeployError(self._import_errors(fresh))
            dags = {dag["dag_id"]: dag for dag in api.all("/dags", "dags")}
            waiting = [dag_id for dag_id in dag_ids if not self._is_fresh(dags.get(dag_id))]
            if not waiting and not errors:
                self._say(f"{len(dag_ids)} DAGs parsed, no import errors")
                return
            state = f"waiting for Airflow to parse {', '.join(waiting) or 'the files with import errors again'}"
            if state != said:
                self._say(state)
                said = state
            if time.monotonic() > self._parse_deadline:
                missing = [dag_id for dag_id in waiting if dag_id not in dags]
                reason = f"Airflow does not know {', '.join(missing)}" if missing else state
                raise DeployError(f"{reason}\n{self._import_errors(errors)}" if errors else reason)
            time.sleep(self._target.poll_seconds)

    def _is_fresh(self, dag: Mapping[str, Any] | None) -> bool:
        if dag is None or dag.get("is_stale") or not dag.get("last_parsed_time"):
            return False
        return _time(dag["last_parsed_time"]) >= self._since

    def _run_canary(self) -> None:
        deadline = time.monotonic() + self._run_seconds
        api = RestApi(self._target, deadline)
        path = f"/dags/{self._dag_id}"
        if api.call("GET", path)["is_paused"]:
            if not self._unpause:
                raise DeployError(f"{self._dag_id} is paused and would never run: unpause it, or add --unpause")
            api.call("PATCH", path, {"is_paused": False})
        run_id = f"smoke-{datetime.now(UTC):%m%dT%H%M%S}"
        api.call("POST", f"{path}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
        self._say(f"{self._dag_id}: run {run_id} started")
        said = ""
        while True:
            state = api.call("GET", f"{path}/dagRuns/{run_id}")["state"]
            if state != said:
                self._say(f"{self._dag_id}: {state}")
                said = state
            if state == "success":
                return
            if state in _ENDED or time.monotonic() > deadline:
                late = "" if state in _ENDED else f" after {self._run_seconds:.0f} s"
                raise DeployError(f"{self._dag_id} is {state}{late}\n{self._failed_tasks(run_id)}")
            time.sleep(self._target.poll_seconds)

    def _failed_tasks(self, run_id: str) -> str:
        # The API's own path to a task's log is longer than MWAA allows; the log group has it too.
        api = RestApi(self._target, time.monotonic())
        wanted = {"dag_ids": [self._dag_id], "dag_run_ids": [run_id]}
        answer = api.call("POST", "/dags/~/dagRuns/~/taskInstances/list", wanted)
        lines = []
        for task in answer["task_instances"]:
            if task["state"] in _BAD:
                lines.append(f"  task {task['task_id']} is {task['state']}")
                if task["state"] == "failed":
                    stream = f"dag_id={self._dag_id}/run_id={run_id}/task_id={task['task_id']}/"
                    lines += [f"    {line}" for line in self._log("TaskLogs", stream)]
        return "\n".join([*lines, *self._requirements_log()] or ["  no task has failed: see the scheduler's log"])

    def _import_errors(self, errors: list[dict[str, Any]]) -> str:
        lines = ["DAG files that Airflow cannot import:"]
        for error in errors:
            last = error["stack_trace"].strip().splitlines()[-1] if error.get("stack_trace") else "no stack trace"
            lines.append(f"  {error['filename']}: {last}")
        return "\n".join([*lines, *self._requirements_log()])

    def _requirements_log(self) -> list[str]:
        """What pip said: MWAA writes it into a stream of the worker's log and nowhere else."""
        found = self._log("WorkerLogs", "requirements_install", wait=0.0)
        return ["  requirements_install:", *(f"    {line}" for line in found)] if found else []

    def _log(self, module: str, stream: str, wait: float = _LOG_WAIT_SECONDS) -> list[str]:
        group = self._groups.get(module)
        if not group:
            return [f"{module} of the environment is off"]
        deadline = time.monotonic() + wait
        seen, since = 0, time.monotonic()
        while True:
            try:
                pages = self._target.logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group, logStreamNamePrefix=stream
                )
                events = [event["message"] for page in pages for event in page["events"]]
            except ClientError as error:
                return [f"{group}: {error}"]
            now = time.monotonic()
            if len(events) != seen:
                seen, since = len(events), now
            # Logs arrive in parts: complete is what has not grown for a while.
            if (events and now - since > _LOG_QUIET_SECONDS) or now > deadline:
                return [_readable(message) for message in events[-_LOG_LINES:]]
            time.sleep(self._target.poll_seconds)


def _readable(message: str) -> str:
    """A line of a task's log; Airflow 3 writes JSON."""
    try:
        entry = json.loads(message)
    except ValueError:
        return message
    if not isinstance(entry, dict) or "event" not in entry:
        return message
    details = entry.get("error_detail") or []
    causes = [f"{item.get('exc_type')}: {item.get('exc_value')}" for item in details if isinstance(item, dict)]
    return "; ".join([str(entry["event"]), *causes])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
