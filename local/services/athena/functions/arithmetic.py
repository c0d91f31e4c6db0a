"""Numbers: integer and decimal division, aggregates and rounding with Trino's result types."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions import temporal
from local.services.athena.functions.nodes import FLOATS, Kind, Node, call, cast, decimal_digits, has_type, is_integer

_MAX_PRECISION = 38
# What DuckDB keeps in 64 bits.
_MAX_NARROW_PRECISION = 18


def divide(node: exp.Div) -> Node:
    """Integers divide to integers; decimals by the precision rule of the Trino manual (decimal functions)."""
    left, right = node.this, node.expression
    if is_integer(left) and is_integer(right):
        return call("trino_integer_divide", left.copy(), right.copy())
    if not (has_type(left, Kind.DECIMAL) or has_type(right, Kind.DECIMAL)):
        return node
    left_digits, right_digits = decimal_digits(left), decimal_digits(right)
    if left_digits is None or right_digits is None:
        return node
    (left_precision, left_scale), (_, right_scale) = left_digits, right_digits
    scale = max(left_scale, right_scale)
    precision = min(_MAX_PRECISION, left_precision + right_scale + max(0, right_scale - left_scale))
    quotient = call("trino_decimal_divide", left.copy(), right.copy())
    return cast(quotient, f"decimal({max(precision, scale + 1)},{scale})")


def multiply(node: exp.Mul) -> Node:
    """decimal(p1,s1) * decimal(p2,s2) is decimal(p1+p2, s1+s2)."""
    digits = _two_decimals(node)
    if digits is None:
        return node
    (left_precision, left_scale), (right_precision, right_scale) = digits
    return _wide_enough(node, left_precision + right_precision, left_scale + right_scale)


def add_or_subtract(node: exp.Add | exp.Sub) -> Node:
    """Decimals get one digit more than the wider operand."""
    digits = _two_decimals(node)
    if digits is None:
        return temporal.plus_minus(node)
    (left_precision, left_scale), (right_precision, right_scale) = digits
    scale = max(left_scale, right_scale)
    return _wide_enough(node, max(left_precision - left_scale, right_precision - right_scale) + scale + 1, scale)


def _two_decimals(node: exp.Binary) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Digits of both operands, if the result is a decimal."""
    if not (has_type(node.left, Kind.DECIMAL) or has_type(node.right, Kind.DECIMAL)):
        return None
    left, right = decimal_digits(node.left), decimal_digits(node.right)
    return None if left is None or right is None else (left, right)


def _wide_enough(node: exp.Binary, precision: int, scale: int) -> Node:
    """The operation with a result of that many digits; DuckDB stops at 18 while both operands have fewer."""
    precision = min(_MAX_PRECISION, precision)
    node.type = exp.DataType.build(f"decimal({precision},{scale})")
    left = decimal_digits(node.left)
    if precision <= _MAX_NARROW_PRECISION or left is None:
        return node
    wide = node.copy()
    wide.set("this", cast(node.left.copy(), f"decimal({max(_MAX_NARROW_PRECISION + 1, left[0])},{left[1]})"))
    return cast(exp.Paren(this=wide), f"decimal({precision},{scale})")


def modulo(node: exp.Mod) -> Node:
    left, right = node.this, node.expression
    if has_type(left, *FLOATS) or has_type(right, *FLOATS):
        return node
    return call("trino_modulo", left.copy(), right.copy())


def round_decimal(node: exp.Round) -> Node:
    """round(decimal(p,s), n) keeps its scale in Trino; DuckDB cuts it to n."""
    digits = decimal_digits(node.this)
    if digits is None or not has_type(node.this, Kind.DECIMAL) or node.args.get("decimals") is None:
        return node
    precision, scale = digits
    return cast(node.copy(), f"decimal({min(_MAX_PRECISION, precision + 1)},{scale})")


def aggregate(node: Node) -> Node:
    """avg(decimal) stays decimal, sum(integer) is a bigint.

    Called for the outermost node of ``sum(x) FILTER (...) OVER (...)``: the cast has to enclose all of it.
    """
    if isinstance(node.parent, (exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls)) and node.arg_key == "this":
        return node
    inner = node
    while isinstance(inner, (exp.Filter, exp.Window)):
        inner = inner.this
    if isinstance(inner, exp.Sum) and is_integer(_distinct_argument(inner)):
        return cast(node.copy(), "bigint")
    if isinstance(inner, exp.Sum) and has_type(_distinct_argument(inner), Kind.DECIMAL):
        summed = decimal_digits(_distinct_argument(inner))
        node.type = exp.DataType.build(f"decimal({_MAX_PRECISION},{summed[1]})") if summed else node.type
        return node
    argument = _distinct_argument(inner) if isinstance(inner, exp.Avg) else None
    digits = decimal_digits(argument) if argument is not None else None
    if digits is not None and argument is not None and not is_integer(argument):
        precision, scale = digits
        return cast(node.copy(), f"decimal({precision},{scale})")
    return node


def random_number(node: exp.Rand) -> Node:
    """random(n) and random(m, n) are integers below n."""
    bounds = [bound for bound in (node.this, node.args.get("lower"), node.args.get("upper")) if bound is not None]
    if not bounds:
        return node
    low = bounds[0].copy() if len(bounds) > 1 else exp.convert(0)
    return call("trino_random_integer", low, bounds[-1].copy())


def approximate_percentile(node: exp.ApproxQuantile) -> Node:
    """Of one share or of an array of shares; decimals are doubles to it, in Trino too."""
    if node.args.get("weight") is not None:
        raise QueryFailed("NOT_SUPPORTED", "approx_percentile with weights exists in Athena but not in local Athena")
    value = cast(node.this.copy(), "double") if has_type(node.this, Kind.DECIMAL) else node.this.copy()
    return call("approx_quantile", value, node.args["quantile"].copy())


def _distinct_argument(node: exp.Sum | exp.Avg) -> Node:
    argument: Node = node.this
    return argument.expressions[0] if isinstance(argument, exp.Distinct) and argument.expressions else argument
