"""The PostgreSQL server of a state folder: starts anywhere, keeps its data, lets nobody in without the password."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from local.services.redshift import postgres
from local.settings import free_ports


@dataclass(frozen=True)
class Settings:
    state_dir: Path
    postgres_port: int


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Settings]:
    """A state folder below one that only its owner may enter, as a clone in /root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    settings = Settings(closed / "clone" / ".sluice", free_ports(1)[0])
    yield settings
    postgres.stop(settings)


def test_survives_stop_and_start_behind_a_closed_folder(closed_folder: Settings) -> None:
    assert not postgres.is_running(closed_folder)
    postgres.start(closed_folder)
    postgres.start(closed_folder)
    with psycopg.connect(postgres.connection_string(closed_folder, "postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS a")
    postgres.stop(closed_folder)
    postgres.stop(closed_folder)
    assert not postgres.is_running(closed_folder)
    postgres.start(closed_folder)
    with psycopg.connect(postgres.connection_string(closed_folder, "postgres")) as connection:
        assert connection.execute("SELECT a FROM kept").fetchall() == [(7,)]


def test_asks_for_the_password_and_listens_on_this_machine_only(closed_folder: Settings) -> None:
    postgres.start(closed_folder)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"host=127.0.0.1 port={closed_folder.postgres_port} user={postgres.ADMIN_USER} dbname=postgres")
    with psycopg.connect(postgres.connection_string(closed_folder, "postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    assert (closed_folder.state_dir / "postgres" / "password").stat().st_mode & 0o077 == 0


def test_taken_port_is_told(closed_folder: Settings, tmp_path: Path) -> None:
    postgres.start(closed_folder)
    second = Settings(tmp_path / "second", closed_folder.postgres_port)
    with pytest.raises(postgres.PostgresError, match=f"does not start on 127.0.0.1:{second.postgres_port}"):
        postgres.start(second)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to switch the user")
def test_does_not_run_as_root(closed_folder: Settings) -> None:
    postgres.start(closed_folder)
    assert (closed_folder.state_dir / "postgres" / "data").stat().st_uid != 0
