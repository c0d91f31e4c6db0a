"""Which statement is it, and who runs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from local.services.athena.errors import PermissionDenied, QueryFailed
from local.services.athena.guard import parse_statement
from local.services.athena.session import QuerySession
from local.services.athena.statements import (
    alter,
    create_view,
    ctas,
    hive_ddl,
    iceberg_tables,
    insert,
    prepared,
    selects,
    show,
)
from local.services.athena.statements.result import DDL, DML, UTILITY, StatementResult, done

_COMMENTS = re.compile(r"^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+", re.S)
_DDL_WORDS = ("ALTER", "CREATE", "DESC", "DROP", "MSCK", "SHOW")
_UTILITY_WORDS = ("EXPLAIN", "PREPARE", "EXECUTE", "DEALLOCATE")

_BY_FIRST_WORD: dict[str, Callable[[QuerySession, str], StatementResult]] = {
    "ALTER": alter.alter,
    "DELETE": iceberg_tables.change,
    "DESC": show.show,
    "DESCRIBE": show.show,
    "DROP": hive_ddl.drop,
    "EXPLAIN": selects.explain,
    "INSERT": insert.insert,
    "MERGE": iceberg_tables.change,
    "MSCK": alter.msck,
    "OPTIMIZE": iceberg_tables.maintain,
    "SELECT": selects.select,
    "SHOW": show.show,
    "UNLOAD": insert.unload,
    "UPDATE": iceberg_tables.change,
    "VACUUM": iceberg_tables.maintain,
    "VALUES": selects.select,
    "WITH": selects.select,
    "(": selects.select,
}


def statement_kind(sql: str) -> str:
    """``StatementType`` from the first word, known before the statement runs."""
    word = _first_word(normalized(sql))
    if word.startswith(_UTILITY_WORDS):
        return UTILITY
    return DDL if word.startswith(_DDL_WORDS) else DML


def normalized(sql: str) -> str:
    """Without leading comments and a closing semicolon."""
    return _COMMENTS.sub("", sql).strip().rstrip(";").strip()


def run_statement(session: QuerySession, sql: str, parameters: Sequence[str]) -> StatementResult:
    """Run one statement.

    :param parameters: values for ``?``.
    :raises QueryFailed: wrong or not permitted.
    """
    text = normalized(sql)
    if not text:
        raise QueryFailed("SYNTAX_ERROR", "line 1:1: the query is empty")
    try:
        return _run(session, text, parameters)
    except QueryFailed as failed:
        before = sql[: sql.find(text)]
        failed.move(before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise


def _run(session: QuerySession, text: str, parameters: Sequence[str]) -> StatementResult:
    prepared_result = _prepared_statement(session, text, parameters)
    if prepared_result is not None:
        return prepared_result
    if parameters:
        text = prepared.with_parameters(text, parameters)
    try:
        return _runner(text)(session, text)
    except PermissionDenied as denied:
        raise _in_ddl_words(denied, text) from denied


def _in_ddl_words(denied: PermissionDenied, sql: str) -> QueryFailed:
    """Hive's DDL engine wraps what the Data Catalog answered."""
    if _first_word(sql) not in ("ALTER", "DROP", "MSCK", "SHOW", "DESCRIBE", "DESC") and not _is_hive_create(sql):
        return denied
    return PermissionDenied(
        "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
        f"MetaException(message:{denied.message} (Service: AmazonDataCatalog; Status Code: 400; "
        "Error Code: AccessDeniedException))"
    )


def _is_hive_create(sql: str) -> bool:
    return _first_word(sql) == "CREATE" and _runner(sql) is hive_ddl.create


def _runner(sql: str) -> Callable[[QuerySession, str], StatementResult]:
    word = _first_word(sql)
    if word == "CREATE":
        return _create_runner(sql)
    runner = _BY_FIRST_WORD.get(word)
    if runner is None:
        raise QueryFailed(
            "SYNTAX_ERROR",
            f"line 1:1: mismatched input '{sql.split()[0][:40]}'. Expecting: 'ALTER', 'CREATE', 'SELECT', ...",
        )
    return runner


def _create_runner(sql: str) -> Callable[[QuerySession, str], StatementResult]:
    if re.match(r"CREATE\s+(OR\s+REPLACE\s+)?VIEW\b", sql, re.I):
        return create_view.create_view
    if re.match(r"CREATE\s+TABLE\b", sql, re.I) and re.search(r"\bAS\b", sql, re.I):
        try:
            statement: exp.Expr | None = parse_statement(sql)
        except QueryFailed:
            # Hive's backquotes and types do not parse as Trino; a CTAS has to.
            if re.search(r"\bAS\s*\(?\s*(SELECT|WITH|VALUES)\b", sql, re.I):
                raise
            statement = None
        if statement is not None and ctas.is_ctas(statement):
            return ctas.create_table_as
    return hive_ddl.create


def _prepared_statement(session: QuerySession, sql: str, parameters: Sequence[str]) -> StatementResult | None:
    found = prepared.PREPARE.match(sql)
    if found:
        session.prepared.store(found["name"], normalized(found["statement"]))
        return done(UTILITY, "PREPARE")
    found = prepared.DEALLOCATE.match(sql)
    if found:
        session.prepared.remove(found["name"])
        return done(UTILITY, "DEALLOCATE_PREPARE")
    found = prepared.EXECUTE.match(sql)
    if found:
        values = prepared.using_values(found["values"]) if found["values"] else list(parameters)
        return run_statement(session, session.prepared.statement(found["name"]), values)
    return None


def _first_word(sql: str) -> str:
    found = re.match(r"[A-Za-z]+|\(", sql)
    return found[0].upper() if found else ""
