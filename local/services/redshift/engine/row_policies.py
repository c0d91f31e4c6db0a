"""Row-level security: Redshift's policies become PostgreSQL's."""

from __future__ import annotations

import re

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation import to_postgres
from local.services.redshift.translation.names import NAME_PATTERN, quoted, table_name

_TARGET = (
    rf"\s+(?P<name>\w+)\s+ON\s+(?:TABLE\s+)?(?P<table>{NAME_PATTERN})"
    r"\s+(?:TO|FROM)\s+(?:ROLE\s+)?(?P<grantee>\"[^\"]+\"|[\w:-]+)"
)


def create_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        r"CREATE\s+RLS\s+POLICY\s+(?P<name>\w+)(?:\s+WITH\s*\(.*?\)(?:\s+AS\s+\w+)?)?\s+USING\s*\((?P<expression>.*)\)",
        "CREATE RLS POLICY",
    )
    expression = re.sub(r"(?i)^select\s+", "", to_postgres(f"SELECT {found['expression']}"), count=1)
    session.execute("SELECT redshift_create_row_policy(%s, %s)", (found["name"].lower(), expression))
    return Outcome()


def attach_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"ATTACH\s+RLS\s+POLICY" + _TARGET, "ATTACH RLS POLICY")
    row = session.execute(
        "SELECT expression FROM redshift_meta.row_policies WHERE policy = %s", (found["name"].lower(),)
    ).fetchone()
    if row is None:
        raise RedshiftError(f'RLS policy "{found["name"]}" does not exist')
    grantee = found["grantee"].strip('"').lower()
    name = quoted(f"{found['name'].lower()}:{grantee}")
    to = "PUBLIC" if grantee == "public" else quoted(grantee)
    session.execute(f"CREATE POLICY {name} ON {table_name(found['table']).sql} FOR SELECT TO {to} USING ({row[0]})")
    return Outcome()


def detach_policy(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"DETACH\s+RLS\s+POLICY" + _TARGET, "DETACH RLS POLICY")
    grantee = found["grantee"].strip('"').lower()
    name = quoted(f"{found['name'].lower()}:{grantee}")
    session.execute(f"DROP POLICY {name} ON {table_name(found['table']).sql}")
    return Outcome()
