"""Airflow's metadata database on this machine: one SQLite file in Airflow's home."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalAwsError
from local.settings import AIRFLOW_RUNTIME, REPOSITORY

_MIGRATE_SECONDS = 180
_BUSY_SECONDS = 60
_WEBSERVER_BUSY_SECONDS = 5  # SQLAlchemy's default
_DATABASE = "airflow.db"


def database_file(home: Path) -> Path:
    return home / _DATABASE


def connection(home: Path, component: str) -> str:
    """``sql_alchemy_conn``, with the time to wait while another process writes: SQLite has one writer at a time.

    A scheduler that cannot write ends, so it waits long. The web server refuses a request instead, which its callers
    (tasks, too) try again, and must not wait long: with 60 s all of Airflow stood still for a minute, probably because
    it writes its audit log within the event loop that the request before needs to finish.

    :param component: of MWAA, see `MwaaRuntime.environment`.
    """
    seconds = _WEBSERVER_BUSY_SECONDS if component == "webserver" else _BUSY_SECONDS
    return f"sqlite:///{database_file(home)}?timeout={seconds}"


def migrate(home: Path, environment: Mapping[str, str], log: Path) -> bool:
    """Bring the database to the installed Airflow's schema.

    A new home gets a copy of an empty database kept in the Airflow runtime: `airflow db migrate` takes 10 s, and its
    result depends on nothing but Airflow's version.

    :param home: ``AIRFLOW_HOME``.
    :param environment: of the migration, if one is needed.
    :param log: receives its output.
    :returns: whether there was anything to do.
    :raises LocalAwsError: the migration failed.
    """
    stamp = home / ".migrated"
    version = installed_version()
    database = database_file(home)
    if database.exists() and stamp.exists() and stamp.read_text() == version:
        return False
    home.mkdir(parents=True, exist_ok=True)
    empty = AIRFLOW_RUNTIME / f"empty-{version}.db"
    if not database.exists() and empty.exists():
        shutil.copyfile(empty, database)
    else:
        is_new = not database.exists()
        _run_migration(environment, log)
        if is_new:
            _keep(database, empty)
    stamp.write_text(version)
    return True


def installed_version() -> str:
    """Airflow's version in the runtime.

    :raises LocalAwsError: there is none.
    """
    found = sorted((AIRFLOW_RUNTIME / "lib").glob("python3.*/site-packages/apache_airflow-*.dist-info"))
    if not found:
        raise LocalAwsError(f"No apache-airflow in {AIRFLOW_RUNTIME}: run `make setup`.")
    return found[0].name.removeprefix("apache_airflow-").removesuffix(".dist-info")


def _run_migration(environment: Mapping[str, str], log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        finished = subprocess.run(
            [str(AIRFLOW_RUNTIME / "bin" / "airflow"), "db", "migrate"],
            env=dict(environment),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_MIGRATE_SECONDS,
            check=False,
        )
    if finished.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise LocalAwsError(f"`airflow db migrate` failed with exit code {finished.returncode}. End of {log}:\n{end}")


def _keep(database: Path, empty: Path) -> None:
    draft = empty.with_suffix(".tmp")
    shutil.copyfile(database, draft)
    draft.replace(empty)
