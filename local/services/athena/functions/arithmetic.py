"""Numbers: integer and decimal division, aggregates and rounding with Trino's result types."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import FLOATS, Kind, Node, call, cast, decimal_digits, has_type, is_integer

_MAX_PRECISION = 38


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
