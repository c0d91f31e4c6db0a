"""Query results: files in S3 as Athena writes them, and pages of them."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from local.services.athena.hive_types import trino_type
from local.services.athena.statements.result import DML, StatementResult
from local.services.athena.storage import Storage

_SPOOL_BYTES = 8 * 1024 * 1024
_PRECISION = {
    "varchar": 2147483647,
    "varbinary": 1073741824,
    "integer": 10,
    "bigint": 19,
    "smallint": 5,
    "tinyint": 3,
    "double": 17,
    "float": 17,
    "timestamp": 3,
}
_FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",\n]*)')

Row: TypeAlias = list[str | None]


class ResultFile(NamedTuple):
    """:param rows: number of data rows."""

    uri: str
    rows: int


def write_result(storage: Storage, base: str, result: StatementResult) -> ResultFile:
    """Store a result: ``.csv`` for queries, ``.txt`` (tab separated) for the rest.

    :param base: address without extension.
    """
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        is_csv = result.kind == DML
        count = 0
        if is_csv and result.columns:
            spool.write((_csv_line([name for name, _ in result.columns])).encode())
        for row in result.rows:
            texts = [result_text(value) for value in row]
            line = _csv_line(texts) if is_csv else "\t".join(text or "" for text in texts) + "\n"
            spool.write(line.encode())
            count += 1
        spool.seek(0)
        uri = base + (".csv" if is_csv else ".txt")
        storage.put(uri, spool)
    return ResultFile(uri, count)


def column_info(columns: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """``ResultSetMetadata``."""
    return [_one_column(name, hive) for name, hive in columns]


def _one_column(name: str, hive: str) -> dict[str, Any]:
    full = trino_type(hive)
    kind = full.split("(", 1)[0]
    kind = "float" if kind == "real" else kind
    precision, scale = _PRECISION.get(kind, 0), 0
    if kind == "decimal" and "(" in full:
        digits = full[full.index("(") + 1 : -1].split(",")
        precision, scale = int(digits[0]), int(digits[1]) if len(digits) > 1 else 0
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind in ("varchar", "char"),
    }


def result_text(value: Any) -> str | None:
    """A value as Athena prints it; NULL is None."""
    if value is None:
        return None
    return _text(value)


def _text(value: Any) -> str:
    for kind, convert in _TEXTS:
        if isinstance(value, kind):
            return str(convert(value))
    return str(value)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _double(value: float) -> str:
    """Java's Double.toString."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _moment(value: dt.datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    return text + (" UTC" if value.tzinfo else "")


def _interval(value: dt.timedelta) -> str:
    hours, seconds = divmod(value.seconds, 3600)
    return f"{value.days} {hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}.{value.microseconds // 1000:03d}"


def _array(values: Iterable[Any]) -> str:
    return "[" + ", ".join("null" if item is None else _text(item) for item in values) + "]"


def _map(values: dict[Any, Any]) -> str:
    return (
        "{" + ", ".join(f"{_text(key)}={'null' if item is None else _text(item)}" for key, item in values.items()) + "}"
    )


def _binary(value: bytes) -> str:
    return value.hex(" ")


_TEXTS: tuple[tuple[type | tuple[type, ...], Any], ...] = (
    (bool, _boolean),
    (float, _double),
    (dt.datetime, _moment),
    (dt.timedelta, _interval),
    (Decimal, lambda value: format(value, "f")),
    ((bytes, bytearray), _binary),
    ((list, tuple), _array),
    (dict, _map),
)


def _csv_line(texts: Sequence[str | None]) -> str:
    """Every value quoted, NULL is nothing at all."""
    return ",".join("" if text is None else '"' + text.replace('"', '""') + '"' for text in texts) + "\n"


class Page(NamedTuple):
    """:param next_offset: byte in the result file where the next page starts; None at the end."""

    rows: list[Row]
    next_offset: int | None


def read_page(storage: Storage, uri: str, offset: int, limit: int, columns: int) -> Page:
    """Rows of a result file from a byte offset on.

    :param columns: number of columns, to tell a row of one NULL from no row.
    """
    rows: list[Row] = []
    position = offset
    for record in _records(storage.read_from(uri, offset), quoted=uri.endswith(".csv")):
        if len(rows) == limit:
            return Page(rows, position)
        rows.append(_fields(record) if uri.endswith(".csv") else list(record.split("\t")) if columns > 1 else [record])
        position += len(record.encode()) + 1
    return Page(rows, None)


def _records(chunks: Iterator[bytes], quoted: bool) -> Iterator[str]:
    """Lines of the file; a line break inside quotes belongs to its record."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        *complete, pending = pending.split(b"\n")
        joined = b""
        for piece in complete:
            joined = joined + b"\n" + piece if joined else piece
            if quoted and joined.count(b'"') % 2:
                continue
            yield joined.decode()
            joined = b""
        if joined:
            pending = joined + b"\n" + pending
    if pending:
        yield pending.decode()


def _fields(record: str) -> Row:
    fields: Row = []
    position = 0
    while True:
        found = _FIELD.match(record, position)
        assert found is not None
        fields.append(found[1].replace('""', '"') if found[1] is not None else None)
        position = found.end() + 1
        if position > len(record):
            return fields
