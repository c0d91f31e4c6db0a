"""The Airflow of each environment: prepared by every change, started when its REST API is first called.

An idle Airflow takes a gigabyte, so an environment that is only deployed to starts none. While one runs, its DAG folder
follows the bucket every few seconds and task logs go to the environment's log group, as on MWAA.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.environment import aws_variables
from local.errors import LocalAwsError
from local.mwaa_runtime import Deployment, MwaaRuntime, PreparationReport, Webserver
from local.services.mwaa.log_groups import LogGroups
from local.services.mwaa.models import Environment
from local.services.mwaa.source_bucket import ReleaseFiles, SourceBucket
from local.services.mwaa.task_logs import TaskLogs
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_SYNC_SECONDS = 2
# A laptop has a few cores, and whoever deploys wants to see a new DAG soon. MWAA's values are 32 and 300 s.
_OVERRIDES = {"core.parallelism": "4", "dag_processor.refresh_interval": "5"}
_UNWANTED = frozenset({"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"})


@dataclass
class _Running:
    runtime: MwaaRuntime
    webserver: Webserver | None = None
    error: str = ""
    ready: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class AirflowUnavailable(Exception):
    """The web server does not answer (yet); the message says why."""


class RunningAirflows:
    """:param settings: of the local AWS."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def release_folder(self, name: str, release: int) -> Path:
        """Where the files of one release of an environment are.

        :param name: of the environment.
        :param release: its number.
        """
        return self._folder(name) / "releases" / str(release)

    def prepare(self, name: str, settings: Mapping[str, Any], files: ReleaseFiles) -> PreparationReport:
        """Install requirements, unpack plugins and source the startup script, as MWAA does before it starts Airflow.

        :param name: of the environment, whose Airflow does not run.
        :param settings: the environment's.
        :param files: local copies of the pinned files.
        :raises LocalAwsError: MWAA's containers would not start with these files.
        """
        return self._runtime(name, settings, files).prepare()

    def webserver(self, environment: Environment, wait_seconds: float) -> tuple[str, Callable[[], str]]:
        """Address of an environment's web server, started if need be, and what gives a token for it.

        :param environment: an environment that is in force.
        :param wait_seconds: how long to wait for a start.
        :raises AirflowUnavailable: it is still starting, or it cannot start.
        """
        running = self._start(environment)
        if not running.ready.wait(wait_seconds):
            raise AirflowUnavailable(f"The web server of {environment.name} is starting; try again")
        if running.webserver is None:
            self.stop(environment.name)
            raise AirflowUnavailable(f"The web server of {environment.name} did not start: {running.error}")
        return running.webserver.url, running.runtime.token

    def url(self, name: str) -> str | None:
        """Where an environment's web server answers; None while it does not run.

        :param name: of the environment.
        """
        running = self._running.get(name)
        return running.webserver.url if running and running.webserver else None

    def is_running(self, name: str) -> bool:
        """Whether an environment's Airflow runs or starts.

        :param name: of the environment.
        """
        return name in self._running

    def start_in_background(self, environment: Environment) -> None:
        """Start an environment's Airflow again, after a change.

        :param environment: an environment that is in force.
        """
        self._start(environment)

    def stop(self, name: str) -> None:
        """Stop an environment's Airflow; one that does not run is no error.

        :param name: of the environment.
        """
        with self._lock:
            running = self._running.pop(name, None)
        if running:
            running.ended.set()
            running.ready.wait()
            running.runtime.stop()

    def stop_all(self) -> None:
        """Stop every Airflow."""
        for name in list(self._running):
            self.stop(name)

    def stop_left_over(self, environment: Environment) -> None:
        """Stop what an earlier control plane, ended by a kill, has left running.

        :param environment: as it was restored.
        """
        if (self._folder(environment.name) / "airflow").exists():
            files = ReleaseFiles(None, None, None)
            self._runtime(environment.name, environment.settings, files).stop()

    def _start(self, environment: Environment) -> _Running:
        with self._lock:
            running = self._running.get(environment.name)
            if running is None:
                files = ReleaseFiles.in_folder(self.release_folder(environment.name, environment.release))
                runtime = self._runtime(environment.name, environment.settings, files)
                running = self._running[environment.name] = _Running(runtime)
                threading.Thread(target=self._run, args=(environment, running), daemon=True).start()
        return running

    def _run(self, environment: Environment, running: _Running) -> None:
        folder = self._folder(environment.name)
        bucket = SourceBucket(self._settings, environment.settings)
        groups = LogGroups(self._settings, environment.name, environment.settings.get("LoggingConfiguration", {}))
        task_logs = TaskLogs(folder / "airflow" / "logs", groups)
        known: dict[str, str] = {}
        try:
            bucket.sync_dags(self._fresh_dags_folder(folder), known)
            running.runtime.prepare()
            running.webserver = running.runtime.start()
        except (LocalAwsError, ClientError, BotoCoreError, OSError) as error:
            log.exception("the Airflow of %s did not start", environment.name)
            running.error = str(error)
            return
        finally:
            running.ready.set()
        while not running.ended.wait(_SYNC_SECONDS):
            try:
                bucket.sync_dags(folder / "dags", known)
                task_logs.copy()
            except (ClientError, BotoCoreError, OSError) as error:
                # As on MWAA: the DAGs stay as they are and the next round tries again.
                log.warning("DAGs of %s not synchronised: %s", environment.name, error)
                groups.write("SchedulerLogs", "dag_sync", [f"DAGs not synchronised: {error}"])

    def _fresh_dags_folder(self, folder: Path) -> Path:
        import shutil

        shutil.rmtree(folder / "dags", ignore_errors=True)
        (folder / "dags").mkdir(parents=True)
        return folder / "dags"

    def _folder(self, name: str) -> Path:
        return self._settings.folder("mwaa") / name

    def _runtime(self, name: str, settings: Mapping[str, Any], files: ReleaseFiles) -> MwaaRuntime:
        folder = self._folder(name)
        (folder / "dags").mkdir(parents=True, exist_ok=True)
        role = settings["ExecutionRoleArn"].rsplit("/", 1)[-1]
        kept = {key: value for key, value in os.environ.items() if key not in _UNWANTED and not key.startswith("AWS_")}
        return MwaaRuntime(
            Deployment(
                home=folder / "airflow",
                dags=folder / "dags",
                plugins=files.plugins.read_bytes() if files.plugins else None,
                requirements=files.requirements,
                startup_script=files.startup,
                options=settings["AirflowConfigurationOptions"],
                overrides=_OVERRIDES,
                environment=kept | aws_variables(self._settings, role),
                version=settings["AirflowVersion"],
            )
        )
