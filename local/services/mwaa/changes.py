"""Creations, updates and deletions of environments, carried out in the background as on MWAA."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import LocalAwsError
from local.mwaa_runtime import PreparationReport
from local.persistence import persist
from local.services.mwaa import failure_injection
from local.services.mwaa.airflow import RunningAirflows
from local.services.mwaa.log_groups import LogGroups
from local.services.mwaa.models import Environment, MwaaBackend
from local.services.mwaa.source_bucket import ReleaseFiles, SourceBucket
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_INCORRECT = "INCORRECT_CONFIGURATION"
_KEPT_RELEASES = 2
_LONGEST_MESSAGE = 1024
# Which stream of the worker's log holds pip's words (MWAA: one per worker, named after its address).
_PIP_STREAM = "requirements_install_ip-127-0-0-1.log"


class _ChangeFailed(Exception):
    def __init__(self, failure: failure_injection.Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Changes:
    """Carries changes out, one thread for each."""

    def __init__(self, settings: LocalSettings, backend: MwaaBackend, airflows: RunningAirflows) -> None:
        """Remember whom to ask.

        :param settings: of the local AWS.
        :param backend: the environments.
        :param airflows: the Airflow of each environment.
        """
        self._settings = settings
        self._backend = backend
        self._airflows = airflows

    def webserver_url(self, environment: Environment) -> str | None:
        """Where an environment's web server answers; None while it does not run.

        :param environment: the environment.
        """
        return self._airflows.url(environment.name)

    def create(self, environment: Environment) -> None:
        """Begin to create an environment that is in the back end already.

        :param environment: the environment.
        """
        environment.wanted = environment.settings
        environment.last_update = {"Status": "PENDING", "CreatedAt": time.time()}
        self._begin(environment, self._create)

    def update(self, environment: Environment, wanted: dict[str, Any], strategy: str) -> None:
        """Begin to update an environment.

        :param environment: the environment.
        :param wanted: all settings it shall have.
        :param strategy: WorkerReplacementStrategy. Here nothing waits for running tasks.
        """
        environment.status, environment.wanted = "UPDATING", wanted
        environment.last_update = {
            "Status": "PENDING",
            "CreatedAt": time.time(),
            "WorkerReplacementStrategy": strategy,
        }
        self._begin(environment, self._update)

    def delete(self, environment: Environment) -> None:
        """Begin to delete an environment.

        :param environment: the environment.
        """
        environment.status = "DELETING"
        self._begin(environment, self._delete)

    def resume(self) -> None:
        """Go on with what the end of an earlier control plane interrupted."""
        steps = {
            "CREATING": self._create,
            "UPDATING": self._update,
            "ROLLING_BACK": self._update,
            "DELETING": self._delete,
        }
        for environment in list(self._backend.environments.values()):
            self._airflows.stop_left_over(environment)
            if environment.status in steps:
                self._begin(environment, steps[environment.status])

    def close(self) -> None:
        """Stop every Airflow."""
        self._airflows.stop_all()

    def _begin(self, environment: Environment, step: Any) -> None:
        def run() -> None:
            try:
                step(environment)
            except Exception:  # the thread's end would leave the environment in progress for ever
                log.exception("change of %s", environment.name)
                environment.status, environment.wanted = "UNAVAILABLE", None
            persist("mwaa")

        threading.Thread(target=run, name=f"mwaa {environment.name}", daemon=True).start()

    def _create(self, environment: Environment) -> None:
        try:
            self._bring_up(environment, environment.settings)
        except _ChangeFailed as error:
            self._enter(environment, "CREATE_FAILED", error.failure)
        else:
            environment.release += 1
            self._enter(environment, "AVAILABLE")

    def _update(self, environment: Environment) -> None:
        assert environment.wanted is not None
        was_running = self._airflows.is_running(environment.name)
        self._airflows.stop(environment.name)
        try:
            self._bring_up(environment, environment.wanted)
        except _ChangeFailed as error:
            failure = error.failure
            if failure.status == "UPDATE_FAILED":
                environment.status = "ROLLING_BACK"
                persist("mwaa")
                self._restore(environment)
            self._enter(environment, failure.status, failure)
        else:
            environment.settings = environment.wanted
            environment.release += 1
            self._enter(environment, "AVAILABLE")
            self._forget_old_releases(environment)
        if was_running and environment.status != "UNAVAILABLE":
            self._airflows.start_in_background(environment)

    def _delete(self, environment: Environment) -> None:
        self._airflows.stop(environment.name)
        time.sleep(failure_injection.least_seconds(environment.tags))
        shutil.rmtree(self._settings.folder("mwaa") / environment.name, ignore_errors=True)
        self._backend.environments.pop(environment.name, None)

    def _bring_up(self, environment: Environment, wanted: dict[str, Any]) -> None:
        """Take the pinned files and prepare an Airflow of them, in MWAA's order."""
        ready_at = time.monotonic() + failure_injection.least_seconds(environment.tags)
        ordered = failure_injection.take(environment.tags)
        groups = LogGroups(self._settings, environment.name, wanted.get("LoggingConfiguration", {}))
        groups.create()
        try:
            folder = self._airflows.release_folder(environment.name, environment.release + 1)
            files = SourceBucket(self._settings, wanted).download(folder)
            if ordered is None:
                _log_warnings(groups, self._airflows.prepare(environment.name, wanted, files))
        except ClientError as error:
            message = f"The execution role cannot read the source bucket: {error}"
            raise _ChangeFailed(failure_injection.Failure("UPDATE_FAILED", _INCORRECT, message)) from error
        except (LocalAwsError, BotoCoreError) as error:
            raise _ChangeFailed(failure_injection.Failure("UPDATE_FAILED", _INCORRECT, str(error))) from error
        finally:
            time.sleep(max(0.0, ready_at - time.monotonic()))
        if ordered is not None:
            raise _ChangeFailed(ordered)

    def _restore(self, environment: Environment) -> None:
        folder = self._airflows.release_folder(environment.name, environment.release)
        self._airflows.prepare(environment.name, environment.settings, ReleaseFiles.in_folder(folder))

    def _enter(self, environment: Environment, status: str, failure: failure_injection.Failure | None = None) -> None:
        environment.last_update["Status"] = "FAILED" if failure else "SUCCESS"
        if failure:
            message = failure.message[:_LONGEST_MESSAGE]
            environment.last_update["Error"] = {"ErrorCode": failure.code, "ErrorMessage": message}
        environment.status, environment.wanted = status, None

    def _forget_old_releases(self, environment: Environment) -> None:
        folder = self._airflows.release_folder(environment.name, environment.release).parent
        for old in folder.iterdir():
            if int(old.name) <= environment.release - _KEPT_RELEASES:
                shutil.rmtree(old, ignore_errors=True)


def _log_warnings(groups: LogGroups, report: PreparationReport) -> None:
    """What MWAA only logs: a pip that failed, for example. The environment becomes AVAILABLE all the same."""
    for warning in report.warnings:
        groups.write("WorkerLogs", _PIP_STREAM, warning.splitlines())
