"""Comparisons that Trino refuses: it never converts text to numbers or dates by itself, DuckDB does."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import FLOATS, TEXT, Kind, Node
from local.services.athena.guard import position
from local.services.athena.hive_types import hive_type, trino_type

_SYMBOLS: dict[type[Node], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip
_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPNTZ, Kind.TIMESTAMPTZ)


def check_comparisons(tree: Node) -> None:
    """:raises QueryFailed: TYPE_MISMATCH."""
    for node in tree.find_all(*_SYMBOLS):
        assert isinstance(node, exp.Binary)
        _require_comparable(node, node.left, node.right, _SYMBOLS[type(node)])
    for node in tree.find_all(exp.Between):
        for bound in (node.args["low"], node.args["high"]):
            _require_comparable(node, node.this, bound, "BETWEEN")
    for node in tree.find_all(exp.In):
        for value in node.expressions:
            _require_comparable(node, node.this, value, "IN")


def _require_comparable(node: Node, left: Node, right: Node, symbol: str) -> None:
    families = _family(left), _family(right)
    if None in families or families[0] == families[1]:
        return
    kinds = f"{_name(left)} {symbol} {_name(right)}"
    raise QueryFailed("TYPE_MISMATCH", f"{position(node)}Cannot apply operator: {kinds}")


def _family(node: Node) -> str | None:
    if node.type is None or isinstance(node, (exp.All, exp.Any)):
        return None
    kind = node.type.this
    if kind in TEXT:
        return "text"
    if kind in _MOMENTS:
        return "moment"
    if kind == Kind.BOOLEAN:
        return "boolean"
    if kind in exp.DataType.INTEGER_TYPES or kind in (*FLOATS, Kind.DECIMAL):
        return "number"
    return None


def _name(node: Node) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.name)})"
    assert node.type is not None
    return trino_type(hive_type(node.type.sql("duckdb")))
