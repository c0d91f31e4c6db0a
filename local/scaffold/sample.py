"""What a sample of the delivery tells about its columns."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SAMPLE_ROWS = 100_000
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?\d{1,14}(\.\d{1,4})?")
_INT_MAX = 2**31 - 1
# Java's pattern letters beside Python's; both say the same.
_TIMES = (
    ("date", "yyyy-MM-dd", "%Y-%m-%d"),
    ("timestamp", "yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
    ("timestamp", "yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
    ("date", "dd/MM/yyyy", "%d/%m/%Y"),
)
_PERSONAL = re.compile(r"(name|mail|phone|mobile|address|street|birth|customer_?id|user_?id|passport|iban|ssn)")


class SampleError(ValueError):
    """The sample cannot be used; the message says why."""


@dataclass(frozen=True)
class SampleColumn:
    """A delivered column.

    :param header: name as delivered
    :param name: name in tables
    :param physical_type: narrowest type that holds every value of the sample, with room for longer texts
    :param time_format: format of a date or timestamp, else None
    :param required: True when no value is empty
    :param unique: True when no value repeats
    :param looks_personal: True when the name is typical for personal data
    """

    header: str
    name: str
    physical_type: str
    time_format: str | None
    required: bool
    unique: bool
    looks_personal: bool


def read_sample(path: Path) -> list[SampleColumn]:
    """Infer the columns of a CSV file from its header and values.

    :param path: a UTF-8 CSV file with a header; the first 100,000 rows count
    :raises SampleError: if it is not one
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            values: list[list[str]] = [[] for _ in header]
            for number, row in enumerate(rows):
                if number == SAMPLE_ROWS:
                    break
                if row and len(row) != len(header):
                    raise SampleError(f"{path}: line {rows.line_num} has {len(row)} fields, the header {len(header)}")
                for column, value in zip(values, row, strict=False):
                    column.append(value.strip())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(f"{path}: {error}") from error
    names = [column_name(text) for text in header]
    if not header or not all(names) or len(set(names)) != len(names):
        raise SampleError(f"{path}: the header must name every column once; found {', '.join(header) or 'nothing'}")
    return [_column(text, found) for text, found in zip(header, values, strict=True)]


def column_name(header: str) -> str:
    """Return a table's name for a delivered column: ``InvoiceNo`` -> ``invoice_no``.

    :param header: name as delivered
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


def _column(header: str, values: list[str]) -> SampleColumn:
    present = [value for value in values if value]
    kind, time_format = _type_of(present)
    name = column_name(header)
    looks_personal = bool(_PERSONAL.search(name))
    if looks_personal:
        kind, time_format = "varchar(64)", None  # a pseudonym is 64 hexadecimal digits
    return SampleColumn(
        header=header,
        name=name,
        physical_type=kind,
        time_format=time_format,
        required=bool(present) and len(present) == len(values),
        unique=len(present) == len(values) == len(set(values)) and len(values) > 1,
        looks_personal=looks_personal,
    )


def _type_of(values: list[str]) -> tuple[str, str | None]:
    if not values:
        return "varchar(256)", None
    if all(value in ("true", "false") for value in values):
        return "boolean", None
    if all(_WHOLE.fullmatch(value) for value in values):
        return ("int" if max(abs(int(value)) for value in values) <= _INT_MAX else "bigint"), None
    if all(_NUMBER.fullmatch(value) for value in values) and not any(_has_leading_zero(value) for value in values):
        scale = max(len(value.partition(".")[2]) for value in values)
        return f"decimal(18,{scale})", None
    for kind, java, python in _TIMES:
        if all(_fits(value, python) for value in values):
            return kind, java
    longest = max(len(value.encode()) for value in values)
    return f"varchar({max(16, 1 << (2 * longest - 1).bit_length())})", None


def _has_leading_zero(value: str) -> bool:
    """Codes like 007 are text: as numbers they would lose their zeros."""
    digits = value.lstrip("-")
    return len(digits) > 1 and digits.startswith("0") and not digits.startswith("0.")


def _fits(value: str, time_format: str) -> bool:
    try:
        datetime.strptime(value, time_format)  # noqa: DTZ007 (only whether it fits)
    except ValueError:
        return False
    return True


def key_column(columns: list[SampleColumn]) -> SampleColumn | None:
    """Return the column that identifies a row in the sample, None when no single one does.

    :param columns: result of :func:`read_sample`
    """
    kinds = ("int", "bigint", "varchar")  # times and amounts that do not repeat in a sample are chance
    candidates = [column for column in columns if column.physical_type.startswith(kinds)]
    return next((column for column in candidates if column.unique and column.required), None)


def day_column(columns: list[SampleColumn]) -> SampleColumn | None:
    """Return the column that dates a row, None when there is none.

    :param columns: result of :func:`read_sample`
    """
    return next((column for column in columns if column.time_format and column.required), None)
