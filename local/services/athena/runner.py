"""Runs queued queries: a few at a time, each in a database of its own, to a result in S3."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import duckdb

from local.errors import AwsError
from local.identity import Caller
from local.services.athena.access import AccessControl, Authorizer
from local.services.athena.catalog import Catalog
from local.services.athena.duckdb_pool import ConnectionPool
from local.services.athena.errors import PermissionDenied, QueryCancelled, QueryFailed, engine_failure
from local.services.athena.executions import CANCELLED, FAILED, SUCCEEDED, QueryExecution
from local.services.athena.forward_access import ForwardAccess
from local.services.athena.results import column_info, write_result
from local.services.athena.session import PreparedStatements, QuerySession
from local.services.athena.statements import run_statement
from local.services.athena.storage import Storage

log = logging.getLogger(__name__)

# Athena queues what exceeds the account's limit; on a laptop more at once only makes each slower.
CONCURRENT_QUERIES = 2
_INTERRUPT_SECONDS = 0.1


@dataclass(frozen=True)
class EngineServices:
    """What queries need from outside.

    :param rights_of: what a caller may reach.
    :param catalog_for: the Data Catalog as one caller may read and change it.
    :param iceberg_for: the pyiceberg catalog as a principal (by name) may.
    """

    pool: ConnectionPool
    access: AccessControl
    rights_of: Callable[[Caller], ForwardAccess]
    catalog_for: Callable[[Caller, ForwardAccess], Catalog]
    iceberg_for: Callable[[str], Any]


class QueryRunner:
    """:param finished: called after each query, from its thread."""

    def __init__(
        self, services: EngineServices, finished: Callable[[], None], concurrency: int = CONCURRENT_QUERIES
    ) -> None:
        self._services = services
        self._finished = finished
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="athena-query")
        self._running: dict[str, duckdb.DuckDBPyConnection] = {}
        self._lock = threading.Lock()

    def submit(self, execution: QueryExecution, prepared: PreparedStatements) -> None:
        self._threads.submit(self._run, execution, prepared)

    def stop(self, execution: QueryExecution) -> None:
        """Cancel a query, whether it waits or runs."""
        execution.finish(CANCELLED, "Query cancelled by user")
        threading.Thread(target=self._interrupt_until_ended, args=(execution.id,), daemon=True).start()

    def _interrupt_until_ended(self, execution_id: str) -> None:
        """DuckDB forgets an interrupt that comes between two statements, so it is repeated until the query is gone."""
        while True:
            with self._lock:
                connection = self._running.get(execution_id)
                if connection is None:
                    return
                connection.interrupt()
            time.sleep(_INTERRUPT_SECONDS)

    def close(self) -> None:
        """Interrupt what runs and take no more queries."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for connection in self._running.values():
                connection.interrupt()
        self._services.pool.close()

    def _run(self, execution: QueryExecution, prepared: PreparedStatements) -> None:
        if not execution.start():
            return
        try:
            self._execute(execution, prepared)
        except QueryCancelled as cancelled:
            execution.finish(CANCELLED, cancelled.reason)
        except QueryFailed as error:
            execution.finish(FAILED, error.reason, error)
        except duckdb.Error as error:
            self._finish_engine_error(execution, error)
        except AwsError as error:
            denied = PermissionDenied(error.message)
            execution.finish(FAILED, denied.reason, denied)
        except Exception as error:  # the query fails, the service goes on
            log.exception("query %s failed: %s", execution.id, execution.query)
            failure = QueryFailed("GENERIC_INTERNAL_ERROR", f"{type(error).__name__}: {error}")
            execution.finish(FAILED, failure.reason, failure)
        self._finished()

    def _finish_engine_error(self, execution: QueryExecution, error: duckdb.Error) -> None:
        failure = engine_failure(error)
        if isinstance(failure, QueryCancelled):
            execution.finish(CANCELLED, failure.reason)
        else:
            execution.finish(FAILED, failure.reason, failure)

    def _execute(self, execution: QueryExecution, prepared: PreparedStatements) -> None:
        connection = self._services.pool.take()
        with self._lock:
            self._running[execution.id] = connection
        session: QuerySession | None = None
        try:
            session = self._session(execution, prepared, connection)
            if execution.state == CANCELLED:
                return
            result = run_statement(session, execution.query, execution.parameters)
            execution.substatement = result.substatement
            written = write_result(session.storage, execution.output_base, result)
            if result.measured_after_rows:
                session.count_bytes()
                session.before_commit()
            execution.kind, execution.output_location = result.kind, written.uri
            execution.columns, execution.has_header = column_info(result.columns), result.has_header
            execution.update_count, execution.scanned = result.update_count, session.scanned
            execution.finish(SUCCEEDED)
        finally:
            execution.scanned = session.scanned if session is not None else 0
            with self._lock:
                del self._running[execution.id]
            connection.close()

    def _session(
        self, execution: QueryExecution, prepared: PreparedStatements, connection: duckdb.DuckDBPyConnection
    ) -> QuerySession:
        services = self._services
        caller = execution.caller
        rights = services.rights_of(caller)
        rights.open(connection)
        return QuerySession(
            connection=connection,
            rights=rights,
            storage=Storage(rights),
            catalog=services.catalog_for(caller, rights),
            authorizer=Authorizer(services.access, execution.caller_arn),
            database=execution.database,
            workgroup=execution.workgroup,
            execution_id=execution.id,
            output_location=execution.output_base.rsplit("/", 1)[0],
            iceberg=lambda: services.iceberg_for(execution.caller_name),
            prepared=prepared,
            is_cancelled=lambda: execution.state == CANCELLED,
            output_enforced=execution.output_enforced,
            scan_limit=execution.scan_limit,
        )
