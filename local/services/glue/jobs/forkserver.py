"""The control plane's side of the Glue runtime's fork server (``local.services.glue.worker.forkserver``)."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path

from local.services.glue.runtimes import REPOSITORY, GlueRuntime
from local.services.glue.worker.job_process import JobSpec

log = logging.getLogger(__name__)

# Imports alone take 10 s on two idle cores; a busy CI machine has taken minutes.
START_TIMEOUT_SECONDS = 600


class ForkServerError(Exception):
    """The Glue runtime does not start."""


class JobProcess:
    """A running job process; its group is everything it started."""

    def __init__(self) -> None:
        self.pid: int | None = None
        self.started = threading.Event()
        self.ended = threading.Event()
        # Exit code, minus the signal, or None when the fork server itself died with it.
        self.status: int | None = None

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and everything it started."""
        if self.pid is not None and not self.ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def stop(self, grace_seconds: float) -> None:
        """Ask the process group to end, then make it end.

        :param grace_seconds: time between TERM and KILL
        """
        self.signal_group(signal.SIGTERM)
        if not self.ended.wait(grace_seconds):
            self.signal_group(signal.SIGKILL)
            self.ended.wait(grace_seconds)


class ForkServer:
    """Starts the server process when it is first needed, and again when it died."""

    def __init__(self, runtime: GlueRuntime, log_file: Path) -> None:
        self.runtime = runtime
        self.log_file = log_file
        self.lock = threading.Lock()
        self.server: subprocess.Popen[bytes] | None = None
        self.ready = threading.Event()
        self.processes: dict[str, JobProcess] = {}

    def start(self) -> None:
        """Start the server if it does not run, and wait until it has imported its libraries.

        :raises ForkServerError: it does not come up
        """
        with self.lock:
            if self.server is None or self.server.poll() is not None:
                self._launch()
            server = self.server
        if not self.ready.wait(START_TIMEOUT_SECONDS) or (server is not None and server.poll() is not None):
            raise ForkServerError(f"the Glue runtime {self.runtime.environment} does not start, see {self.log_file}")

    def _launch(self) -> None:
        self.ready = threading.Event()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        environment |= {
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "SPARK_HOME": str(self.runtime.spark_home),
            "GX_ANALYTICS_ENABLED": "false",
            "TZ": "UTC",
        }
        with self.log_file.open("ab") as log_file:
            self.server = subprocess.Popen(
                [str(self.runtime.python), "-m", "local.services.glue.worker.forkserver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=environment,
                cwd=self.log_file.parent,
                start_new_session=True,
            )
        threading.Thread(
            target=self._listen, args=(self.server, self.ready), name="glue-fork-server", daemon=True
        ).start()

    def _listen(self, server: subprocess.Popen[bytes], ready: threading.Event) -> None:
        assert server.stdout is not None
        for line in server.stdout:
            message = json.loads(line)
            if "ready" in message:
                ready.set()
            elif "pid" in message:
                process = self.processes[message["id"]]
                process.pid = message["pid"]
                process.started.set()
            else:
                process = self.processes.pop(message["id"])
                process.status = message["status"]
                process.ended.set()
        server.wait()
        # Nobody may wait for ever for a server that is gone
        ready.set()
        for process in [self.processes.pop(run) for run in list(self.processes)]:
            process.started.set()
            process.ended.set()

    def run(self, spec: JobSpec) -> JobProcess:
        """Start a job process.

        :raises ForkServerError: the runtime does not start
        """
        self.start()
        process = JobProcess()
        with self.lock:
            server = self.server
            assert server is not None
            assert server.stdin is not None
            self.processes[spec.id] = process
            try:
                server.stdin.write(json.dumps(asdict(spec)).encode() + b"\n")
                server.stdin.flush()
            except OSError as error:
                self.processes.pop(spec.id, None)
                raise ForkServerError(f"the Glue runtime went away, see {self.log_file}") from error
        process.started.wait(START_TIMEOUT_SECONDS)
        return process

    def stop(self) -> None:
        """End the server; it kills the jobs that still run."""
        with self.lock:
            if self.server is None:
                return
            assert self.server.stdin is not None
            with contextlib.suppress(OSError):
                self.server.stdin.close()
            try:
                self.server.wait(5)
            except subprocess.TimeoutExpired:
                self.server.kill()
            self.server = None
