"""Executes statements of the Data API in threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg

from local.services.redshift.data_api.model import Execution, StatementRecord
from local.services.redshift.data_api.parameters import bind
from local.services.redshift.data_api.results import column_metadata, write_result
from local.services.redshift.data_api.sessions import KeptSession, SessionRegistry
from local.services.redshift.data_api.store import StatementStore
from local.services.redshift.databases import Databases
from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.errors import RedshiftError, StatementCancelled, from_postgres
from local.services.redshift.warehouse import DatabaseUser, Warehouse
from local.settings import LocalSettings

_CANCEL_PAUSE_SECONDS = 0.1
_THREADS = 48  # statements at once; PostgreSQL takes 120 connections


class Runner:
    """Runs statements; one connection each, or the connection of a kept session."""

    def __init__(
        self, settings: LocalSettings, databases: Databases, store: StatementStore, sessions: SessionRegistry
    ) -> None:
        self._settings = settings
        self._databases = databases
        self._store = store
        self._sessions = sessions
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="redshift")
        self._running: dict[str, Session] = {}
        self._cancelled: set[str] = set()
        self._changed = threading.Condition()

    def submit(
        self, record: StatementRecord, warehouse: Warehouse, user: DatabaseUser, kept: KeptSession | None
    ) -> None:
        self._store.save(record)
        self._threads.submit(self._run, record, warehouse, user, kept)

    def cancel(self, record: StatementRecord) -> bool:
        """Ask a statement to stop; False = it ended already."""
        with self._changed:
            if not record.active:
                return False
            self._cancelled.add(record.id)
            session = self._running.get(record.id)
            if session is not None:
                session.request_cancel()
                threading.Thread(target=self._keep_cancelling, args=(record.id, session), daemon=True).start()
        return True

    def _keep_cancelling(self, statement_id: str, session: Session) -> None:
        while statement_id in self._running:
            session.send_cancel()
            time.sleep(_CANCEL_PAUSE_SECONDS)

    def wait(self, record: StatementRecord, seconds: float) -> None:
        """Wait until the statement ends, at most so long."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: not record.active, timeout=max(0.0, deadline - time.monotonic()))

    def _run(self, record: StatementRecord, warehouse: Warehouse, user: DatabaseUser, kept: KeptSession | None) -> None:
        started = time.monotonic()
        session: Session | None = None
        status, error = "FAILED", None
        try:
            record.set_status("PICKED")
            session = self._open(record, warehouse, user, kept)
            record.set_status("STARTED")
            self._store.save(record)
            self._execute(session, record)
            status = "FINISHED"
        except StatementCancelled:
            status = "ABORTED"
        except RedshiftError as failure:
            error = failure.text
        except psycopg.Error as failure:
            error = from_postgres(failure).text
        except Exception as failure:  # a statement must end, whatever happens
            error = f"ERROR: internal error of the local Redshift: {type(failure).__name__}: {failure}"
        finally:
            self._finish(record, session, kept, status, error, int((time.monotonic() - started) * 1e9))

    def _open(
        self, record: StatementRecord, warehouse: Warehouse, user: DatabaseUser, kept: KeptSession | None
    ) -> Session:
        database = str(record.target.get("Database") or warehouse.default_database)
        session = kept.connection if kept is not None else None
        if session is None or session.connection.closed:
            session = Session(self._databases, self._settings, warehouse, database, user)
        if kept is not None:
            kept.connection = session
        record.process_id = session.process_id
        with self._changed:
            self._running[record.id] = session
            if record.id in self._cancelled:
                raise StatementCancelled
        return session

    def _execute(self, session: Session, record: StatementRecord) -> None:
        parameters = {item["name"]: item["value"] for item in record.parameters}
        if not record.batch:
            self._execute_one(session, record, record.sql, parameters)
            return
        transaction = record.execution_mode == "TRANSACTION"
        if transaction:
            session.execute("BEGIN")
        for number, sub in enumerate(record.subs, 1):
            begun = time.monotonic()
            sub.set_status("STARTED")
            try:
                self._execute_one(session, sub, sub.sql, parameters)
            except StatementCancelled:
                sub.set_status("ABORTED")
                raise
            except RedshiftError as failure:
                sub.error = failure.text
                sub.set_status("FAILED")
                raise _BatchFailed(number, failure) from failure
            finally:
                sub.duration = int((time.monotonic() - begun) * 1e9)
            sub.set_status("FINISHED")
            self._store.save(record)
        if transaction:
            session.execute("COMMIT")

    def _execute_one(self, session: Session, execution: Execution, sql: str, parameters: Mapping[str, str]) -> None:
        def consume(outcome: Outcome) -> int:
            if outcome.rows is None:
                execution.rows, execution.size = outcome.affected, 0
                return -1
            execution.columns = column_metadata(outcome.columns)
            execution.rows, execution.size = write_result(self._store.result_path(execution.id), outcome.rows)
            execution.has_result = True
            return execution.rows

        session.run(bind(sql, parameters), consume)
        execution.query_id = session.query_id

    def _finish(
        self, record: StatementRecord, session: Session | None, kept: KeptSession | None, status: str,
        error: str | None, duration: int,
    ) -> None:  # fmt: skip
        with self._changed:
            self._running.pop(record.id, None)
        if session is not None:
            session.forget_cancel()
            self._end_transaction(session, kept, status)
        for sub in record.subs:
            if sub.status in ("SUBMITTED", "STARTED"):
                sub.set_status("ABORTED")
        if kept is not None:
            self._sessions.give_back(kept)
        record.duration, record.error = duration, error
        with self._changed:
            self._cancelled.discard(record.id)
            record.set_status(status)
            self._store.save(record)
            self._changed.notify_all()

    def _end_transaction(self, session: Session, kept: KeptSession | None, status: str) -> None:
        """Close the connection; a kept one loses its transaction only if the statement failed."""
        if kept is None or session.connection.closed:
            session.close()
            return
        if status != "FINISHED" and session.in_transaction:
            try:
                session.execute("ROLLBACK")
            except psycopg.Error:
                session.close()  # the next statement of the session opens a new connection


class _BatchFailed(RedshiftError):
    def __init__(self, number: int, failure: RedshiftError) -> None:
        super().__init__(failure.text)
        self.text = f"Query #{number} failed with {failure.text}"
