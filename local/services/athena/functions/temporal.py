"""Dates and timestamps."""

from __future__ import annotations

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Kind, Node, call, cast, has_type

_WEEKDAY_PARTS = ("dow", "day_of_week", "dayofweek")
_DAYS_OF_YEAR = ("doy", "day_of_year", "dayofyear")


def plus_minus(node: exp.Add | exp.Sub) -> Node:
    """date - date is an interval, date +- interval stays a date."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Sub) and has_type(left, Kind.DATE) and has_type(right, Kind.DATE):
        return call("to_days", cast(node.copy(), "int"))
    if has_type(left, Kind.DATE) and isinstance(right, exp.Interval):
        return cast(exp.Paren(this=node.copy()), "date")
    return node


def stays_date(node: Node) -> Node:
    """date_add and date_trunc of a date give a date; DuckDB makes timestamps of them."""
    return cast(node.copy(), "date") if has_type(node.this, Kind.DATE) else node


def date_difference(node: exp.DateDiff) -> Node:
    """Full units between two moments; DuckDB's date_diff counts crossed boundaries."""
    return call("date_sub", node.text("unit").lower() or "day", node.expression.copy(), node.this.copy())


def extract(node: exp.Extract) -> Node:
    part = node.name.lower()
    if part in _WEEKDAY_PARTS:
        return call("isodow", node.expression.copy())
    if part in _DAYS_OF_YEAR:
        return call("dayofyear", node.expression.copy())
    if part.startswith("timezone"):
        raise no_zone(part)
    return node


def no_zone(function: str) -> QueryFailed:
    return QueryFailed(
        "NOT_SUPPORTED",
        f"{function} needs the time zone of a value; local Athena stores moments in UTC without their zone. "
        "See docs/local-aws/athena.md.",
    )


def in_zone_as_text(node: Node) -> Node | None:
    """``cast(x AT TIME ZONE 'zone' AS varchar)``: the one place where Trino shows the zone it was given."""
    if not isinstance(node, exp.AtTimeZone) or not isinstance(node.args.get("zone"), exp.Literal):
        return None
    zone = node.args["zone"]
    pattern = timestamp_format(node.this)
    local_time = call("strftime", call("timezone", zone.copy(), node.this.copy()), pattern)
    return call("concat", local_time, f" {zone.name}")


def timestamp_format(node: Node) -> str:
    """strftime pattern of a timestamp: a literal shows the digits it was written with, all else milliseconds."""
    inner = node.this if isinstance(node, exp.Cast) else None
    if isinstance(inner, exp.Literal) and inner.is_string and "." not in inner.name:
        return "%Y-%m-%d %H:%M:%S"
    return "%Y-%m-%d %H:%M:%S.%g"


def parse_datetime(node: exp.ParseDatetime) -> Node:
    return call("py_parse_datetime", node.this.copy(), node.args["format"].copy())
