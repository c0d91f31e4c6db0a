"""Trino functions that only Python can compute."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import duckdb
import regex

# Joda-Time pattern letters (format_datetime, parse_datetime), longest first, and their strftime directives.
_JODA = (
    ("yyyy", "%Y"), ("YYYY", "%Y"), ("xxxx", "%G"), ("MMMM", "%B"), ("EEEE", "%A"), ("SSSSSS", "%f"), ("MMM", "%b"),
    ("EEE", "%a"), ("SSS", "%f"), ("DDD", "%j"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"),
    ("ss", "%S"), ("yy", "%y"), ("ww", "%V"), ("ZZ", "%z"), ("E", "%a"), ("a", "%p"), ("Z", "%z"), ("z", "%Z"),
)  # fmt: skip
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*$")
_SECONDS_PER_UNIT = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SOUNDEX = {
    letter: code for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for letter in letters
}


class Udf(NamedTuple):
    function: Callable[..., Any]
    arguments: list[str]
    returns: str


def double_text(value: float) -> str:
    """A double as Trino casts it to varchar: ``1.5E0``."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0E0"
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    leading = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0"))) - 1
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{int(exponent_text or 0) + leading}"


def strftime_pattern(joda: str) -> str:
    """A Joda-Time pattern as strftime directives."""
    result, position = "", 0
    while position < len(joda):
        if joda[position] == "'":
            end = joda.find("'", position + 1)
            end = len(joda) if end < 0 else end
            result += joda[position + 1 : end] or "'"
            position = end + 1
            continue
        for letters, directive in _JODA:
            if joda.startswith(letters, position):
                result += directive
                position += len(letters)
                break
        else:
            result += joda[position]
            position += 1
    return result


def _format_datetime(moment: dt.datetime, joda: str) -> str:
    milliseconds = f"{moment.microsecond // 1000:03d}"
    return moment.strftime(strftime_pattern(joda).replace("%f", milliseconds))


def _parse_datetime(text: str, joda: str) -> dt.datetime:
    return dt.datetime.strptime(text, strftime_pattern(joda))  # noqa: DTZ007 (Trino's own default zone here is UTC)


def _parse_duration(text: str) -> dt.timedelta:
    found = _DURATION.match(text)
    if found is None:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: duration is not a valid data duration string: {text}")
    return dt.timedelta(seconds=float(found[1]) * _SECONDS_PER_UNIT[found[2]])


def _regexp_extract(text: str, pattern: str, group: int) -> str | None:
    found = regex.search(pattern, text)
    return found.group(group) if found else None


def _regexp_replace(text: str, pattern: str, replacement: str) -> str:
    return str(regex.sub(pattern, re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement), text))


def _human_readable_seconds(seconds: float) -> str:
    left, parts = int(seconds), []
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count != 1 else ''}")
    return ", ".join(parts)


def _soundex(text: str) -> str:
    lower = text.lower()
    result, last = lower[0].upper(), _SOUNDEX.get(lower[0])
    for letter in lower[1:]:
        code = _SOUNDEX.get(letter)
        if code and code != last:
            result += str(code)
        if letter not in "hw":
            last = code
    return (result + "000")[:4]


UDFS: dict[str, Udf] = {
    "py_double_text": Udf(double_text, ["DOUBLE"], "VARCHAR"),
    "py_parse_datetime": Udf(_parse_datetime, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    "py_format_datetime": Udf(_format_datetime, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    "py_parse_duration": Udf(_parse_duration, ["VARCHAR"], "INTERVAL"),
    "py_regexp_like": Udf(lambda text, pattern: bool(regex.search(pattern, text)), ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "py_regexp_extract": Udf(_regexp_extract, ["VARCHAR", "VARCHAR", "INTEGER"], "VARCHAR"),
    "py_regexp_replace": Udf(_regexp_replace, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR"),
    "py_soundex": Udf(_soundex, ["VARCHAR"], "VARCHAR"),
    "crc32": Udf(lambda data: zlib.crc32(data), ["BLOB"], "BIGINT"),
    "sha512": Udf(lambda data: hashlib.sha512(data).digest(), ["BLOB"], "BLOB"),
    "hmac_sha256": Udf(lambda data, key: hmac.new(key, data, "sha256").digest(), ["BLOB", "BLOB"], "BLOB"),
    "from_base": Udf(lambda text, radix: int(text, radix), ["VARCHAR", "BIGINT"], "BIGINT"),
    "human_readable_seconds": Udf(_human_readable_seconds, ["DOUBLE"], "VARCHAR"),
}


def create_udf(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    udf = UDFS[name]
    connection.create_function(name, udf.function, udf.arguments, udf.returns)  # type: ignore[arg-type]
