"""SELECT and EXPLAIN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import duckdb

from local.services.athena.errors import PermissionDenied
from local.services.athena.governance import compile_query
from local.services.athena.hive_types import hive_type
from local.services.athena.session import QuerySession
from local.services.athena.statements.result import DML, UTILITY, StatementResult

_EXPLAIN = re.compile(r"^EXPLAIN\s+(?P<analyze>ANALYZE\s+)?(?:(?:VERBOSE|\([^)]*\))\s+)?", re.I)
_FETCH = 10_000


def select(session: QuerySession, sql: str) -> StatementResult:
    compiled = compile_query(session, sql)
    session.harden(compiled.folders)
    cursor = session.execute(compiled.sql)
    columns = [
        (compiled.names.get(name.lower(), name), hive_type(str(kind))) for name, kind, *_ in cursor.description or ()
    ]
    return StatementResult(DML, "SELECT", columns, _rows(cursor), has_header=True, measured_after_rows=True)


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := cursor.fetchmany(_FETCH):
        yield from batch


def explain(session: QuerySession, sql: str) -> StatementResult:
    """:raises PermissionDenied: the plan would show a row filter or hidden columns."""
    found = _EXPLAIN.match(sql)
    assert found is not None
    compiled = compile_query(session, sql[found.end() :])
    if compiled.restricted:
        raise PermissionDenied("EXPLAIN is not supported on tables whose columns or rows Lake Formation hides from you")
    session.harden(compiled.folders)
    plan = session.execute(("EXPLAIN ANALYZE " if found["analyze"] else "EXPLAIN ") + compiled.sql).fetchall()
    text = "\n".join(row[1] for row in plan)
    rows = [(line,) for line in text.split("\n")]
    return StatementResult(UTILITY, "EXPLAIN", [("Query Plan", "string")], rows, has_header=True)
