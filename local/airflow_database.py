"""Airflow's metadata database on the laptop: one SQLite file in the state folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from local.environment import AIRFLOW_RUNTIME, airflow_environment, airflow_home
from local.errors import LocalAwsError
from local.settings import REPOSITORY, LocalSettings

_MIGRATE_SECONDS = 180
_DATABASE = "airflow.db"


def is_installed() -> bool:
    """Whether this checkout has an Airflow runtime: the local AWS alone works without one."""
    return (AIRFLOW_RUNTIME / "bin" / "airflow").exists()


def migrate(settings: LocalSettings) -> bool:
    """Bring the database to the installed Airflow's schema.

    A new state folder gets a copy of an empty database kept in the Airflow runtime: `airflow db migrate` takes
    10 s, and its result depends on nothing but Airflow's version.

    :returns: whether there was anything to do.
    :raises LocalAwsError: the migration failed.
    """
    home = airflow_home(settings)
    stamp = home / ".migrated"
    version = _installed_version()
    database = home / _DATABASE
    if database.exists() and stamp.exists() and stamp.read_text() == version:
        return False
    home.mkdir(parents=True, exist_ok=True)
    empty = AIRFLOW_RUNTIME / f"empty-{version}.db"
    if not database.exists() and empty.exists():
        shutil.copyfile(empty, database)
    else:
        is_new = not database.exists()
        _run_migration(settings)
        if is_new:
            _keep(database, empty)
    stamp.write_text(version)
    return True


def _run_migration(settings: LocalSettings) -> None:
    log = settings.folder("servers") / "airflow_database.log"
    with log.open("ab") as output:
        finished = subprocess.run(
            [str(AIRFLOW_RUNTIME / "bin" / "airflow"), "db", "migrate"],
            env=airflow_environment(settings),
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


def _installed_version() -> str:
    found = sorted((AIRFLOW_RUNTIME / "lib").glob("python3.*/site-packages/apache_airflow-*.dist-info"))
    if not found:
        raise LocalAwsError(f"No apache-airflow in {AIRFLOW_RUNTIME}: run `make setup`.")
    return found[0].name.removeprefix("apache_airflow-").removesuffix(".dist-info")
