"""One query's surroundings: whose rights, which names, and the DuckDB database it runs in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

from local.services.athena.access import Authorizer
from local.services.athena.catalog import Catalog
from local.services.athena.errors import QueryCancelled
from local.services.athena.forward_access import ForwardAccess
from local.services.athena.functions import define_functions
from local.services.athena.names import literal
from local.services.athena.storage import Storage


class PreparedStatements(Protocol):
    """The prepared statements of the query's workgroup."""

    def store(self, name: str, statement: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def statement(self, name: str) -> str: ...


@dataclass
class QuerySession:
    """:param rights: what the caller may reach.
    :param database: of unqualified names.
    :param output_location: where results go; tables without a location are written below it.
    :param output_enforced: whether the workgroup decides where results go.
    :param scan_limit: bytes the workgroup lets one query read; None = no limit.
    :param iceberg: opens the pyiceberg catalog.
    :param scanned: bytes read so far.
    """

    connection: duckdb.DuckDBPyConnection
    rights: ForwardAccess
    storage: Storage
    catalog: Catalog
    authorizer: Authorizer
    database: str
    workgroup: str
    execution_id: str
    output_location: str
    iceberg: Callable[[], Any]
    prepared: PreparedStatements
    is_cancelled: Callable[[], bool] = lambda: False
    output_enforced: bool = False
    scan_limit: int | None = None
    scanned: int = 0
    defined: set[str] = field(default_factory=set)

    def define(self, sql: str) -> None:
        define_functions(self.connection, sql, self.defined)

    def execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self.connection.execute(sql)

    def count_bytes(self) -> None:
        """Add what the statement before read. Its result must have been fetched."""
        measured = json.loads(self.connection.get_profiling_information(format="json") or "{}")
        self.scanned += int(measured.get("total_bytes_read") or 0)

    def before_commit(self, written_to: str | None = None) -> None:
        """Last look before a statement's effect becomes visible: cancelled, or over ``BytesScannedCutoffPerQuery``?

        :param written_to: location of files this query wrote; they are deleted then.
        :raises QueryCancelled: the query must have no effect.
        """
        over_limit = self.scan_limit is not None and self.scanned > self.scan_limit
        if not over_limit and not self.is_cancelled():
            return
        if written_to is not None:
            self.storage.delete_containing(written_to, self.execution_id)
        raise QueryCancelled(
            "Query cancelled! : Bytes scanned limit was exceeded" if over_limit else "Query cancelled by user"
        )

    def result_types(self, sql: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a query's columns."""
        return [(row[0], row[1]) for row in self.connection.execute(f"DESCRIBE {sql}").fetchall()]

    def harden(self, folders: Iterable[str], written: str | None = None) -> None:
        """From here on nothing outside these folders can be read or written and no setting be changed.

        :param folders: S3 locations ending in a slash.
        :param written: one more, which the query writes with its caller's own rights.
        """
        if written is not None:
            self.rights.write_to(self.connection, written)
        allowed = ", ".join(literal(folder) for folder in sorted({*folders, *([written] if written else [])}))
        self.connection.execute(f"SET allowed_directories=[{allowed}]")
        self.connection.execute("SET enable_external_access=false")
        self.connection.execute("SET lock_configuration=true")
