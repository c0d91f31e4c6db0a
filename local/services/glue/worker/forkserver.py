"""Fork server of the Glue runtime: imports the heavy libraries once, then forks one process per job run.

``import great_expectations`` alone takes 7 to 11 s on two cores; a fork of a process that has it takes milliseconds,
and every job run still has a process of its own. Started by ``local.services.glue.jobs.forkserver``.

Protocol, one JSON object a line. On standard input a :class:`JobSpec`'s fields, each one a run to start. On standard
output ``{"ready": [modules]}`` once, ``{"id", "pid"}`` for every start and ``{"id", "status"}`` for every end (exit
code, or minus the signal). At the end of the input, also when the control plane was killed, it kills its jobs and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
from typing import Any

from local.services.glue.worker.job_process import JobSpec, run_job

# What Glue jobs of a data lake import; a module that a runtime lacks is simply not preloaded.
PRELOADED = ("boto3", "pandas", "pyarrow.parquet", "pyspark.sql.functions", "pyspark.sql.types", "great_expectations")


def preload() -> list[str]:
    """Import what jobs will need.

    :return: the modules that could be imported
    """
    loaded = []
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
            loaded.append(name)
    # Objects that exist now are never collected: a collection in a child would copy every page of them.
    gc.collect()
    gc.freeze()
    return loaded


class ForkServer:
    """Forks job processes and reports their ends."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests = requests
        self.answers = answers
        self.pending = b""
        self.running: dict[int, str] = {}
        self.wakeup_read, self.wakeup_write = os.pipe()
        for descriptor in (self.wakeup_read, self.wakeup_write):
            os.set_blocking(descriptor, False)

    def answer(self, message: dict[str, Any]) -> None:
        os.write(self.answers, json.dumps(message).encode() + b"\n")

    def serve(self) -> None:
        """Answer requests until the control plane closes its end, then kill what still runs."""
        signal.set_wakeup_fd(self.wakeup_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector = selectors.DefaultSelector()
        selector.register(self.requests, selectors.EVENT_READ)
        selector.register(self.wakeup_read, selectors.EVENT_READ)
        try:
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self.wakeup_read in ready:
                    os.read(self.wakeup_read, 4096)
                    self.reap()
                if self.requests in ready and not self.read_requests():
                    return
        finally:
            self.kill_all()

    def read_requests(self) -> bool:
        """:return: False at the end of the input"""
        data = os.read(self.requests, 65536)
        if not data:
            return False
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.start(JobSpec(**json.loads(line)))
        return True

    def start(self, spec: JobSpec) -> None:
        pid = os.fork()
        if pid == 0:
            self.become_job(spec)
        self.running[pid] = spec.id
        self.answer({"id": spec.id, "pid": pid})

    def become_job(self, spec: JobSpec) -> None:
        """In the child: drop everything of the server, run the job and leave."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self.requests, self.answers, self.wakeup_read, self.wakeup_write):
            os.close(descriptor)
        # run_job never returns: it leaves by os._exit, so that no code of the server runs in the child.
        run_job(spec)

    def reap(self) -> None:
        for pid in list(self.running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.answer({"id": self.running.pop(pid), "status": os.waitstatus_to_exitcode(status)})

    def kill_all(self) -> None:
        for pid in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def main() -> None:
    # Libraries may print while they are imported; only answers may reach the control plane.
    answers = os.dup(1)
    os.dup2(2, 1)
    requests = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    server = ForkServer(requests, answers)
    server.answer({"ready": preload()})
    server.serve()


if __name__ == "__main__":
    main()
