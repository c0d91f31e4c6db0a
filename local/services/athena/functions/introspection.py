"""typeof(): answered from type inference, in Trino's names."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import TEXT, Node, has_type
from local.services.athena.hive_types import hive_type, trino_type


def typeof(node: Node) -> Node:
    """:raises QueryFailed: the type of the argument is not known before execution."""
    argument = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    if isinstance(argument, exp.Literal) and argument.is_string:
        return exp.Literal.string(f"varchar({len(argument.name)})")
    kind = argument.type
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        raise QueryFailed("NOT_SUPPORTED", "typeof() of this expression is not known to local Athena before execution")
    if has_type(argument, *TEXT) and not kind.expressions:
        return exp.Literal.string("varchar")
    return exp.Literal.string(trino_type(hive_type(kind.sql("duckdb"))))
