"""CREATE EXTERNAL SCHEMA over a Glue database."""

from __future__ import annotations

import re

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation.names import quoted, table_name


def create_external_schema(session: Session, statement: Statement) -> Outcome:
    found = statement.match(
        r"CREATE\s+EXTERNAL\s+SCHEMA\s+(?P<guard>IF\s+NOT\s+EXISTS\s+)?(?P<name>\"[^\"]+\"|\w+)\s+FROM\s+DATA\s+CATALOG\s+"
        r"DATABASE\s+'(?P<database>[^']+)'(?:\s+REGION\s+'[^']+')?\s+IAM_ROLE\s+(?P<role>default|'[^']+')"
        r"(?P<rest>(?:\s+CREATE\s+EXTERNAL\s+DATABASE\s+IF\s+NOT\s+EXISTS)?)",
        "CREATE EXTERNAL SCHEMA (only FROM DATA CATALOG is supported by the local Redshift)",
    )
    name = table_name(found["name"]).name
    if found["rest"].strip():
        raise RedshiftError("CREATE EXTERNAL DATABASE is not supported by the local Redshift: create it in Glue")
    exists = session.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)).fetchone()
    if exists and found["guard"]:
        return Outcome()
    role = re.sub(r"^default$", "", found["role"].strip("'"), flags=re.IGNORECASE)
    with session.atomic():
        session.execute(f"CREATE SCHEMA {quoted(name)}")
        session.execute("SELECT redshift_set_external_schema(%s, %s, %s)", (name, found["database"], role))
    return Outcome()


def refuse_external_table(session: Session, statement: Statement) -> Outcome:
    raise RedshiftError("CREATE EXTERNAL TABLE is not supported by the local Redshift: create the table in Glue")
