"""Rows that COPY could not load, as STL_LOAD_ERRORS shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.services.redshift.engine.session import TableColumn

RAW_LIMIT = 1024  # characters that STL_LOAD_ERRORS keeps of a line or a field


@dataclass(frozen=True)
class Reject:
    """:param line: line of the file, from 1; 0 when unknown.
    :param code: Redshift's load error code (dg/r_Load_Error_Reference).
    """

    file: str
    line: int
    column: TableColumn | None
    raw_line: str
    raw_value: str
    code: int
    reason: str

    @property
    def column_type(self) -> str:
        if self.column is None:
            return ""
        return self.column.base_type.replace("character varying", "varchar").replace("character", "char")


def reason_of(column: TableColumn, value: str | None) -> tuple[int, str]:
    """Give the error code and the text for a value that does not fit its column."""
    base = column.base_type
    if value is None:
        return 1213, "Missing data for not-null field"
    if base.startswith("character"):
        return 1204, "String length exceeds DDL length"
    if base in ("integer", "bigint", "smallint"):
        return _whole_number(base, value)
    if base in ("numeric", "double precision", "real"):
        name = {"numeric": "Decimal", "real": "Float"}.get(base, "Double")
        return 1207, f"Invalid digit, Value '{value[:1]}', Pos 0, Type: {name}"
    if base == "date":
        return 1205, "Invalid Date Format - length must be 10 or more"
    if base.startswith("timestamp"):
        return 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"
    if base == "boolean":
        return 1210, "Unknown boolean format"
    if base == "jsonb":
        return 1224, "Invalid JSON format. Invalid value."
    return 1200, "Unknown parse error. Contact support."


def _whole_number(base: str, value: str) -> tuple[int, str]:
    digits = re.match(r"\s*[-+]?\d*", value)
    position = digits.end() if digits else 0
    if position == len(value) and value.strip("+- "):
        return 1216, f"Overflow for {base} value"
    name = {"bigint": "Long", "integer": "Integer"}.get(base, "Short")
    return 1207, f"Invalid digit, Value '{value[position : position + 1]}', Pos {position}, Type: {name}"
