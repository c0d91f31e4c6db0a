"""Why a query failed, in Athena's words.

Codes are Trino's error names as they stand in ``StateChangeReason``; ``ErrorType`` numbers are from Athena's error
catalog (user guide, "Athena error catalog").
"""

from __future__ import annotations

import re

import duckdb

CATEGORY_SYSTEM = 1
CATEGORY_USER = 2

_TYPE_RESOURCES = 0
_TYPE_INTERNAL = 100
_TYPE_LAKE_FORMATION = 234
_TYPE_DATA = 1001
_TYPE_DDL = 1003
_TYPE_SYNTAX = 1006

_DATA_CODES = (
    "HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT", "INVALID_CAST_ARGUMENT", "DIVISION_BY_ZERO",
    "NUMERIC_VALUE_OUT_OF_RANGE", "INVALID_FUNCTION_ARGUMENT",
)  # fmt: skip

_POSITION = re.compile(r"\bline (\d+):(\d+)")
HIVE_TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


class QueryFailed(Exception):
    """A query that ends as FAILED.

    :param code: Trino's error name; empty for messages of Hive's DDL engine, which carry none.
    :param message: the sentence for the user.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    @property
    def reason(self) -> str:
        """``StateChangeReason``."""
        return f"{self.code}: {self.message}" if self.code else self.message

    @property
    def category(self) -> int:
        return CATEGORY_SYSTEM if self.error_type in (_TYPE_RESOURCES, _TYPE_INTERNAL) else CATEGORY_USER

    @property
    def error_type(self) -> int:
        if self.code == "EXHAUSTED_RESOURCES":
            return _TYPE_RESOURCES
        if self.code == "GENERIC_INTERNAL_ERROR":
            return _TYPE_INTERNAL
        if self.code == "PERMISSION_DENIED":
            return _TYPE_LAKE_FORMATION
        if self.code in _DATA_CODES:
            return _TYPE_DATA
        return _TYPE_DDL if not self.code else _TYPE_SYNTAX

    @property
    def retryable(self) -> bool:
        return self.error_type == _TYPE_RESOURCES

    def move(self, lines: int, columns: int) -> None:
        """Let the position in the message count from the start of the user's text.

        :param lines: lines before the statement
        :param columns: characters before it on its own first line
        """

        def moved(found: re.Match[str]) -> str:
            line, column = int(found[1]), int(found[2])
            return f"line {line + lines}:{column + (columns if line == 1 else 0)}"

        self.message = _POSITION.sub(moved, self.message, count=1)

    def __str__(self) -> str:
        return self.reason


class PermissionDenied(QueryFailed):
    """Lake Formation refused. The message is Lake Formation's own sentence."""

    def __init__(self, message: str) -> None:
        super().__init__("PERMISSION_DENIED", message)

    def __reduce__(self) -> tuple[type[PermissionDenied], tuple[str]]:
        return PermissionDenied, (self.message,)


class QueryCancelled(Exception):
    """A query that ends as CANCELLED."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def hive_failure(message: str) -> QueryFailed:
    """A failure of a Hive DDL statement."""
    return QueryFailed("", f"{HIVE_TASK} {message}")


def semantic_failure(message: str) -> QueryFailed:
    """A Hive DDL statement that names something that does not exist."""
    return QueryFailed("", f"FAILED: SemanticException {message}")


_MISSING_FUNCTION = re.compile(r"(?:Scalar|Aggregate|Table) Function with name (\w+) does not exist")
_RAISED = re.compile(r"\b((?:HIVE_BAD_DATA|DIVISION_BY_ZERO|INVALID_CAST_ARGUMENT|INVALID_FUNCTION_ARGUMENT): [^'\n]*)")
_NO_MATCHING_TYPES = re.compile(r"No function matches the given name and argument types '([^']*)'")


def engine_failure(error: duckdb.Error) -> QueryFailed | QueryCancelled:
    """DuckDB's error as Athena would say it."""
    text = str(error)
    first_line = text.split("\n", 1)[0]
    raised = _RAISED.search(text)
    if raised:
        code, message = raised[1].split(": ", 1)
        return QueryFailed(code, message.rstrip("'"))
    if isinstance(error, duckdb.InterruptException):
        return QueryCancelled("Query cancelled by user")
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryFailed("EXHAUSTED_RESOURCES", "Query exhausted resources at this scale factor")
    if isinstance(error, duckdb.HTTPException) and "403" in first_line:
        return QueryFailed("", f"Access Denied (Service: Amazon S3; Status Code: 403): {_without_prefix(first_line)}")
    if isinstance(error, (duckdb.HTTPException, duckdb.IOException)):
        return QueryFailed("HIVE_CANNOT_OPEN_SPLIT", _without_prefix(first_line))
    if isinstance(error, duckdb.OutOfRangeException):
        return QueryFailed("NUMERIC_VALUE_OUT_OF_RANGE", _without_prefix(first_line))
    if isinstance(error, duckdb.ConversionException):
        return QueryFailed("INVALID_CAST_ARGUMENT", _without_prefix(first_line))
    missing = _MISSING_FUNCTION.search(text)
    if missing:
        return QueryFailed(
            "NOT_SUPPORTED",
            f"Function '{missing[1].lower()}' exists in Athena but not in local Athena. See docs/local-aws/athena.md.",
        )
    mismatch = _NO_MATCHING_TYPES.search(text)
    if mismatch:
        return QueryFailed("TYPE_MISMATCH", f"Unexpected parameters for function {mismatch[1]}")
    if isinstance(error, duckdb.BinderException):
        return QueryFailed("SYNTAX_ERROR", _without_prefix(first_line))
    if isinstance(error, duckdb.InvalidInputException):
        return QueryFailed("INVALID_FUNCTION_ARGUMENT", _without_prefix(first_line))
    return QueryFailed("GENERIC_INTERNAL_ERROR", first_line)


def _without_prefix(message: str) -> str:
    return re.sub(r"^[A-Z][\w ]*Error: ", "", message)
