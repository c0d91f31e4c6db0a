"""CREATE VIEW."""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.athena.catalog import Column
from local.services.athena.errors import QueryFailed
from local.services.athena.governance import compile_query
from local.services.athena.guard import parse_statement
from local.services.athena.hive_types import hive_type
from local.services.athena.references import qualified_name
from local.services.athena.session import QuerySession
from local.services.athena.statements.result import DDL, StatementResult, done
from local.services.athena.views import view_input

_BODY = re.compile(r"\bAS\b\s*(?P<query>(?:SELECT|WITH|VALUES|\().*)$", re.I | re.S)


def create_view(session: QuerySession, sql: str) -> StatementResult:
    """The query is compiled with its author's rights: a view over a table one may not read cannot be made."""
    statement = parse_statement(sql)
    found = _BODY.search(sql)
    if not isinstance(statement, exp.Create) or found is None:
        raise QueryFailed("SYNTAX_ERROR", "line 1:1: CREATE VIEW needs AS SELECT ...")
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    database, name = qualified_name(target, session.database)
    if session.catalog.database(database) is None:
        raise QueryFailed("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    session.authorizer.require("CREATE_TABLE", database)
    query = found["query"]
    compiled = compile_query(session, query)
    session.harden(compiled.folders)
    columns = [Column(column.lower(), hive_type(kind)) for column, kind in session.result_types(compiled.sql)]
    definition = view_input(name, query, columns, session.database)
    existing = session.catalog.table(database, name)
    if existing is None:
        session.catalog.create_table(database, definition)
    elif not existing.is_view or not statement.args.get("replace"):
        raise QueryFailed(
            "TABLE_ALREADY_EXISTS",
            f"line 1:1: {'View' if existing.is_view else 'Table'} already exists: {database}.{name}",
        )
    else:
        session.authorizer.require("ALTER", database, name)
        session.catalog.update_table(database, definition)
    return done(DDL, "CREATE_VIEW")
