"""Building blocks for rewriting sqlglot trees."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

Node = exp.Expr
Kind = exp.DType

TEXT = (Kind.VARCHAR, Kind.TEXT, Kind.CHAR, Kind.NVARCHAR)
FLOATS = (Kind.DOUBLE, Kind.FLOAT)
TIMESTAMPS = (Kind.TIMESTAMP, Kind.TIMESTAMPNTZ)
ARRAYS = (Kind.ARRAY, Kind.LIST)
ROWS = (Kind.STRUCT, Kind.OBJECT)

# Decimal digits of the integer types, by Trino's rules for mixed arithmetic.
_INTEGER_DIGITS = {Kind.TINYINT: 3, Kind.SMALLINT: 5, Kind.INT: 10, Kind.BIGINT: 19}


def call(name: str, *arguments: Node | str | int) -> exp.Anonymous:
    """A function call in DuckDB's dialect; strings and numbers become literals."""
    return exp.Anonymous(this=name, expressions=[a if isinstance(a, exp.Expr) else exp.convert(a) for a in arguments])


def cast(node: Node, duckdb_type: str) -> exp.Cast:
    target = exp.DataType.build(duckdb_type, dialect="duckdb")
    conversion = exp.Cast(this=node, to=target)
    conversion.type = target.copy()
    return conversion


def has_type(node: Node | None, *kinds: Kind) -> bool:
    """Whether type inference found one of these types."""
    return node is not None and node.type is not None and node.type.this in kinds


def is_integer(node: Node) -> bool:
    return node.type is not None and node.type.this in exp.DataType.INTEGER_TYPES


def is_array(node: Node) -> bool:
    return isinstance(node, exp.Array) or has_type(node, *ARRAYS)


def is_map(node: Node) -> bool:
    return isinstance(node, (exp.Map, exp.VarMap, exp.MapFromEntries)) or has_type(node, Kind.MAP)


def decimal_digits(node: Node) -> tuple[int, int] | None:
    """Precision and scale of a decimal or integer expression; None for any other type."""
    kind = node.type
    if kind is None:
        return None
    if kind.this == Kind.DECIMAL:
        given = [int(parameter.name) for parameter in kind.expressions]
        # Without parameters type inference does not know the scale.
        return (given[0], given[1] if len(given) > 1 else 0) if given else None
    digits = _INTEGER_DIGITS.get(kind.this)
    return None if digits is None else (digits, 0)


def lambda_of(parameter: str, body: Node) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(parameter)])


def field(row: str, name: str) -> exp.Dot:
    """``row.name`` for a lambda parameter ``row``."""
    return exp.Dot(this=exp.column(row), expression=exp.to_identifier(name))


def applied(function: exp.Lambda, arguments: Sequence[Node]) -> Node:
    """The body of a lambda with its parameters replaced by expressions."""
    names = [parameter.name for parameter in function.expressions]

    def replaced(node: Node) -> Node:
        if isinstance(node, exp.Column) and not node.table and node.name in names:
            return arguments[names.index(node.name)].copy()
        part_of_name = isinstance(node.parent, (exp.Column, exp.Dot, exp.Lambda))
        if isinstance(node, exp.Identifier) and not part_of_name and node.name in names:
            return arguments[names.index(node.name)].copy()
        return node

    body: Node = function.this.copy()
    return body.transform(replaced)


def copies(nodes: Sequence[Node]) -> list[Node]:
    return [node.copy() for node in nodes]
