"""SELECT, INSERT, UPDATE, DELETE, MERGE, EXPLAIN."""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.redshift import linter
from local.services.redshift.engine.expansion import expand
from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation import parse, to_postgres
from local.services.redshift.translation.names import NAME_PATTERN, table_name


def translate(session: Session, sql: str) -> str:
    """Check one query and give its PostgreSQL text.

    :raises RedshiftError: Redshift would refuse it
    """
    tree = parse(sql)
    if isinstance(tree, exp.Command):
        raise RedshiftError(f'syntax error at or near "{sql.split()[0]}"')
    linter.check_tree(tree, sql)
    expand(session, tree)
    return to_postgres(tree, session)


def query(session: Session, statement: Statement) -> Outcome:
    """Run a statement that the parser reads."""
    text = translate(session, statement.text)
    if statement.words[:1] in (("SELECT",), ("WITH",)):
        if re.search(r"\bINTO\b", text[:2000]) and " INTO " in text.upper():
            return _affected(session, text)
        columns, rows = session.stream(text)
        return Outcome(columns=columns, rows=rows, kind="SELECT")
    return _affected(session, text)


def _affected(session: Session, postgres_sql: str) -> Outcome:
    cursor = session.execute(postgres_sql)
    if cursor.description:
        return Outcome(columns=cursor.description, rows=iter(cursor), kind="SELECT")
    return Outcome(affected=cursor.rowcount)


def verbatim(session: Session, statement: Statement) -> Outcome:
    """Run a statement that PostgreSQL reads as Redshift does."""
    return _affected(session, statement.text)


def explain(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"EXPLAIN\s+(?:VERBOSE\s+)?(?P<query>.+)", "EXPLAIN")
    return _affected(session, f"EXPLAIN {translate(session, found['query'])}")


def merge(session: Session, statement: Statement) -> Outcome:
    """MERGE, and its short form REMOVE DUPLICATES: delete what matches, insert the distinct source rows."""
    short = re.match(
        rf"MERGE\s+INTO\s+(?P<target>{NAME_PATTERN})\s+USING\s+(?P<source>{NAME_PATTERN})"
        r"(?P<alias>\s+(?:AS\s+)?(?!ON\b)\w+)?\s+ON\s+(?P<condition>.+?)\s+REMOVE\s+DUPLICATES\s*\Z",
        statement.text,
        re.IGNORECASE | re.DOTALL,
    )
    if short is None:
        return query(session, statement)
    target, source = table_name(short["target"]), table_name(short["source"])
    alias = short["alias"] or ""
    with session.atomic():
        delete = f"DELETE FROM {short['target']} USING {short['source']}{alias} WHERE {short['condition']}"
        session.execute(translate(session, delete))
        cursor = session.execute(f"INSERT INTO {target.sql} SELECT DISTINCT * FROM {source.sql}")
        return Outcome(affected=cursor.rowcount)
