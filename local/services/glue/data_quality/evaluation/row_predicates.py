"""ColumnValues and ColumnLength as conditions on a row: SQL that is true for the rows that pass, never NULL."""

from __future__ import annotations

import datetime as dt
import re

import duckdb
import regex

from local.services.athena.names import literal
from local.services.glue.data_quality.dqdl import conditions
from local.services.glue.data_quality.dqdl.conditions import Condition, Keyword, Moment, Text
from local.services.glue.data_quality.evaluation.datasets import ColumnInfo
from local.services.glue.data_quality.evaluation.outcomes import Unmeasurable

# Look-around, back references, possessive quantifiers: Java has them, DuckDB's RE2 has not.
_JAVA_MATCHES = "java_matches__"
_JAVA_ONLY = re.compile(r"\(\?[=!<>]|\\[1-9]|[*+?}]\+")


def values(condition: Condition, column: ColumnInfo, now: dt.datetime) -> str:
    """The rows that ColumnValues accepts.

    NULL fails every condition but ``!=`` and ``not in``, unless the condition names NULL itself ("Null behavior" of
    ColumnValues).

    :param now: in UTC.
    """
    if condition.kind == conditions.NUMBER:
        predicate = _numbers(condition, column)
    elif condition.kind == conditions.DATE:
        predicate = _dates(condition, column, now)
    elif condition.operator.endswith("matches"):
        predicate = matches(condition, column)
    else:
        predicate = _texts(condition, column)
    return f"coalesce({predicate}, false)"


def compared(condition: Condition, value: str, operands: list[str]) -> str:
    """SQL of an operator; ``between`` leaves its bounds out."""
    operator = condition.operator
    if operator in ("between", "not between"):
        inside = f"({value} > {operands[0]} AND {value} < {operands[1]})"
        return f"NOT {inside}" if operator.startswith("not") else inside
    if operator in ("in", "not in"):
        return f"{value} {operator.upper()} ({', '.join(operands)})"
    return f"{value} {operator} {operands[0]}"


def _with_null(condition: Condition, column: ColumnInfo, others: str) -> str:
    """Add what the condition says about NULL.

    :param others: condition on values; "" when NULL is the only operand.
    """
    negative = condition.operator in ("!=", "not in")
    if condition.has_null:
        null = f"{column.sql} IS NOT NULL" if negative else f"{column.sql} IS NULL"
        if not others:
            return null
        return f"({null} AND {others})" if negative else f"({null} OR {others})"
    return f"({column.sql} IS NULL OR {others})" if negative else others


def _numbers(condition: Condition, column: ColumnInfo) -> str:
    if not condition.numbers:
        return _with_null(condition, column, "")
    if not (column.is_numeric or column.is_text):
        raise Unmeasurable(f"Column {column.name} of type {column.hive_type} cannot be compared with numbers")
    value = f"TRY_CAST({column.sql} AS DOUBLE)"
    operands = [f"CAST({number!r} AS DOUBLE)" for number in condition.numbers]
    return _with_null(condition, column, compared(condition, value, operands))


def _dates(condition: Condition, column: ColumnInfo, now: dt.datetime) -> str:
    if not (column.is_text or column.type.startswith(("DATE", "TIMESTAMP"))):
        raise Unmeasurable(f"Column {column.name} of type {column.hive_type} cannot be compared with dates")
    days = [operand.day(now) for operand in condition.operands if isinstance(operand, Moment)]
    if not days:
        return _with_null(condition, column, "")
    value = f"TRY_CAST({column.sql} AS DATE)"
    return _with_null(condition, column, compared(condition, value, [f"DATE '{day.isoformat()}'" for day in days]))


def _texts(condition: Condition, column: ColumnInfo) -> str:
    value = f"CAST({column.sql} AS VARCHAR)"
    wanted = [literal(operand.value) for operand in condition.operands if isinstance(operand, Text)]
    cases = [f"{value} IN ({', '.join(wanted)})"] if wanted else []
    if Keyword(conditions.EMPTY) in condition.operands:
        cases.append(f"{value} = ''")
    if Keyword(conditions.WHITESPACES_ONLY) in condition.operands:
        cases.append(f"(length({value}) > 0 AND length(trim({value}, ' ')) = 0)")
    listed = f"({' OR '.join(cases)})"
    return _with_null(condition, column, f"NOT {listed}" if condition.operator in ("!=", "not in") else listed)


def matches(condition: Condition, column: ColumnInfo) -> str:
    """The whole value matches. AWS takes an empty match for none (``PatternMatch`` of its library): so does this."""
    (operand,) = condition.operands
    assert isinstance(operand, Text)
    negative = condition.operator.startswith("not")
    # The expressions are AWS's, also where alternatives make them match less than the whole value.
    pattern = rf"^(?!\b{operand.value}\b).*$" if negative else f"^{operand.value}$"
    value = f"CAST({column.sql} AS VARCHAR)"
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise Unmeasurable(f"Invalid regular expression {operand.value}: {error}") from error
    if _JAVA_ONLY.search(pattern):
        return f"{_JAVA_MATCHES}({value}, {literal(pattern)})"
    return f"regexp_extract({value}, {literal(pattern)}, 0) <> ''"


def define_java_matches(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a database the function for regular expressions that only Java has."""

    def java_matches(value: str, pattern: str) -> bool:
        found = regex.search(pattern, value)
        return found is not None and found[0] != ""

    connection.create_function(_JAVA_MATCHES, java_matches, ["VARCHAR", "VARCHAR"], "BOOLEAN")  # type: ignore[arg-type]
