"""Warm Spark JVMs for job runs.

A run that attaches to a JVM which has already run something is about three times faster than one that starts its own.
One run at a time per JVM; at most two JVMs, the second only while two runs overlap; a JVM that was not given back
clean, or that has served many runs, is replaced.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.services.glue.java import java_home
from local.services.glue.runtimes import GlueRuntime

log = logging.getLogger(__name__)

MAXIMUM_JVMS = 2
# A run costs a new JVM 3.5 s of processor time and one that has compiled what it needs 1.1 s, which takes some 50 runs;
# RSS grows by some MB with each SparkContext: 0.5 GB after the first run, 1.0 GB after 70 (3,000 rows, two writes).
RUNS_PER_JVM = 100
SURPLUS_IDLE_SECONDS = 60
# 3 s on two idle cores; a busy CI machine has taken minutes.
START_TIMEOUT_SECONDS = 600
# A run that waits for a JVM survives this many failed starts.
START_ATTEMPTS = 3


class SparkStartError(Exception):
    """No Spark JVM could be started."""


@dataclass(eq=False)
class SparkJvm:
    """One running JVM with PySpark's gateway in it."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    secret: str
    runs: int = 0

    @property
    def log_file(self) -> Path:
        return self.folder / "jvm.log"

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the JVM and everything it started (Spark's Python workers), and delete its scratch files."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _read_connection(path: Path) -> tuple[int, str] | None:
    """PySpark's gateway writes port, length of the secret, secret; None while it has not."""
    if not path.exists() or path.stat().st_size < 8:
        return None
    content = path.read_bytes()
    port, length = struct.unpack("!ii", content[:8])
    secret = content[8 : 8 + length]
    return (port, secret.decode()) if len(secret) == length else None


def launch_jvm(runtime: GlueRuntime, properties: Callable[[Path], dict[str, str]], parent: Path) -> SparkJvm:
    """Start a JVM with a PySpark gateway.

    It reads from a pipe that we hold: when the control plane dies, however it dies, the JVM ends.

    :param properties: Spark settings, given the JVM's scratch folder
    :param parent: where the JVM gets its folder
    :raises SparkStartError: it did not start; the message carries its last words
    """
    folder = Path(tempfile.mkdtemp(prefix="jvm-", dir=parent))
    scratch = folder / "scratch"
    scratch.mkdir()
    connection_file = folder / "connection"
    command = [str(runtime.spark_home / "bin" / "spark-submit")]
    command += [f"--conf={name}={value}" for name, value in properties(scratch).items()]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "SPARK_"))
    }
    environment |= {
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection_file),
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(runtime.spark_home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(runtime.python),
        "TZ": "UTC",
    }
    with (folder / "jvm.log").open("wb") as log_file:
        process = subprocess.Popen(
            [*command, "pyspark-shell"],
            stdin=subprocess.PIPE,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = _read_connection(connection_file)
        if connection is not None:
            return SparkJvm(process, folder, *connection)
        time.sleep(0.02)
    last_words = (folder / "jvm.log").read_text(errors="replace").strip()[-1500:]
    SparkJvm(process, folder, 0, "").close()
    raise SparkStartError(f"Spark's JVM did not start: {last_words or 'no output'}")


class SparkPool:
    """Lends JVMs to job runs.

    :param launch: starts a JVM
    :param warm_up: runs a small job on a new JVM; False when the JVM is not usable afterwards
    """

    def __init__(self, launch: Callable[[], SparkJvm], warm_up: Callable[[SparkJvm], bool]) -> None:
        self.launch = launch
        self.warm_up = warm_up
        self.changed = threading.Condition()
        self.idle: list[SparkJvm] = []
        self.lent: set[SparkJvm] = set()
        self.starting = 0
        self.waiting = 0
        self.failure: Exception | None = None
        self.closed = False

    def prepare(self) -> None:
        """Have one JVM ready soon; returns at once."""
        with self.changed:
            self._start_another()

    def lend(self, cancelled: threading.Event) -> SparkJvm | None:
        """Wait for a JVM.

        :param cancelled: gives up waiting when set
        :return: the JVM, or None when cancelled
        :raises SparkStartError: none can be started
        """
        with self.changed:
            self.waiting += 1
            try:
                return self._wait_for_one(cancelled)
            finally:
                self.waiting -= 1

    def _wait_for_one(self, cancelled: threading.Event) -> SparkJvm | None:
        """The waiting part of :meth:`lend`, with the lock held."""
        self.failure = None
        attempts = 0
        while not cancelled.is_set() and not self.closed:
            self._drop_dead()
            if self.idle:
                jvm = self.idle.pop()
                self.lent.add(jvm)
                return jvm
            if self.failure is not None:
                attempts += 1
                if attempts >= START_ATTEMPTS:
                    raise SparkStartError(str(self.failure)) from self.failure
                self.failure = None
            if self.starting == 0:
                self._start_another()
            self.changed.wait(0.2)
        return None

    def give_back(self, jvm: SparkJvm, clean: bool) -> None:
        """End a loan; an unclean or worn JVM is replaced in the background."""
        with self.changed:
            self.lent.discard(jvm)
            jvm.runs += 1
            keep = clean and jvm.alive and jvm.runs < RUNS_PER_JVM and not self.closed
            if keep:
                self.idle.append(jvm)
            self.changed.notify_all()
            surplus = len(self.idle) + len(self.lent) + self.starting > 1
        if not keep:
            jvm.close()
            self.prepare()
        elif surplus:
            timer = threading.Timer(SURPLUS_IDLE_SECONDS, self._drop_surplus)
            timer.daemon = True
            timer.start()

    def close(self) -> None:
        """End all JVMs, also those that are lent."""
        with self.changed:
            self.closed = True
            jvms = [*self.idle, *self.lent]
            self.idle.clear()
            self.changed.notify_all()
        for jvm in jvms:
            jvm.close()

    def _start_another(self) -> None:
        """Start one more JVM unless there are enough or one is idle. Called with the lock held."""
        if self.closed or self.idle or self.starting or len(self.lent) >= MAXIMUM_JVMS:
            return
        self.starting += 1
        threading.Thread(target=self._start_one, name="glue-spark-start", daemon=True).start()

    def _start_one(self) -> None:
        jvm: SparkJvm | None = None
        failure: Exception | None = None
        try:
            jvm = self.launch()
            # To a run that waits a warm-up is a delay: it loads the same classes itself
            if self.waiting == 0 and not self.warm_up(jvm):
                jvm.close()
                raise SparkStartError(
                    "Spark's JVM started but a small test job failed on it; see the control plane's log"
                )
        except Exception as error:
            log.exception("no Spark JVM for Glue jobs")
            failure, jvm = error, None
        with self.changed:
            self.starting -= 1
            self.failure = failure
            abandoned = self.closed
            if jvm is not None and not abandoned:
                self.idle.append(jvm)
            self.changed.notify_all()
        if jvm is not None and abandoned:
            jvm.close()

    def _drop_dead(self) -> None:
        for jvm in [jvm for jvm in self.idle if not jvm.alive]:
            self.idle.remove(jvm)
            jvm.close()

    def _drop_surplus(self) -> None:
        with self.changed:
            surplus = [self.idle.pop(0)] if len(self.idle) > 1 or (self.idle and self.lent) else []
        for jvm in surplus:
            jvm.close()
