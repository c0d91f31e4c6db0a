"""ALTER TABLE."""

from __future__ import annotations

import json
import re
from typing import Any

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation import to_postgres
from local.services.redshift.translation.names import NAME_PATTERN, TableName, column_names, quoted, table_name

_VARCHAR = re.compile(
    r"ALTER\s+COLUMN\s+(?:\"[^\"]+\"|\w+)\s+TYPE\s+"
    r"(?:VARCHAR|CHARACTER\s+VARYING|NVARCHAR)\s*\(\s*(?:\d+|MAX)\s*\)\s*\Z",
    re.IGNORECASE,
)


def alter_table(session: Session, statement: Statement) -> Outcome:
    found = statement.match(rf"ALTER\s+TABLE\s+(?P<table>{NAME_PATTERN})\s+(?P<action>.+)", "ALTER TABLE")
    table, action = table_name(found["table"]), " ".join(found["action"].split())
    upper = action.upper()
    if upper.startswith("APPEND"):
        return _append(session, table, action)
    if upper.startswith("ROW LEVEL SECURITY"):
        return _row_level_security(session, table, upper)
    attributes = _changed_attributes(action)
    if attributes is not None:
        relation = session.require_relation(table)
        session.execute("SELECT redshift_set_table(%s, %s)", (relation, json.dumps(attributes)))
        return Outcome()
    if re.match(r"(ADD|DROP) (CONSTRAINT \S+ )?(PRIMARY|UNIQUE|FOREIGN)\b", upper):
        return _add_key(session, table, action)
    if upper.startswith("DROP CONSTRAINT"):
        raise RedshiftError("DROP CONSTRAINT is not supported by the local Redshift: keys are information only")
    if re.match(r"ALTER COLUMN \S+ TYPE ", upper):
        varchar = _VARCHAR.match(action)
        if varchar is None:
            raise RedshiftError("target data type is not supported: only the length of a VARCHAR can be altered")
        session.execute(to_postgres(f"ALTER TABLE {table.sql} {action}"))
        return Outcome()
    if upper.startswith("ADD"):
        column = re.sub(r"\bENCODE\s+\w+", "", action, flags=re.IGNORECASE)
        session.execute(to_postgres(f"ALTER TABLE {table.sql} {column}"))
        return Outcome()
    session.execute(f"ALTER TABLE {table.sql} {action}")
    return Outcome()


def _changed_attributes(action: str) -> dict[str, Any] | None:
    """Read ALTER DISTSTYLE, DISTKEY, SORTKEY and ENCODE; None = something else."""
    found = re.match(r"ALTER DISTSTYLE (\w+)(?: DISTKEY \(?\s*([\w\"]+)\s*\)?)?\Z", action, re.IGNORECASE)
    if found:
        return {"diststyle": found[1].upper(), "distkey": found[2] and found[2].strip('"').lower()}
    found = re.match(r"ALTER DISTKEY \(?\s*([\w\"]+)\s*\)?\Z", action, re.IGNORECASE)
    if found:
        return {"diststyle": "KEY", "distkey": found[1].strip('"').lower()}
    found = re.match(r"ALTER (?:COMPOUND )?SORTKEY ?(\(.*\)|NONE|AUTO)\Z", action, re.IGNORECASE)
    if found:
        keys = column_names(found[1]) if found[1].startswith("(") else []
        return {"sortkeys": keys, "sortstyle": "compound" if keys else found[1].lower()}
    if re.match(r"ALTER ENCODE AUTO\Z", action, re.IGNORECASE):
        return {}
    encodings = re.findall(r"ALTER COLUMN ([\w\"]+) ENCODE (\w+)", action, re.IGNORECASE)
    changed = {name.strip('"').lower(): encoding.lower() for name, encoding in encodings}
    return {"encodings": changed} if changed else None


def _add_key(session: Session, table: TableName, action: str) -> Outcome:
    """Keys are recorded, not enforced."""
    found = re.match(r"ADD (?:CONSTRAINT \S+ )?(PRIMARY KEY|UNIQUE|FOREIGN KEY) ?\(([^)]*)\)", action, re.IGNORECASE)
    if found is None:
        raise RedshiftError(f"syntax error in ALTER TABLE at {action[:60]!r}")
    names = column_names(found[2])
    known = {column.name for column in session.table_columns(table)}
    for name in names:
        if name not in known:
            raise RedshiftError(f'column "{name}" named in key does not exist')
    key = {"PRIMARY KEY": "primary_key", "UNIQUE": "uniques"}.get(found[1].upper())
    if key:
        value = names if key == "primary_key" else [names]
        relation = session.require_relation(table)
        session.execute("SELECT redshift_set_table(%s, %s)", (relation, json.dumps({key: value})))
    return Outcome()


def _append(session: Session, target: TableName, action: str) -> Outcome:
    """ALTER TABLE APPEND moves all rows of another table (dg/r_ALTER_TABLE_APPEND)."""
    found = re.match(rf"APPEND FROM (?P<source>{NAME_PATTERN})(?P<options>.*)\Z", action, re.IGNORECASE)
    if found is None:
        raise RedshiftError("syntax error in ALTER TABLE APPEND")
    if session.in_transaction:
        raise RedshiftError("ALTER TABLE APPEND cannot run inside a transaction block")
    source, options = table_name(found["source"]), found["options"].upper()
    session.require_relation(source)
    session.require_relation(target)
    taken = [column.name for column in session.table_columns(source)]
    given = [column.name for column in session.table_columns(target)]
    missing, extra = sorted(set(given) - set(taken)), sorted(set(taken) - set(given))
    if missing and "FILLTARGET" not in options:
        raise RedshiftError(f"columns of the target table are missing in the source: {missing}; use FILLTARGET")
    if extra and "IGNOREEXTRA" not in options:
        raise RedshiftError(f"the source has columns that the target lacks: {extra}; use IGNOREEXTRA")
    names = ", ".join(quoted(name) for name in given if name in taken)
    with session.atomic():
        cursor = session.execute(f"INSERT INTO {target.sql} ({names}) SELECT {names} FROM {source.sql}")
        session.execute(f"TRUNCATE {source.sql}")
    return Outcome(affected=cursor.rowcount)


def _row_level_security(session: Session, table: TableName, action: str) -> Outcome:
    switch = "ENABLE" if re.match(r"ROW LEVEL SECURITY ON\b", action) else "DISABLE"
    session.execute(f"ALTER TABLE {table.sql} {switch} ROW LEVEL SECURITY")
    return Outcome()
