"""Warm DuckDB connections.

A query gets a database of its own: hardening, temporary views and measured bytes are per database, and a second query
in the same database would report zero bytes for what the first one left in memory. Loading the S3 extension and
setting up costs far more than most queries, so fresh databases wait here.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb

from local.services.athena.names import literal


@dataclass(frozen=True)
class EngineSettings:
    """:param s3_endpoint: host:port of the S3 server.
    :param temporary_folder: where queries larger than memory spill.
    :param memory_limit: per query, DuckDB notation.
    :param threads: per query.
    """

    s3_endpoint: str
    region: str
    temporary_folder: Path
    memory_limit: str = "2GB"
    threads: int = 2


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load a DuckDB extension from its PyPI package; nothing is downloaded.

    :raises RuntimeError: the package is not installed.
    """
    package = Path(str(files(f"duckdb_extension_{name}")))
    found = sorted(package.rglob("*.duckdb_extension"))
    if not found:
        raise RuntimeError(f"duckdb-extension-{name} holds no extension file. Reinstall local/requirements.txt.")
    connection.execute(f"LOAD {literal(found[0])}")


def open_connection(settings: EngineSettings) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory database that knows where S3 is, has no keys yet (`create_secret`) and is not hardened."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(settings.threads),
            "memory_limit": settings.memory_limit,
            "temp_directory": str(settings.temporary_folder),
        },
    )
    load_extension(connection, "httpfs")
    for setting in (
        # Where the keys of a query lead to.
        f"s3_region={literal(settings.region)}",
        f"s3_endpoint={literal(settings.s3_endpoint)}",
        # Cached files would be missing from the measured bytes.
        "enable_external_file_cache=false",
        # A name in SQL must never reach a Python variable of this process.
        "python_enable_replacements=false",
        "preserve_insertion_order=false",
        # 5 MB parts: with the default size a partitioned CTAS holds one large buffer per partition.
        "s3_uploader_max_filesize='50GB'",
        "default_null_order='nulls_last'",
        "TimeZone='UTC'",
    ):
        connection.execute(f"SET {setting}")
    connection.execute("PRAGMA enable_profiling='no_output'")
    connection.execute("""SET custom_profiling_settings='{"TOTAL_BYTES_READ":"true"}'""")
    return connection


def create_secret(
    connection: duckdb.DuckDBPyConnection, name: str, access_key: str, secret_key: str, scope: str = ""
) -> None:
    """Let a database use a key.

    :param scope: ``s3://`` folder; of several that cover a file, the longest counts.
    """
    row = connection.execute("SELECT current_setting('s3_region'), current_setting('s3_endpoint')").fetchone()
    assert row is not None
    limited = f", SCOPE {literal(scope)}" if scope else ""
    connection.execute(
        f"CREATE OR REPLACE SECRET {name} (TYPE s3, KEY_ID {literal(access_key)}, SECRET {literal(secret_key)}, "
        f"REGION {literal(row[0])}, ENDPOINT {literal(row[1])}, URL_STYLE 'path', USE_SSL false{limited})"
    )


class ConnectionPool:
    """:param size: how many connections wait ready."""

    def __init__(self, settings: EngineSettings, size: int) -> None:
        self._settings = settings
        self._ready: queue.SimpleQueue[duckdb.DuckDBPyConnection] = queue.SimpleQueue()
        self._wanted = threading.Semaphore(size)
        self._closed = False
        threading.Thread(target=self._keep_filled, name="athena-connections", daemon=True).start()

    def take(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own. The taker closes it; it never comes back."""
        try:
            connection = self._ready.get_nowait()
        except queue.Empty:
            return open_connection(self._settings)
        self._wanted.release()
        return connection

    def close(self) -> None:
        self._closed = True
        self._wanted.release()

    def _keep_filled(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed:
                return
            self._ready.put(open_connection(self._settings))
