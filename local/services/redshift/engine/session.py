"""One database session: executes statements, keeps history, can be cancelled from another thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql as psycopg_sql
from psycopg.pq import TransactionStatus
from sqlglot import exp

from local.services.redshift.errors import RedshiftError, StatementCancelled, from_postgres
from local.services.redshift.translation.names import TableName, quoted

if TYPE_CHECKING:
    from psycopg import Column

    from local.services.redshift.databases import Connection, Databases
    from local.services.redshift.warehouse import DatabaseUser, Warehouse
    from local.settings import LocalSettings

_HISTORY_TEXT_LIMIT = 4000  # characters of SYS_QUERY_HISTORY.query_text


@dataclass
class Outcome:
    """What a statement gave.

    :param rows: result rows, to be read once before the next statement; None = the statement has no result set.
    :param affected: rows written, loaded or unloaded; -1 = not a number of rows.
    """

    columns: Sequence[Column] = ()
    rows: Iterator[Sequence[Any]] | None = None
    affected: int = -1
    kind: str = "UTILITY"
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TableColumn:
    """A column of a table as PostgreSQL keeps it.

    :param limit: length of a VARCHAR in bytes, 0 without a limit.
    """

    name: str
    type: str
    not_null: bool
    identity: bool
    limit: int

    @property
    def base_type(self) -> str:
        return self.type.split("(")[0]


class Session:
    """A connection of one database user. Not for two threads at once, except ``cancel``."""

    def __init__(
        self, databases: Databases, settings: LocalSettings, warehouse: Warehouse, database: str, user: DatabaseUser
    ) -> None:
        self.databases = databases
        self.settings = settings
        self.warehouse = warehouse
        self.database = database
        self.user = user
        self.query_group = "default"
        self.query_id = 0
        self._cancelled = threading.Event()
        self._cancelling = threading.Lock()
        self.connection: Connection = databases.connect(warehouse, database, user)
        self.process_id = self.connection.info.backend_pid

    @property
    def physical_database(self) -> str:
        return self.warehouse.physical_database(self.database)

    @property
    def in_transaction(self) -> bool:
        return self.connection.info.transaction_status != TransactionStatus.IDLE

    def close(self) -> None:
        self.connection.close()

    def request_cancel(self) -> None:
        """Ask the running statement to stop; called from another thread."""
        self._cancelled.set()

    def send_cancel(self) -> None:
        """Tell PostgreSQL, if a cancel is wanted. Repeated until the statement ends: between two queries PostgreSQL
        has nothing to cancel and forgets the request."""
        with self._cancelling:
            if self._cancelled.is_set():
                with contextlib.suppress(psycopg.Error):  # the connection was closed in this moment
                    self.connection.cancel_safe(timeout=5)

    def forget_cancel(self) -> None:
        """Make the session usable again after a cancelled statement."""
        with self._cancelling:
            self._cancelled.clear()

    def check_cancelled(self) -> None:
        """Long work outside of PostgreSQL calls this between its steps.

        :raises StatementCancelled: the caller cancelled
        """
        if self._cancelled.is_set():
            raise StatementCancelled

    def run(self, statement: str, consume: Any = None) -> Outcome:
        """Execute one statement.

        :param consume: called with the outcome while its rows can be read
        :raises RedshiftError: the statement failed
        :raises StatementCancelled: the caller cancelled it
        """
        from local.services.redshift.engine.router import execute, kind_of  # the handlers import Session

        self.check_cancelled()
        started, returned, status, error = _now(), -1, "success", None
        kind = kind_of(statement)
        try:
            self.query_id = self._next_query_id()
            outcome = execute(self, statement)
            if consume is not None:
                returned = consume(outcome)
            elif outcome.rows is not None:
                returned = sum(1 for _ in outcome.rows)
            return outcome
        except psycopg.errors.QueryCanceled as cancelled:
            status, error = "canceled", "canceled on user's request"
            if self._cancelled.is_set():
                raise StatementCancelled from cancelled
            raise from_postgres(cancelled) from cancelled
        except psycopg.Error as failure:
            readable = from_postgres(failure)
            status, error = "failed", readable.text
            raise readable from failure
        except RedshiftError as failure:
            status, error = "failed", failure.text
            raise
        except StatementCancelled:
            status, error = "canceled", "canceled on user's request"
            raise
        finally:
            self._record(statement, kind, status, error, started, returned)

    def execute(self, postgres_sql: str, parameters: Sequence[Any] | None = None) -> psycopg.Cursor[Any]:
        """Run PostgreSQL text of ours."""
        self.check_cancelled()
        return self.connection.execute(postgres_sql.encode(), parameters)

    def stream(self, postgres_sql: str) -> tuple[Sequence[Column], Iterator[Sequence[Any]]]:
        """Run a query and read its rows as they come: a big result never lies in memory."""
        cursor = self.connection.cursor()
        rows = cursor.stream(postgres_sql.encode(), size=1000)
        first = next(rows, None)
        columns = cursor.description or []

        def all_rows() -> Iterator[Sequence[Any]]:
            try:
                if first is not None:
                    yield first
                yield from rows
            finally:
                cursor.close()

        return columns, all_rows()

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        """Everything inside happens or nothing, also inside the caller's own transaction."""
        with self.connection.transaction():
            yield

    # ---- what rewrites and handlers ask of the database

    def relation(self, table: TableName) -> int | None:
        """The oid of a table or view; None if it does not exist."""
        row = self.execute("SELECT to_regclass(%s)::oid", (table.sql,)).fetchone()
        return int(row[0]) if row and row[0] is not None else None

    def require_relation(self, table: TableName) -> int:
        relation = self.relation(table)
        if relation is None:
            shown = ".".join(part for part in (table.schema, table.name) if part)
            raise RedshiftError(f'relation "{shown}" does not exist')
        return relation

    def columns(self, table: exp.Table) -> Sequence[str]:
        name = TableName(table.name.lower(), table.db.lower() or None)
        return [column.name for column in self.table_columns(name)]

    def table_columns(self, table: TableName) -> list[TableColumn]:
        rows = self.execute(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity <> '',"
            " CASE WHEN atttypid IN (1043, 1042) THEN greatest(atttypmod - 4, 0) ELSE 0 END FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (table.sql,),
        ).fetchall()
        return [TableColumn(*row) for row in rows]

    # ---- history

    @contextlib.contextmanager
    def journal(self) -> Iterator[Connection]:
        """The connection for history, which survives a rollback."""
        with self.databases.admin(self.physical_database) as connection:
            yield connection

    def _next_query_id(self) -> int:
        with self.journal() as connection:
            row = connection.execute(
                "SELECT nextval(pg_get_serial_sequence('redshift_meta.queries', 'query_id'))"
            ).fetchone()
        return int(row[0]) if row else 0

    def _record(
        self, statement: str, kind: str, status: str, error: str | None, started: datetime, returned: int
    ) -> None:
        ended = _now()
        # when PostgreSQL itself is gone, the statement's own error says so and history cannot be written
        with contextlib.suppress(psycopg.OperationalError), self.journal() as connection:
            connection.execute(
                "INSERT INTO redshift_meta.queries OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    self.query_id,
                    self.user.name,
                    self.process_id,
                    kind,
                    status,
                    statement[:_HISTORY_TEXT_LIMIT].replace("\0", ""),
                    started,
                    ended,
                    int((ended - started).total_seconds() * 1_000_000),
                    returned,
                    error,
                    self.query_group,
                ),
            )

    def grantee(self, name: str) -> psycopg_sql.Composable:
        return psycopg_sql.SQL("PUBLIC") if name.lower() == "public" else psycopg_sql.SQL(quoted(name))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
