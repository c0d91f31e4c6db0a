"""Strings and regular expressions."""

from __future__ import annotations

import re

from sqlglot import exp

from local.services.athena.functions.nodes import Node, call

# Java constructs that DuckDB's RE2 rejects: look-around, back references, possessive quantifiers.
_JAVA_ONLY = re.compile(r"\(\?[=!<>]|\\[1-9]|[*+?}]\+")


def _needs_java_engine(pattern: Node) -> bool:
    return isinstance(pattern, exp.Literal) and _JAVA_ONLY.search(pattern.name) is not None


def regexp_extract(node: exp.RegexpExtract) -> Node:
    """No match gives NULL; DuckDB gives the empty string."""
    subject, pattern = node.this, node.expression
    group = node.args.get("group") or exp.convert(0)
    if _needs_java_engine(pattern):
        return call("py_regexp_extract", subject.copy(), pattern.copy(), group.copy())
    matches = call("regexp_matches", subject.copy(), pattern.copy())
    found = call("regexp_extract", subject.copy(), pattern.copy(), group.copy())
    return exp.Case(ifs=[exp.If(this=matches, true=found)])


def regexp_like(node: exp.RegexpLike) -> Node:
    if _needs_java_engine(node.expression):
        return call("py_regexp_like", node.this.copy(), node.expression.copy())
    return node


def regexp_replace(node: exp.RegexpReplace) -> Node:
    """All matches are replaced; ``$1`` names a group."""
    subject, pattern = node.this, node.expression
    replacement = node.args.get("replacement") or exp.Literal.string("")
    if isinstance(replacement, exp.Lambda):
        return node
    if _needs_java_engine(pattern) or not isinstance(replacement, exp.Literal):
        return call("py_regexp_replace", subject.copy(), pattern.copy(), replacement.copy())
    escaped_dollar = "\0"
    text = replacement.name.replace("\\$", escaped_dollar)
    text = re.sub(r"\$\{?(\d+)\}?", r"\\\1", text).replace(escaped_dollar, "$")
    return call("regexp_replace", subject.copy(), pattern.copy(), text, "g")


def format_text(node: exp.Format) -> Node:
    """Trino's format() is printf; DuckDB's format() has another syntax."""
    return call("printf", node.this.copy(), *(argument.copy() for argument in node.expressions))


def sha1(node: exp.SHA) -> Node:
    """Bytes; DuckDB's sha1() returns hexadecimal text."""
    return call("unhex", call("sha1", node.this.copy()))


def soundex(node: exp.Soundex) -> Node:
    return call("py_soundex", node.this.copy())
