"""JSON functions."""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.athena.functions.nodes import Node, call

_PATH_MODE = re.compile(r"^(lax|strict)\s+")
_QUOTED_KEY = re.compile(r'\["([^"]+)"\]')


def extract_scalar(node: exp.JSONExtractScalar) -> Node:
    """NULL for objects, arrays and malformed JSON."""
    path = node.expression
    text = path.name if isinstance(path, exp.Literal) else path.sql("trino").strip("'")
    return call("trino_json_scalar", node.this.copy(), _QUOTED_KEY.sub(r'."\1"', text))


def extract(node: exp.JSONExtract) -> Node:
    """json_query; json_extract proper is DuckDB's own."""
    path = node.expression
    if isinstance(path, exp.Literal) and _PATH_MODE.match(path.name):
        return call("trino_json_query", node.this.copy(), _PATH_MODE.sub("", path.name))
    return node


def value(node: exp.JSONValue) -> Node:
    return call("trino_json_scalar", node.this.copy(), _PATH_MODE.sub("", node.args["path"].name))


def exists_call(node: exp.Anonymous) -> Node:
    """``json_exists(text, 'lax $.path')``."""
    document, path = node.expressions[:2]
    return call("json_exists", document.copy(), _PATH_MODE.sub("", path.name))


def exists(node: exp.JSONExists) -> Node:
    return call("json_exists", node.this.copy(), _PATH_MODE.sub("", node.args["path"].name))
