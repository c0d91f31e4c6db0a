"""Types of values that are written as text, as Glue's CSV classifier sees them.

Dates and timestamps stay strings: the built-in classifier has no date patterns (AWS's own tutorials on flight and taxi
data show date columns crawled as string).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_BIGINT = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BIGINT_RANGE = range(-(2**63), 2**63)
_BOOLEAN = frozenset({"true", "false"})


def type_of_value(text: str) -> str:
    """Glue type of one value; empty text has none."""
    value = text.strip()
    if not value:
        return ""
    if _BIGINT.fullmatch(value) and int(value) in _BIGINT_RANGE:
        return "bigint"
    if _DOUBLE.fullmatch(value):
        return "double"
    return "boolean" if value.lower() in _BOOLEAN else "string"


def type_of_values(values: Iterable[str]) -> str:
    """Glue type of a column; empty when no value was seen.

    :param values: distinct values are enough
    """
    kinds: set[str] = set()
    for value in values:
        kinds.add(type_of_value(value))
        if "string" in kinds:
            return "string"
    kinds.discard("")
    if not kinds:
        return ""
    if kinds <= {"bigint", "double"}:
        return "double" if "double" in kinds else "bigint"
    return "boolean" if kinds == {"boolean"} else "string"
