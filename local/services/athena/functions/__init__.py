"""Trino SQL (Athena engine version 3) to DuckDB SQL: typed rewrites, macros and a few Python functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from local.services.athena.errors import QueryFailed
from local.services.athena.functions import (
    arithmetic,
    casts,
    containers,
    json_paths,
    row_sources,
    temporal,
    text,
)
from local.services.athena.functions.introspection import typeof
from local.services.athena.functions.macros import MACROS
from local.services.athena.functions.nodes import Node, call
from local.services.athena.functions.udfs import UDFS, create_udf

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_MAX_INT = 2**31


def _url_encode(node: exp.Anonymous) -> Node:
    return call("trino_url_encode", node.expressions[0].copy())


def _anonymous(node: exp.Anonymous) -> Node:
    name = node.name.lower()
    if name == "typeof" and len(node.expressions) == 1:
        return typeof(node)
    if name == "url_encode":
        return _url_encode(node)
    if name == "json_exists":
        return json_paths.exists_call(node)
    return containers.anonymous(node)


_REWRITES: dict[type[Node], Callable[[Any], Node]] = {
    exp.Add: arithmetic.add_or_subtract,
    exp.Anonymous: _anonymous,
    exp.AnonymousAggFunc: containers.anonymous,
    exp.ApproxQuantile: arithmetic.approximate_percentile,
    exp.ArrayOverlaps: containers.overlaps,
    exp.ArrayPosition: containers.array_position,
    exp.ArraySize: containers.cardinality,
    exp.ArraySlice: containers.array_slice,
    exp.Avg: arithmetic.aggregate,
    exp.Bracket: containers.subscript,
    exp.Cast: casts.rewrite,
    exp.DPipe: containers.concatenate,
    exp.DateAdd: temporal.stays_date,
    exp.DateDiff: temporal.date_difference,
    exp.DateTrunc: temporal.stays_date,
    exp.Div: arithmetic.divide,
    exp.Extract: temporal.extract,
    exp.Filter: arithmetic.aggregate,
    exp.Format: text.format_text,
    exp.JSONExists: json_paths.exists,
    exp.JSONExtract: json_paths.extract,
    exp.JSONExtractScalar: json_paths.extract_scalar,
    exp.JSONValue: json_paths.value,
    exp.Mod: arithmetic.modulo,
    exp.Mul: arithmetic.multiply,
    exp.ParseDatetime: temporal.parse_datetime,
    exp.Rand: arithmetic.random_number,
    exp.Reduce: containers.reduce_array,
    exp.RegexpExtract: text.regexp_extract,
    exp.RegexpLike: text.regexp_like,
    exp.RegexpReplace: text.regexp_replace,
    exp.Repeat: containers.repeat,
    exp.Reverse: containers.reverse,
    exp.Round: arithmetic.round_decimal,
    exp.SHA: text.sha1,
    exp.Soundex: text.soundex,
    exp.StrToMap: containers.split_to_map,
    exp.Sub: arithmetic.add_or_subtract,
    exp.Sum: arithmetic.aggregate,
    exp.TimestampTrunc: temporal.stays_date,
    exp.TryCast: casts.rewrite,
    exp.Typeof: typeof,
    exp.Unnest: row_sources.unnest,
    exp.Window: arithmetic.aggregate,
}


def to_duckdb(tree: Node) -> str:
    """DuckDB SQL of an annotated Trino tree. The tree is changed.

    :raises QueryFailed: the query needs something that cannot be computed right here.
    """
    _type_literals(tree)
    try:
        # Without RAISE sqlglot drops what it cannot express, with a log line only.
        return _rewritten(tree).sql("duckdb", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryFailed("NOT_SUPPORTED", f"{error} (local Athena, see docs/local-aws/athena.md)") from error


def type_decimals(tree: Node) -> None:
    """``decimal '2.50'`` is a decimal(3,2), a bare decimal a decimal(38,0); DuckDB's DECIMAL is (18,3)."""
    for conversion in tree.find_all(exp.Cast):
        target = conversion.to
        if target.this != exp.DType.DECIMAL or target.expressions:
            continue
        text = conversion.this.name if isinstance(conversion.this, exp.Literal) and conversion.this.is_string else ""
        number = re.fullmatch(r"[+-]?(\d*)\.?(\d*)", text)
        digits, scale = (
            (38, 0) if not text or number is None else (len(number[1].lstrip("0") + number[2]), len(number[2]))
        )
        conversion.set("to", exp.DataType.build(f"decimal({max(digits, 1)},{scale})"))


def define_functions(connection: duckdb.DuckDBPyConnection, sql: str, defined: set[str]) -> None:
    """Create the macros and Python functions a DuckDB statement names.

    :param defined: names this connection has already; extended.
    """
    called = {name.lower() for name in _CALLED.findall(sql)} - defined
    defined |= called
    for name in called & MACROS.keys():
        connection.execute(MACROS[name])
        # A macro may call another one.
        define_functions(connection, MACROS[name].split(" AS ", 1)[1], defined)
    for name in called & UDFS.keys():
        create_udf(connection, name)


def _rewritten(tree: Node) -> Node:
    """Children first, so that a rewrite sees arguments that are in DuckDB's terms already."""
    for node in list(tree.walk(bfs=False))[::-1]:
        rewrite = _REWRITES.get(type(node))
        if rewrite is None:
            continue
        replacement = rewrite(node)
        if replacement is node:
            continue
        if replacement.type is None:
            replacement.type = node.type
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree


def _type_literals(tree: Node) -> None:
    """Trino's types of number literals: 1 integer, 1.5 decimal(2,1), 1e0 double."""
    for number in tree.find_all(exp.Literal):
        if number.is_string:
            continue
        digits = number.name
        if re.fullmatch(r"\d+", digits):
            number.type = exp.DataType.build("int" if int(digits) < _MAX_INT else "bigint")
        elif re.fullmatch(r"\d*\.\d*", digits):
            whole, fraction = digits.split(".")
            precision = max(1, len(whole.lstrip("0")) + len(fraction))
            number.type = exp.DataType.build(f"decimal({precision},{len(fraction)})")
        else:
            number.type = exp.DataType.build("double")
