"""Arrays, maps and rows. DuckDB macros cannot take lambdas, so functions with lambdas are rewritten here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import (
    Kind,
    Node,
    applied,
    call,
    copies,
    field,
    has_type,
    is_array,
    is_map,
    lambda_of,
)

_MAX_COMBINATION = 5


def cardinality(node: exp.ArraySize) -> Node:
    return call("cardinality" if is_map(node.this) else "len", node.this.copy())


def array_position(node: exp.ArrayPosition) -> Node:
    return call("trino_array_position", node.this.copy(), node.expression.copy())


def array_slice(node: exp.ArraySlice) -> Node:
    """slice(array, start, length); DuckDB's third argument is the end."""
    return call("trino_slice", node.this.copy(), node.args["start"].copy(), node.args["end"].copy())


def reverse(node: exp.Reverse) -> Node:
    return call("list_reverse", node.this.copy()) if is_array(node.this) else node


def overlaps(node: exp.ArrayOverlaps) -> Node:
    return call("list_has_any", node.this.copy(), node.expression.copy())


def concatenate(node: exp.DPipe) -> Node:
    """``array || element`` and ``element || array``."""
    left, right = node.this, node.expression
    if is_array(left) and not is_array(right):
        return call("list_append", left.copy(), right.copy())
    if is_array(right) and not is_array(left):
        return call("list_prepend", left.copy(), right.copy())
    return node


def repeat(node: exp.Repeat) -> Node:
    return call("trino_repeat", node.this.copy(), node.args["times"].copy())


def reduce_array(node: exp.Reduce) -> Node:
    """reduce(array, start, step, finish): DuckDB has no finish, so it is applied to the result."""
    finish = node.args.get("finish")
    reduced = call("list_reduce", node.this.copy(), node.args["merge"].copy(), node.args["initial"].copy())
    return applied(finish, [reduced]) if isinstance(finish, exp.Lambda) else reduced


def split_to_map(node: exp.StrToMap) -> Node:
    return call(
        "trino_split_to_map", node.this.copy(), node.args["pair_delim"].copy(), node.args["key_value_delim"].copy()
    )


def subscript(node: exp.Bracket) -> Node:
    """``row[1]``: fields of a row by position."""
    index = node.expressions[0] if len(node.expressions) == 1 else None
    if has_type(node.this, Kind.STRUCT) and isinstance(index, exp.Literal) and not index.is_string:
        position = int(index.name) + (1 if node.args.get("offset") in (None, 0) else 0)
        fields = node.this.type.expressions if node.this.type is not None else []
        if 0 < position <= len(fields):
            kind = fields[position - 1]
            # sqlglot names the fields of an anonymous row _0, _1, ... in DuckDB's dialect.
            name = kind.this.copy() if isinstance(kind, exp.ColumnDef) else exp.to_identifier(f"_{position - 1}")
            return exp.Dot(this=node.this.copy(), expression=name)
    return node


# Functions that sqlglot leaves unparsed


def _any_match(node: exp.Anonymous) -> Node:
    array, function = node.expressions
    return call("coalesce", call("list_bool_or", call("list_transform", array.copy(), function.copy())), exp.false())


def _all_match(node: exp.Anonymous) -> Node:
    array, function = node.expressions
    return call("coalesce", call("list_bool_and", call("list_transform", array.copy(), function.copy())), exp.true())


def _none_match(node: exp.Anonymous) -> Node:
    return exp.Not(this=_any_match(node))


def _zip_with(node: exp.Anonymous) -> Node:
    left, right, function = node.expressions
    pair = "pair__"
    items = [exp.Bracket(this=exp.column(pair), expressions=[exp.convert(i)]) for i in (0, 1)]
    return call(
        "list_transform", call("list_zip", left.copy(), right.copy()), lambda_of(pair, applied(function, items))
    )


def _entries(node: Node, body: Callable[[exp.Dot, exp.Dot], Node], filtering: bool = False) -> Node:
    """map_from_entries over the transformed (or filtered) entries of a map."""
    entry = "entry__"
    function = lambda_of(entry, body(field(entry, "key"), field(entry, "value")))
    over = call("list_filter" if filtering else "list_transform", call("map_entries", node.copy()), function)
    return call("map_from_entries", over)


def _map_filter(node: exp.Anonymous) -> Node:
    source, function = node.expressions
    return _entries(source, lambda key, value: applied(function, [key, value]), filtering=True)


def _transform_values(node: exp.Anonymous) -> Node:
    source, function = node.expressions
    return _entries(source, lambda key, value: call("row", key, applied(function, [key, value])))


def _transform_keys(node: exp.Anonymous) -> Node:
    source, function = node.expressions
    return _entries(source, lambda key, value: call("row", applied(function, [key, value]), value))


def _bit_count(node: exp.Anonymous) -> Node:
    return call("bit_count", exp.Cast(this=node.expressions[0].copy(), to=exp.DataType.build("bigint")))


def _combinations(node: exp.Anonymous) -> Node:
    """combinations(array, n) for a literal n: nested loops over positions.

    :raises QueryFailed: n is no literal up to 5 (also Trino's own limit).
    """
    array, size = node.expressions
    if not (isinstance(size, exp.Literal) and 1 <= int(size.name) <= _MAX_COMBINATION):
        raise QueryFailed(
            "INVALID_FUNCTION_ARGUMENT", f"combination size must be a literal from 1 to {_MAX_COMBINATION}"
        )
    positions = [f"position{i}__" for i in range(int(size.name))]
    one: exp.Expr = call("list_value", *(call("list_extract", array.copy(), exp.column(p)) for p in positions))
    starts = dict(pairwise(["", *positions]))
    for number, (before, position) in enumerate(reversed(starts.items())):
        first: exp.Expr = exp.convert(1) if not before else exp.Add(this=exp.column(before), expression=exp.convert(1))
        end = exp.Add(this=call("len", array.copy()), expression=exp.convert(1))
        one = call("list_transform", call("range", first, end), lambda_of(position, one))
        if number:
            one = call("flatten", one)
    return one


_RENAMED = {
    "array_average": "list_avg",
    "array_union": "trino_array_union",
    "arrays_overlap": "list_has_any",
    "at_timezone": "trino_at_timezone",
    "every": "bool_and",
    "format_datetime": "py_format_datetime",
    "index": "strpos",
    "map_agg": "trino_map_agg",
    "map_union": "trino_map_union",
    "millisecond": "trino_millisecond",
    "multimap_agg": "trino_multimap_agg",
    "repeat": "trino_repeat",
    "parse_duration": "py_parse_duration",
    "to_base": "trino_to_base",
    "to_iso8601": "trino_to_iso8601",
    "to_milliseconds": "trino_to_milliseconds",
    "with_timezone": "trino_with_timezone",
}
_REWRITTEN: dict[str, Callable[[exp.Anonymous], Node]] = {
    "all_match": _all_match,
    "any_match": _any_match,
    "bit_count": _bit_count,
    "combinations": _combinations,
    "map_filter": _map_filter,
    "none_match": _none_match,
    "transform_keys": _transform_keys,
    "transform_values": _transform_values,
    "zip_with": _zip_with,
}


def anonymous(node: exp.Anonymous) -> Node:
    """A function that sqlglot does not know by itself."""
    name = node.name.lower()
    if name in _REWRITTEN:
        try:
            return _REWRITTEN[name](node)
        except ValueError as error:
            given = len(node.expressions)
            raise QueryFailed("SYNTAX_ERROR", f"Unexpected parameters ({given} given) for function {name}") from error
    if name in _RENAMED:
        return call(_RENAMED[name], *copies(node.expressions))
    return node
