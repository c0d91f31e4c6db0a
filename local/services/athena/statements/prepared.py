"""PREPARE, EXECUTE, DEALLOCATE and execution parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Node
from local.services.athena.guard import parse_statement

PREPARE = re.compile(r"^PREPARE\s+(?P<name>\w+)\s+FROM\s+(?P<statement>.*)$", re.I | re.S)
EXECUTE = re.compile(r"^EXECUTE\s+(?P<name>\w+)(?:\s+USING\s+(?P<values>.*))?$", re.I | re.S)
DEALLOCATE = re.compile(r"^DEALLOCATE\s+PREPARE\s+(?P<name>\w+)$", re.I)

_VALUES = (exp.Literal, exp.Cast, exp.Neg, exp.Boolean, exp.Null, exp.Interval)


def with_parameters(sql: str, parameters: Sequence[str]) -> str:
    """The statement with its ``?`` replaced.

    :param parameters: SQL literals as ExecutionParameters carries them; anything else counts as text.
    :raises QueryFailed: another number of parameters than of ``?``.
    """
    statement = parse_statement(sql)
    marks = [node for node in statement.walk(bfs=False) if isinstance(node, exp.Placeholder)]
    if len(marks) != len(parameters):
        raise QueryFailed(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
        )
    for mark, value in zip(marks, parameters, strict=True):
        mark.replace(_value(value))
    return statement.sql("trino")


def using_values(text: str) -> list[str]:
    """The values of ``EXECUTE ... USING a, b``."""
    try:
        parsed = sqlglot.parse_one(f"SELECT {text}", read="trino")
    except SqlglotError as error:
        raise QueryFailed("SYNTAX_ERROR", f"USING {text[:80]}: {error}".split("\n", 1)[0]) from error
    return [value.sql("trino") for value in parsed.expressions]


def _value(text: str) -> Node:
    try:
        parsed = sqlglot.parse_one(text, read="trino")
    except SqlglotError:
        return exp.Literal.string(text)
    # A parameter is a value: SQL in it stays text.
    if not isinstance(parsed, _VALUES) or parsed.find(exp.Column, exp.Query, exp.Anonymous) is not None:
        return exp.Literal.string(text)
    return parsed
