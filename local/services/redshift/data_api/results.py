"""Result sets: typed fields, written to a file as they come and read in pages."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.services.redshift.errors import RedshiftError

if TYPE_CHECKING:
    from psycopg import Column

PAGE_ROWS = 1000
MAX_RESULT_BYTES = 500 << 20  # mgmt/data-api-troubleshooting
MAX_ROW_BYTES = 64 << 10

_TYPE_NAMES = {
    16: "bool",
    17: "varbyte",
    19: "name",
    20: "int8",
    21: "int2",
    23: "int4",
    25: "varchar",
    700: "float4",
    701: "float8",
    1042: "bpchar",
    1043: "varchar",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
    3802: "super",
}
_SIGNED = (20, 21, 23, 700, 701, 1700)
_CASE_SENSITIVE = (19, 25, 1042, 1043)


def column_metadata(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "label": column.name,
            "typeName": _TYPE_NAMES.get(column.type_code, "varchar"),
            "length": max(column.internal_size or 0, 0),
            "precision": column.precision or 0,
            "scale": column.scale or 0,
            "nullable": 1,
            "isSigned": column.type_code in _SIGNED,
            "isCaseSensitive": column.type_code in _CASE_SENSITIVE,
            "isCurrency": False,
            "schemaName": "",
            "tableName": "",
        }
        for column in columns
    ]


def as_field(value: Any) -> dict[str, Any]:
    """A value as the API's Field."""
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (bytes, memoryview)):
        return {"blobValue": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, (dict, list)):
        return {"stringValue": json.dumps(value, separators=(",", ":"))}
    if isinstance(value, datetime):
        return {"stringValue": _timestamp(value)}
    return {"stringValue": str(value)}


def _timestamp(value: datetime) -> str:
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value:%Y-%m-%d %H:%M:%S}{fraction}{'+00' if value.tzinfo else ''}"


def write_result(path: Path, rows: Iterator[Sequence[Any]]) -> tuple[int, int]:
    """Store a result, one row per line.

    :return: rows and bytes
    :raises RedshiftError: over the API's limits
    """
    count = size = 0
    with path.open("w", encoding="utf-8") as target:
        for row in rows:
            fields = [as_field(value) for value in row]
            length = sum(len(str(next(iter(item.values())))) for item in fields)
            if length > MAX_ROW_BYTES:
                raise RedshiftError("Packet for query is too large: a row of the result exceeds 64 KB")
            count, size = count + 1, size + length
            if size > MAX_RESULT_BYTES:
                raise RedshiftError("Database response exceeded size limit: the result exceeds 500 MB")
            target.write(json.dumps(fields, separators=(",", ":")) + "\n")
    return count, size


def read_page(path: Path, offset: int) -> tuple[list[list[dict[str, Any]]], int]:
    """Read one page from a byte offset; give the rows and the offset after them."""
    with path.open("rb") as source:
        source.seek(offset)
        lines = list(islice(iter(source.readline, b""), PAGE_ROWS))
        return [json.loads(line) for line in lines], source.tell()


def as_csv(records: Sequence[Sequence[dict[str, Any]]], header: Sequence[str]) -> str:
    """Rows as the CSV result format has them: strings quoted, NULL empty."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    if header:
        text.write(",".join(header) + "\r\n")
    for record in records:
        writer.writerow([_csv_value(item) for item in record])
    return text.getvalue()


def _csv_value(item: dict[str, Any]) -> Any:
    kind, value = next(iter(item.items()))
    return None if kind == "isNull" else value
