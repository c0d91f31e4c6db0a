"""Which handler executes a statement: decided by its first words."""

from __future__ import annotations

from collections.abc import Callable

from local.services.redshift import linter
from local.services.redshift.copy import load
from local.services.redshift.engine import (
    alterations,
    definitions,
    external_schemas,
    late_binding_views,
    maintenance,
    masking,
    materialized_views,
    permissions,
    queries,
    row_policies,
    session_settings,
    transactions,
)
from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement, read_statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.unload import unload

Handler = Callable[[Session, Statement], Outcome]

_HANDLERS: dict[tuple[str, ...], Handler] = {
    ("COPY",): load.copy,
    ("UNLOAD",): unload,
    ("VACUUM",): maintenance.vacuum,
    ("ANALYZE",): maintenance.analyze,
    ("ANALYZE", "COMPRESSION"): maintenance.analyze_compression,
    ("CREATE", "TABLE"): definitions.create_table,
    ("CREATE", "VIEW"): late_binding_views.create_view,
    ("CREATE", "MATERIALIZED"): materialized_views.create,
    ("REFRESH", "MATERIALIZED"): materialized_views.refresh,
    ("ALTER", "MATERIALIZED"): materialized_views.alter,
    ("ALTER", "TABLE"): alterations.alter_table,
    ("CREATE", "SCHEMA"): definitions.create_schema,
    ("CREATE", "DATABASE"): definitions.create_database,
    ("DROP", "DATABASE"): definitions.drop_database,
    ("CREATE", "EXTERNAL", "SCHEMA"): external_schemas.create_external_schema,
    ("CREATE", "EXTERNAL", "TABLE"): external_schemas.refuse_external_table,
    ("CREATE", "PROCEDURE"): definitions.create_routine,
    ("CREATE", "FUNCTION"): definitions.create_routine,
    ("CREATE", "MASKING", "POLICY"): masking.create_policy,
    ("DROP", "MASKING", "POLICY"): masking.drop_policy,
    ("ATTACH", "MASKING", "POLICY"): masking.attach_policy,
    ("DETACH", "MASKING", "POLICY"): masking.detach_policy,
    ("CREATE", "RLS", "POLICY"): row_policies.create_policy,
    ("ATTACH", "RLS", "POLICY"): row_policies.attach_policy,
    ("DETACH", "RLS", "POLICY"): row_policies.detach_policy,
    ("GRANT",): permissions.grant_or_revoke,
    ("REVOKE",): permissions.grant_or_revoke,
    ("ALTER", "DEFAULT", "PRIVILEGES"): permissions.grant_or_revoke,
    ("CREATE", "USER"): permissions.create_user,
    ("ALTER", "USER"): permissions.alter_user,
    ("CREATE", "ROLE"): permissions.create_or_drop_role,
    ("CREATE", "GROUP"): permissions.create_or_drop_role,
    ("DROP", "ROLE"): permissions.create_or_drop_role,
    ("DROP", "USER"): permissions.create_or_drop_role,
    ("DROP", "GROUP"): permissions.create_or_drop_role,
    ("SET",): session_settings.set_parameter,
    ("RESET",): session_settings.reset_parameter,
    ("SHOW",): session_settings.show,
    ("BEGIN",): transactions.control,
    ("START",): transactions.control,
    ("COMMIT",): transactions.control,
    ("END",): transactions.control,
    ("ROLLBACK",): transactions.control,
    ("ABORT",): transactions.control,
    ("LOCK",): transactions.lock,
    ("CANCEL",): transactions.cancel,
    ("MERGE",): queries.merge,
    ("CALL",): queries.verbatim,
    ("COMMENT",): queries.verbatim,
    ("EXPLAIN",): queries.explain,
    ("DROP",): definitions.drop,
    ("ALTER",): queries.verbatim,
    ("TRUNCATE",): queries.verbatim,
    ("DECLARE",): queries.verbatim,
    ("FETCH",): queries.verbatim,
    ("CLOSE",): queries.verbatim,
    ("PREPARE",): queries.verbatim,
    ("EXECUTE",): queries.verbatim,
    ("DEALLOCATE",): queries.verbatim,
}
_QUERY_WORDS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"})


def execute(session: Session, sql: str) -> Outcome:
    """Execute one statement.

    :raises RedshiftError: it fails, or Redshift would not know it
    """
    statement = read_statement(sql)
    linter.check_text(statement.text)
    for length in (3, 2, 1):
        handler = _HANDLERS.get(statement.words[:length])
        if handler is not None:
            return handler(session, statement)
    if statement.words[:1] and statement.words[0] not in _QUERY_WORDS and not statement.text.startswith("("):
        raise RedshiftError(f'syntax error at or near "{statement.text.split()[0]}"')
    return queries.query(session, statement)


def kind_of(sql: str) -> str:
    """The query type of SYS_QUERY_HISTORY."""
    try:
        words = read_statement(sql).words
    except RedshiftError:
        return "OTHER"
    first = words[0] if words else "OTHER"
    if first in ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TRUNCATE", "COMMENT"):
        return "DDL"
    if first in _QUERY_WORDS:
        return "SELECT" if first == "WITH" else first
    return first if first in ("COPY", "UNLOAD", "MERGE", "VACUUM", "ANALYZE", "REFRESH", "CALL") else "UTILITY"
