"""SQL of rules (``where`` clauses, CustomSql), which is Spark's, for DuckDB."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from local.services.glue.data_quality.evaluation.outcomes import Unmeasurable


def condition(text: str) -> str:
    """:raises Unmeasurable: not one condition of columns and constants."""
    tree = _parsed(text, "The provided where clause is invalid")
    if tree.find(exp.Query, exp.Table) is not None:
        raise Unmeasurable("The provided where clause is invalid: it must not hold a query")
    return _duckdb(tree, "The provided where clause is invalid")


def query(text: str, relation_of: Callable[[str], str]) -> str:
    """A query over the tables of an evaluation.

    :param relation_of: name of the relation behind ``alias`` or ``database.table``.
    :raises Unmeasurable: not a query, or of something else.
    """
    tree = _parsed(text, "Error executing SQL statement")
    if not isinstance(tree, exp.Query):
        raise Unmeasurable("Error executing SQL statement: a SELECT is expected")
    named = {table.alias for table in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise Unmeasurable("Error executing SQL statement: table functions are not served by the local AWS")
        name = ".".join(part.name for part in table.parts)
        if name in named:
            continue
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name))
        table.replace(exp.Table(this=exp.to_identifier(relation_of(name)), alias=alias))
    # `primary` is a reserved word for DuckDB.
    for part in tree.find_all(exp.Identifier):
        part.set("quoted", True)
    return _duckdb(tree, "Error executing SQL statement")


def tables_of(text: str) -> set[str]:
    """``database.table`` names in a query; none if it cannot be read."""
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except SqlglotError:
        return set()
    return {f"{table.db}.{table.name}".lower() for table in tree.find_all(exp.Table) if table.db}


def _parsed(text: str, complaint: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, read="spark")
    except SqlglotError as error:
        first_line = str(error).split("\n", 1)[0]
        raise Unmeasurable(f"{complaint}: {first_line}") from error


def _duckdb(tree: exp.Expr, complaint: str) -> str:
    try:
        return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise Unmeasurable(f"{complaint}: {error}") from error
