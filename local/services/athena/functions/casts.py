"""CAST and TRY_CAST."""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.athena.functions.nodes import (
    FLOATS,
    ROWS,
    TEXT,
    TIMESTAMPS,
    Kind,
    Node,
    call,
    cast,
    copies,
    has_type,
)
from local.services.athena.functions.temporal import in_zone_as_text, timestamp_format

_INTEGERS = (Kind.TINYINT, Kind.SMALLINT, Kind.INT, Kind.BIGINT)
_OFFSET = re.compile(r" ([+-]\d\d:\d\d)$")


def rewrite(node: exp.Cast) -> Node:
    """Trino's conversions where DuckDB's differ. TryCast is a subclass of Cast."""
    if type(node) not in (exp.Cast, exp.TryCast):
        return node
    target, source = node.to, node.this
    if target.this in TEXT:
        return _to_text(node)
    if target.this in _INTEGERS:
        return _to_integer(node)
    if target.this == Kind.JSON and isinstance(source, exp.Struct) and not any(map(_is_named, source.expressions)):
        # A row constructor has no field names; Trino writes an array then.
        return cast(call("json_array", *copies(source.expressions)), "json")
    if target.this == Kind.TIMESTAMPTZ and isinstance(source, exp.Literal) and _OFFSET.search(source.name):
        return type(node)(this=exp.Literal.string(_OFFSET.sub(r"\1", source.name)), to=target.copy())
    return node


def _to_text(node: exp.Cast) -> Node:
    target, source = node.to, node.this
    text: Node | None = in_zone_as_text(source)
    seconds = timestamp_format(source)
    if has_type(source, *FLOATS):
        text = call("py_double_text", source.copy())
    elif has_type(source, *TIMESTAMPS):
        text = call("strftime", source.copy(), seconds)
    elif text is None and has_type(source, Kind.TIMESTAMPTZ):
        text = call("strftime", source.copy(), seconds + " UTC")
    if target.expressions and target.this != Kind.CHAR:
        plain = type(node)(this=source.copy(), to=exp.DataType.build("varchar"))
        return call("left", text or plain, target.expressions[0].this.copy())
    return text or node


def _to_integer(node: exp.Cast) -> Node:
    """Doubles round half away from zero, text must be an integer; DuckDB rounds half to even and accepts '1.5'."""
    source = node.this
    if has_type(source, *FLOATS):
        return type(node)(this=call("round", source.copy()), to=node.to.copy())
    if has_type(source, *TEXT) and not has_type(source, *ROWS):
        guard = "trino_integer_text_or_null" if isinstance(node, exp.TryCast) else "trino_integer_text"
        return type(node)(this=call(guard, source.copy()), to=node.to.copy())
    return node


def _is_named(field: Node) -> bool:
    return isinstance(field, (exp.PropertyEQ, exp.Alias, exp.EQ))
