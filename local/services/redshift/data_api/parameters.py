"""Named parameters ``:name`` of ExecuteStatement and BatchExecuteStatement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from local.errors import AwsError
from local.services.redshift.statement_text import pieces
from local.services.redshift.translation.names import literal

# not the second colon of a cast (x::int), not a slice or a time
_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


def check_parameters(sqls: Sequence[str], parameters: Mapping[str, str]) -> None:
    """:raises AwsError: ValidationException for a parameter that is unused, empty, or has no value"""
    used = {name for sql in sqls for kind, text in pieces(sql) if kind == "code" for name in _PARAMETER.findall(text)}
    unused = sorted(set(parameters) - used)
    if unused:
        raise AwsError(
            "ValidationException", f"Parameters list contains unused parameters. Unused parameters: {unused}"
        )
    missing = sorted(used - set(parameters)) if parameters else []
    if missing:
        raise AwsError("ValidationException", f"Parameters list is missing values for: {missing}")
    empty = sorted(name for name, value in parameters.items() if value == "")
    if empty:
        raise AwsError("ValidationException", f"Parameters must not be empty: {empty}")


def bind(sql: str, parameters: Mapping[str, str]) -> str:
    """Put the values in as string literals: they are values only, never names or syntax."""
    if not parameters:
        return sql

    def value(match: re.Match[str]) -> str:
        return _redshift_literal(parameters[match[1]]) if match[1] in parameters else match[0]

    return "".join(_PARAMETER.sub(value, text) if kind == "code" else text for kind, text in pieces(sql))


def _redshift_literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'" if "\\" in value else literal(value)
