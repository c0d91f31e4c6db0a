"""Servers as processes of their own: started detached, recorded by pid and start time, stopped as a whole tree."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import LocalAwsError

_GRACE_SECONDS = 2.0
_KILLED_SECONDS = 5.0
_POLL_SECONDS = 0.02
# Two runs of a process never start within this of each other under one pid.
_SAME_START_SECONDS = 1.0


@dataclass(frozen=True)
class ServerProcess:
    """A server's place on disk: ``<folder>/<name>.pid`` and ``<folder>/<name>.log``."""

    name: str
    folder: Path

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def pid(self) -> int | None:
        """The running server's pid; None when it is not running. A pid reused by another program does not count."""
        process = self._process()
        return process.pid if process else None

    def was_moved(self) -> bool:
        """Whether its folder was moved while it ran: it still writes to paths that are gone, so it must start anew."""
        return self.pid() is not None and json.loads(self._pid_file.read_text()).get("folder") != str(self.folder)

    def start(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> int:
        """Start it in a session of its own, so that neither the command line's end nor Ctrl-C stops it.

        :returns: its pid.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as output:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=cwd,
                start_new_session=True,
            )
        started = psutil.Process(process.pid).create_time()
        record = {"pid": process.pid, "started": started, "folder": str(self.folder)}
        draft = self._pid_file.with_suffix(".tmp")
        draft.write_text(json.dumps(record))
        draft.replace(self._pid_file)
        return process.pid

    def stop(self, grace_seconds: float = _GRACE_SECONDS) -> bool:
        """End it and everything it started: TERM, then KILL.

        :param grace_seconds: how long it may take to end by itself.
        :returns: whether it was running.
        """
        process = self._process()
        if process is not None:
            stop_tree(process, grace_seconds)
        self._pid_file.unlink(missing_ok=True)
        return process is not None

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, for messages about a server that did not start."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-count:])

    def _process(self) -> psutil.Process | None:
        try:
            record = json.loads(self._pid_file.read_text())
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["started"]) < _SAME_START_SECONDS
            return process if same and self._writes_our_log(process) else None
        except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
            return None

    def _writes_our_log(self, process: psutil.Process) -> bool:
        """Whether it is this very folder's server: the pid in a copy of the folder is the original's.

        The path of an open file follows a move of the folder, unlike a path on the command line. A zombie has none.
        """
        return any(Path(opened.path) == self.log_file for opened in process.open_files())


def stop_tree(process: psutil.Process, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End a process and all its descendants.

    :param grace_seconds: between TERM and KILL.
    """
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.terminate()
    for member in _alive_after(tree, grace_seconds):
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    _alive_after(tree, _KILLED_SECONDS)


def _alive_after(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after a wait. A zombie has ended: its parent may never look (init of a container)."""
    deadline = time.monotonic() + seconds
    alive = list(processes)
    while alive and time.monotonic() < deadline:
        alive = [process for process in alive if _runs(process)]
        if alive:
            time.sleep(_POLL_SECONDS)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until_ready(server: ServerProcess, is_ready: Callable[[], bool], seconds: float) -> None:
    """Wait until a started server answers.

    :param is_ready: asks it; False or an OSError means not yet.
    :param seconds: how long at most.
    :raises LocalAwsError: it ended or did not answer in time; the message has the end of its log.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if is_ready():
                return
        if server.pid() is None:
            raise LocalAwsError(
                f"{server.name} ended while it started. End of {server.log_file}:\n{server.last_lines()}"
            )
        time.sleep(_POLL_SECONDS)
    raise LocalAwsError(
        f"{server.name} did not answer within {seconds:.0f} s. End of {server.log_file}:\n{server.last_lines()}"
    )


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Only one command at a time changes a state folder.

    :raises LocalAwsError: another one is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "command.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise LocalAwsError(
                f"Another `python -m local` command (pid {owner}) is changing {folder}. Wait until it has finished, "
                "or give this one a state folder of its own with --state."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
