"""IAM's wildcards and policy variables.

Source: IAM User Guide, "IAM JSON policy elements: Resource" (``*`` any characters, ``?`` one) and "IAM policy elements:
Variables and tags" (``${key}``, ``${key, 'default'}``, and ``${*}``, ``${?}``, ``${$}`` for the characters themselves).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Context = Mapping[str, Sequence[str]]

_VARIABLE = re.compile(r"\$\{(?P<name>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


@lru_cache(maxsize=8192)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """Whether a pattern without variables covers the whole value."""
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


def variables(pattern: str) -> list[str]:
    """Names of the condition keys that a pattern takes values from."""
    return [found["name"] for found in _VARIABLE.finditer(pattern) if found["name"] not in _LITERALS]


def matches_with_variables(pattern: str, value: str, context: Context) -> bool:
    """Whether a pattern covers the value once its variables have their values.

    A variable's value is taken as text: a ``*`` in a tag is no wildcard. Without a value and a default, the pattern
    covers nothing.
    """
    if "${" not in pattern:
        return matches(pattern, value)
    expression = _expression(pattern, context)
    return expression is not None and re.fullmatch(expression, value, re.DOTALL) is not None


def resolved(text: str, context: Context) -> str | None:
    """The text with its variables' values; None when one has none."""
    if "${" not in text:
        return text
    result, position = "", 0
    for found in _VARIABLE.finditer(text):
        given = _value(found, context)
        if given is None:
            return None
        result += text[position : found.start()] + given
        position = found.end()
    return result + text[position:]


def _expression(pattern: str, context: Context) -> str | None:
    result, position = "", 0
    for found in _VARIABLE.finditer(pattern):
        given = _value(found, context)
        if given is None:
            return None
        result += _wildcards(pattern[position : found.start()]) + re.escape(given)
        position = found.end()
    return result + _wildcards(pattern[position:])


def _wildcards(text: str) -> str:
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)


def _value(found: re.Match[str], context: Context) -> str | None:
    name = found["name"]
    if name in _LITERALS:
        return _LITERALS[name]
    values = context.get(name.lower(), ())
    # A key with several values cannot stand in a text.
    return values[0] if len(values) == 1 else found["default"]
