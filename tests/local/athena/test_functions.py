"""Functions and query shapes: Trino's results from the engine that runs Athena's queries."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from local.services.athena.access import Authorizer
from local.services.athena.errors import QueryFailed, engine_failure
from local.services.athena.governance import compile_query
from local.services.athena.session import QuerySession
from tests.local.athena.function_cases import EVERYDAY, KNOWN_DIFFERENCES, QUERIES, SCALARS, VALUES


@pytest.fixture(scope="module")
def session() -> QuerySession:
    """A query's surroundings without tables: no catalog, no S3, nothing to grant."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET default_null_order='nulls_last'")
    nothing: Any = SimpleNamespace()
    return QuerySession(
        connection=connection,
        rights=nothing,
        storage=nothing,
        catalog=nothing,
        authorizer=Authorizer(nothing, ""),
        database="default",
        workgroup="primary",
        execution_id="test",
        output_location="s3://nowhere/",
        iceberg=lambda: None,
        prepared=nothing,
    )


def rows_of(session: QuerySession, sql: str) -> list[tuple[Any, ...]]:
    """:raises QueryFailed: as the user would see it."""
    try:
        return session.execute(compile_query(session, sql.replace("{VALUES}", VALUES)).sql).fetchall()
    except duckdb.Error as error:
        failure = engine_failure(error)
        assert isinstance(failure, QueryFailed)
        raise failure from error


_CASES = [(f"select {sql}", [(value,)], sql) for sql, value in SCALARS] + [(sql, rows, sql) for sql, rows in QUERIES]


def test_the_table_is_complete() -> None:
    assert len(_CASES) == 283
    assert {case[2] for case in _CASES} >= KNOWN_DIFFERENCES.keys()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [(sql, rows) for sql, rows, key in _CASES if key not in KNOWN_DIFFERENCES],
    ids=[key[:80] for _, _, key in _CASES if key not in KNOWN_DIFFERENCES],
)
def test_trino_result(session: QuerySession, sql: str, expected: list[tuple[Any, ...]] | None) -> None:
    rows = rows_of(session, sql)
    assert expected is None or same(rows, expected), rows


@pytest.mark.parametrize(("sql", "expected"), EVERYDAY, ids=[sql[:80] for sql, _ in EVERYDAY])
def test_everyday_queries(session: QuerySession, sql: str, expected: list[tuple[Any, ...]]) -> None:
    rows = rows_of(session, sql)
    assert same(rows, expected), rows


@pytest.mark.parametrize(
    ("sql", "code"),
    [(sql, KNOWN_DIFFERENCES[key][0]) for sql, _, key in _CASES if key in KNOWN_DIFFERENCES],
    ids=[key[:80] for _, _, key in _CASES if key in KNOWN_DIFFERENCES],
)
def test_known_difference_is_refused_loudly(session: QuerySession, sql: str, code: str) -> None:
    with pytest.raises(QueryFailed) as refused:
        rows_of(session, sql)
    assert refused.value.code == code


def same(got: Any, wanted: Any) -> bool:
    """Equal values: integers are no doubles, dates are no timestamps, sets have no order."""
    if isinstance(wanted, set):
        return isinstance(got, list) and {_plain(value) for value in got} == {_plain(value) for value in wanted}
    if isinstance(wanted, (list, tuple)):
        got = list(got.values()) if isinstance(got, dict) else got
        return isinstance(got, (list, tuple)) and len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict) and got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, (bool, datetime, date)) or wanted is None:
        return type(_plain(got)) is type(wanted) and _plain(got) == wanted
    if isinstance(wanted, int):
        return isinstance(got, (int, Decimal)) and not isinstance(got, bool) and got == wanted
    if isinstance(wanted, (float, Decimal)):
        return isinstance(got, (int, float, Decimal)) and math.isclose(float(got), float(wanted), abs_tol=1e-9)
    return bool(got == wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
