"""VACUUM and ANALYZE."""

from __future__ import annotations

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation.names import NAME_PATTERN, table_name


def vacuum(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        r"VACUUM(?:\s+(?:FULL|SORT\s+ONLY|DELETE\s+ONLY|REINDEX|RECLUSTER)\b)?"
        rf"(?:\s+(?P<table>{NAME_PATTERN}))?(?:\s+TO\s+\d+\s+PERCENT)?(?:\s+BOOST)?",
        "VACUUM",
    )
    if session.in_transaction:
        raise RedshiftError("VACUUM cannot run inside a transaction block")
    session.execute(f"VACUUM {_table(session, found['table'])}")
    return Outcome()


def analyze(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        rf"ANALYZE(?:\s+VERBOSE)?(?:\s+(?P<table>{NAME_PATTERN}))?(?:\s*\([^)]*\))?(?:\s+(?:PREDICATE|ALL)\s+COLUMNS)?",
        "ANALYZE",
    )
    session.execute(f"ANALYZE {_table(session, found['table'])}")
    return Outcome()


def analyze_compression(session: Session, statement: Statement) -> Outcome:
    """The columns of the table; the estimate is constant, nothing is compressed here."""
    found = statement.match(
        rf"ANALYZE\s+COMPRESSION\s+(?P<table>{NAME_PATTERN})(?:\s*\([^)]*\))?(?:\s+COMPROWS\s+\d+)?",
        "ANALYZE COMPRESSION",
    )
    name = table_name(found["table"])
    relation = session.require_relation(name)
    cursor = session.execute(
        "SELECT %s AS table, attname::text AS column, 'az64' AS encoding, 0.0 AS est_reduction_pct FROM pg_attribute"
        " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (name.name, relation),
    )
    return Outcome(columns=cursor.description or (), rows=iter(cursor))


def _table(session: Session, text: str | None) -> str:
    if not text:
        return ""
    name = table_name(text)
    session.require_relation(name)
    return name.sql
