"""Runs job runs: one thread per run, from STARTING to its end."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from local.identity import access_key_for, secret_key_for
from local.services.glue.jars import JarError, resolve_jars
from local.services.glue.java import NoJava
from local.services.glue.jobs import arguments as job_arguments
from local.services.glue.jobs.forkserver import ForkServer, ForkServerError, JobProcess
from local.services.glue.jobs.job_runs import JobRun
from local.services.glue.jobs.logs import ERROR_GROUP, OUTPUT_GROUP, FileTail, LogStream
from local.services.glue.jobs.metrics import report_metrics
from local.services.glue.jobs.preparation import PreparationError, PreparedScript, import_paths, prepare
from local.services.glue.jobs.spark_pool import SparkJvm, SparkPool, SparkStartError, launch_jvm
from local.services.glue.jobs.spark_settings import (
    InvalidSparkSetting,
    jvm_settings,
    run_settings,
    settings_of_argument,
)
from local.services.glue.role_clients import RoleClients
from local.services.glue.runtimes import GlueRuntime, UnsupportedGlueVersion, glue_runtime
from local.services.glue.worker.job_process import JobSpec
from local.settings import LocalSettings

log = logging.getLogger(__name__)

# How often output is copied to CloudWatch while a job runs, in seconds; its end is noticed at once.
LOG_INTERVAL_SECONDS = 0.5
STOP_GRACE_SECONDS = 2.0
SECONDS_PER_MINUTE = 60.0

WARM_UP_SCRIPT = Path(__file__).parents[1] / "worker" / "warm_up.py"
WARM_UP_ROLE = "local-admin"
# 8 s on two idle cores; a busy CI machine has taken minutes.
WARM_UP_TIMEOUT_SECONDS = 600

_FAILURES = (PreparationError, InvalidSparkSetting, job_arguments.InvalidArgument)
_BROKEN_RUNTIME = (SparkStartError, ForkServerError, JarError, NoJava, UnsupportedGlueVersion)


class RunControl:
    """How other threads reach a run that goes on."""

    def __init__(self) -> None:
        self.stop_requested = threading.Event()


class JobEngine:
    """Executes runs of one Glue version.

    :param changed: called after every change of a run that no request made
    """

    def __init__(self, settings: LocalSettings, version: str, changed: Callable[[], None]) -> None:
        self.settings = settings
        self.runtime: GlueRuntime = glue_runtime(version)
        self.changed = changed
        self.clients = RoleClients(settings)
        self.folder = settings.folder("glue")
        for stale in ("runs", "jvms"):
            shutil.rmtree(self.folder / stale, ignore_errors=True)
            (self.folder / stale).mkdir()
        self.forkserver = ForkServer(self.runtime, self.folder / "forkserver.log")
        self.pool = SparkPool(self._launch_jvm, self._warm_up)
        self.controls: dict[str, RunControl] = {}

    def prepare(self) -> None:
        """Start what the first run will need, in the background."""
        self.pool.prepare()

    def start(self, run: JobRun, finished: Callable[[JobRun], None]) -> None:
        """Execute a run in a thread of its own.

        :param finished: called in that thread once the run has ended
        """
        control = RunControl()
        self.controls[run.id] = control
        threading.Thread(
            target=self._execute, args=(run, control, finished), name=f"glue-{run.id[:11]}", daemon=True
        ).start()

    def stop(self, run: JobRun) -> None:
        """Stop a run; it becomes STOPPED when its processes are gone."""
        run.change("STOPPING")
        control = self.controls.get(run.id)
        if control is None:
            run.change("STOPPED")
        else:
            control.stop_requested.set()

    def close(self) -> None:
        """End all processes."""
        for control in list(self.controls.values()):
            control.stop_requested.set()
        self.forkserver.stop()
        self.pool.close()

    # --- one run ------------------------------------------------------------------------------------------------

    def _execute(self, run: JobRun, control: RunControl, finished: Callable[[JobRun], None]) -> None:
        folder = self.folder / "runs" / run.id
        folder.mkdir(parents=True)
        try:
            self._run(run, control, folder)
        except _FAILURES as error:
            self._fail(run, str(error))
        except _BROKEN_RUNTIME as error:
            self._fail(run, f"The local Glue runtime is not usable: {error}")
        except Exception as error:
            log.exception("Glue job run %s", run.id)
            self._fail(run, f"InternalServiceException: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self.controls.pop(run.id, None)
            self.changed()
            finished(run)
        report_metrics(run, self.settings)

    def _fail(self, run: JobRun, message: str) -> None:
        """A failure outside of the script is in the error log too, where people look first."""
        self._stream(run, ERROR_GROUP).write([message])
        run.change("FAILED", message)

    def _run(self, run: JobRun, control: RunControl, folder: Path) -> None:
        job_arguments.check_available(run.arguments)
        own_settings = settings_of_argument(run.arguments.get(job_arguments.SPARK_SETTINGS, ""))
        s3 = self.clients.client("s3", run.role)
        prepared = prepare(run, self.runtime, s3, folder)
        jvm = self.pool.lend(control.stop_requested)
        if jvm is None:
            run.change("STOPPED")
            return
        clean = False
        try:
            clean = self._run_on(jvm, run, control, folder, prepared, own_settings)
        finally:
            self.pool.give_back(jvm, clean)

    def _run_on(
        self,
        jvm: SparkJvm,
        run: JobRun,
        control: RunControl,
        folder: Path,
        prepared: PreparedScript,
        own_settings: dict[str, str],
    ) -> bool:
        """:return: whether the JVM may be used again"""
        errors = self._stream(run, ERROR_GROUP)
        tails = [
            FileTail(folder / "stdout", self._stream(run, OUTPUT_GROUP)),
            FileTail(folder / "stderr", errors),
            FileTail(jvm.log_file, errors, jvm.log_file.stat().st_size),
        ]
        for tail in tails:
            tail.stream.create()
        process = self.forkserver.run(self._spec(run, folder, prepared, own_settings, jvm))
        run.change("RUNNING")
        self.changed()
        end = self._watch(process, run, control, jvm, tails)
        for tail in tails:
            tail.copy(final=True)
        clean, error = self._outcome(folder, process)
        if end is not None:
            run.change(*end)
            return False
        if process.status == 0:
            run.change("SUCCEEDED")
        else:
            run.change("FAILED", error if jvm.alive else f"{error} (the Spark JVM of this run ended unexpectedly)")
        return clean

    def _watch(
        self, process: JobProcess, run: JobRun, control: RunControl, jvm: SparkJvm, tails: list[FileTail]
    ) -> tuple[str, str | None] | None:
        """Wait for the end of the process, copy its output meanwhile, and enforce stop and time limit.

        :return: the run's final state and message when we ended it, None when it ended by itself
        """
        deadline = time.monotonic() + run.timeout * SECONDS_PER_MINUTE
        while not process.ended.wait(LOG_INTERVAL_SECONDS):
            for tail in tails:
                tail.copy()
            if control.stop_requested.is_set():
                self._kill(process, jvm)
                return "STOPPED", None
            if time.monotonic() > deadline:
                self._kill(process, jvm)
                return "TIMEOUT", f"Job run exceeded its timeout of {run.timeout} minutes."
        # The script may leave processes behind that keep its pipes; on Glue its machine is taken away
        process_group_end(process)
        return None

    def _kill(self, process: JobProcess, jvm: SparkJvm) -> None:
        """Script and Spark end together: a killed script cannot tell its JVM to stop the work."""
        process.stop(STOP_GRACE_SECONDS)
        jvm.close()

    def _outcome(self, folder: Path, process: JobProcess) -> tuple[bool, str]:
        """:return: whether the JVM is clean, and the error for ErrorMessage"""
        path = folder / "result.json"
        result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if result.get("error"):
            return bool(result.get("spark_clean")), str(result["error"])
        clean = bool(result.get("spark_clean")) and process.status == 0
        if process.status is None:
            return False, "The Glue runtime of the local AWS ended while this job ran."
        if process.status < 0:
            return (
                False,
                f"Command failed: the job's process was ended by signal {signal.Signals(-process.status).name}",
            )
        return clean, f"Command failed with exit code {process.status}"

    def _stream(self, run: JobRun, group: str) -> LogStream:
        log_group = f"{run.log_group}/{group}"
        return LogStream(self.settings.account_id, self.settings.region, log_group, run.id, run.role)

    # --- what a process gets -------------------------------------------------------------------------------------

    def _spec(
        self, run: JobRun, folder: Path, prepared: PreparedScript, own_settings: dict[str, str], jvm: SparkJvm
    ) -> JobSpec:
        paths = import_paths(prepared.python_files)
        worker_environment = self._aws_environment(run.role) | {"PYTHONPATH": ":".join(paths), "TZ": "UTC"}
        credentials = (access_key_for(run.role), secret_key_for(run.role))
        properties = run_settings(run.job_name, credentials, worker_environment, prepared.python_files, folder)
        return JobSpec(
            id=run.id,
            folder=str(folder),
            script=str(prepared.script),
            arguments=job_arguments.script_arguments(run.job_name, run.id, run.arguments),
            environment=self._environment(folder, jvm) | worker_environment,
            python_path=paths,
            spark_properties=properties | own_settings,
        )

    def _environment(self, folder: Path, jvm: SparkJvm) -> dict[str, str]:
        return {
            "PATH": f"{self.runtime.environment / 'bin'}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "SPARK_HOME": str(self.runtime.spark_home),
            "PYSPARK_PYTHON": str(self.runtime.python),
            "PYSPARK_GATEWAY_PORT": str(jvm.port),
            "PYSPARK_GATEWAY_SECRET": jvm.secret,
            "GX_ANALYTICS_ENABLED": "false",
            "GLUE_VERSION": self.runtime.version,
            "GLUE_PYTHON_VERSION": "3",
        }

    def _aws_environment(self, role: str) -> dict[str, str]:
        """On Glue the role's credentials and the region are simply there; so they are here."""
        return {
            "AWS_ACCESS_KEY_ID": access_key_for(role),
            "AWS_SECRET_ACCESS_KEY": secret_key_for(role),
            "AWS_REGION": self.settings.region,
            "AWS_DEFAULT_REGION": self.settings.region,
            "AWS_ENDPOINT_URL": self.settings.endpoint_url,
            "AWS_ENDPOINT_URL_S3": self.settings.s3_endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    # --- JVMs ----------------------------------------------------------------------------------------------------

    def _launch_jvm(self) -> SparkJvm:
        jars = resolve_jars(self.runtime)
        # Python starts while Java does: both take seconds
        threading.Thread(target=self._start_forkserver, daemon=True).start()
        return launch_jvm(
            self.runtime, lambda scratch: jvm_settings(self.settings, jars, scratch), self.folder / "jvms"
        )

    def _start_forkserver(self) -> None:
        try:
            self.forkserver.start()
        except (ForkServerError, OSError):
            log.exception("Glue fork server")

    def _warm_up(self, jvm: SparkJvm) -> bool:
        folder = self.folder / "runs" / f"warm-up-{jvm.process.pid}"
        folder.mkdir()
        properties = run_settings(
            "warm-up", (access_key_for(WARM_UP_ROLE), secret_key_for(WARM_UP_ROLE)), {}, [], folder
        )
        spec = JobSpec(
            id=folder.name,
            folder=str(folder),
            script=str(WARM_UP_SCRIPT),
            arguments=[],
            environment=self._environment(folder, jvm) | self._aws_environment(WARM_UP_ROLE),
            python_path=[],
            spark_properties=properties
            | {"spark.hadoop.fs.s3a.retry.limit": "0", "spark.hadoop.fs.s3a.attempts.maximum": "1"},
        )
        process = self.forkserver.run(spec)
        if not process.ended.wait(WARM_UP_TIMEOUT_SECONDS):
            process.stop(STOP_GRACE_SECONDS)
        clean, error = self._outcome(folder, process)
        if not clean or process.status != 0:
            stderr = folder / "stderr"
            log.error("Spark warm-up: %s\n%s", error, stderr.read_text(errors="replace") if stderr.exists() else "")
        shutil.rmtree(folder, ignore_errors=True)
        return clean and process.status == 0


def process_group_end(process: JobProcess) -> None:
    """Kill what a finished script left running."""
    if process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
