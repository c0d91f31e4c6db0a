"""Views; those WITH NO SCHEMA BINDING are stored as text and expanded when they are read.

In PostgreSQL such a view is an object without columns, so that rights, owner, DROP and rename are PostgreSQL's own.
"""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.translation import parse
from local.services.redshift.translation.clauses import take_clauses
from local.services.redshift.translation.names import NAME_PATTERN, table_name


def create_view(session: Session, statement: Statement) -> Outcome:
    from local.services.redshift.engine.queries import translate  # reading a view may need another view

    text, attributes = take_clauses(statement.text)
    found = re.match(
        rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<name>{NAME_PATTERN})\s*(?P<columns>\([^)]*\))?\s*AS\s+(?P<query>.+)\Z",
        text,
        re.IGNORECASE | re.DOTALL,
    )
    if found is None:
        raise RedshiftError("syntax error in CREATE VIEW")
    name, query = table_name(found["name"]), found["query"].strip()
    create = "CREATE OR REPLACE VIEW" if found["replace"] else "CREATE VIEW"
    if not attributes.late_binding:
        session.execute(f"{create} {name.sql} {found['columns'] or ''} AS {translate(session, query)}")
        return Outcome()
    parse(query)  # a syntax error is found now, a missing table when the view is read
    with session.atomic():
        session.execute(f"{create} {name.sql} AS SELECT")
        session.execute("SELECT redshift_set_late_binding_view(%s, %s)", (session.require_relation(name), query))
    return Outcome()


def all_queries(session: Session) -> dict[int, str]:
    rows = session.execute("SELECT relation, query FROM redshift_meta.late_binding_views").fetchall()
    return {int(relation): query for relation, query in rows}


def query_of(session: Session, relation: int, query: str) -> exp.Expr:
    """The view's query, if the user may read the view.

    :raises RedshiftError: permission denied
    """
    row = session.execute(
        "SELECT has_table_privilege(oid, 'SELECT'), relname FROM pg_class WHERE oid = %s", (relation,)
    ).fetchone()
    if row is None or not row[0]:
        raise RedshiftError(f"permission denied for relation {row[1] if row else relation}")
    return parse(query)
