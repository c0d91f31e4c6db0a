"""Airflow's REST API, as an operator's tools use it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

BUSY_ATTEMPTS = 20
BUSY = ("Database is locked", "Database error")
# Long: a loaded machine is slow, not wrong.
ANSWER_SECONDS = 90


class AirflowRest:
    """:param url: of the web server.
    :param token: bearer token.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask; SQLite refuses a request while another process is writing, and "again" helps (docs).

        :raises AssertionError: any other answer but 2xx, with Airflow's words.
        """
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._call(method, path, body)
            except AssertionError as error:
                if attempts == BUSY_ATTEMPTS or not any(words in str(error) for words in BUSY):
                    raise
            time.sleep(0.5)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/api/v2/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None
        result: dict[str, Any] = json.loads(text) if text else {}
        return result

    def get(self, path: str) -> dict[str, Any]:
        return self.call("GET", path)

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """:param conf: parameters of the run.
        :return: the new run's id
        """
        run = self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}})
        return str(run["dag_run_id"])

    def backfill(self, dag_id: str, first_day: str, last_day: str) -> None:
        body = {"dag_id": dag_id, "from_date": f"{first_day}T00:00:00Z", "to_date": f"{last_day}T23:59:59Z"}
        self.call("POST", "backfills", body)

    def runs(self, dag_id: str, run_type: str) -> list[dict[str, Any]]:
        """:param run_type: manual, backfill, asset_triggered or scheduled"""
        runs: list[dict[str, Any]] = self.get(f"dags/{dag_id}/dagRuns?run_type={run_type}&limit=50")["dag_runs"]
        return runs

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """State of each task of a run."""
        found = self.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: str(task["state"]) for task in found}


def eventually(what: str, read: Callable[[], Any], seconds: float = 240) -> Any:
    """The first value that is true.

    :raises AssertionError: none came in time
    """
    deadline = time.monotonic() + seconds
    while not (value := read()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)
    return value
