"""What a sample of the delivery tells about its columns."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

from lake.contracts.personal import looks_personal
from lake.contracts.reserved_words import unreserved

SAMPLE_ROWS = 100_000
_DELIMITERS = ",;\t|"
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?\d{1,14}(\.\d{1,4})?")
_FLOATING = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_INT_ROOM = 214_748_364  # a tenth of what an int holds: numbers of a sample grow
# Java's pattern letters beside Python's; both say the same.
_TIMES = (
    ("date", "yyyy-MM-dd", "%Y-%m-%d"),
    ("timestamp", "yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
    ("timestamp", "yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
    ("date", "dd/MM/yyyy", "%d/%m/%Y"),
)
# Texts that export tools write for "no value". The first two are nothing else, whatever column they stand in.
_NULL_TEXTS = ("\\N", "NULL", "NA", "N/A", "null", "NaN", "None", "-")
_NEVER_VALUES = _NULL_TEXTS[:2]


class SampleError(ValueError):
    """The sample cannot be used; the message says why."""


@dataclass(frozen=True)
class SampleColumn:
    """A delivered column.

    :param header: name as delivered
    :param name: name in tables
    :param physical_type: narrowest type that holds every value of the sample, with room to grow
    :param time_format: format of a date or timestamp, else None
    :param required: True when no value is empty
    :param unique: True when no value repeats
    :param looks_personal: True when name or values are typical for personal data
    """

    header: str
    name: str
    physical_type: str
    time_format: str | None
    required: bool
    unique: bool
    looks_personal: bool


@dataclass(frozen=True)
class Sample:
    """A delivery as far as a sample tells.

    :param columns: in the order of the header
    :param delimiter: sign between two fields
    :param null_texts: texts that mean "no value" besides an empty field
    """

    columns: list[SampleColumn]
    delimiter: str = ","
    null_texts: tuple[str, ...] = ()


def read_sample(path: Path) -> Sample:
    """Infer the columns of a CSV file from its header and values.

    :param path: a UTF-8 CSV file with a header, also compressed with gzip; the first 100,000 rows count
    :raises SampleError: if it is not one
    """
    try:
        with _opened(path) as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            header = [name.strip() for name in next(rows, [])]
            values: list[list[str]] = [[] for _ in header]
            for row in islice(rows, SAMPLE_ROWS):
                if row and len(row) != len(header):
                    raise SampleError(f"{path}: line {rows.line_num} has {len(row)} fields, the header {len(header)}")
                for column, value in zip(values, row, strict=False):
                    column.append(value.strip())
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise SampleError(f"{path}: {error}") from error
    names = [column_name(text) for text in header]
    if not header or not all(names) or len(set(names)) != len(names):
        raise SampleError(f"{path}: the header must name every column once; found {', '.join(header) or 'nothing'}")
    null_texts = _null_texts(values)
    columns = [
        _column(text, ["" if value in null_texts else value for value in found])
        for text, found in zip(header, values, strict=True)
    ]
    return Sample(columns, delimiter, null_texts)


def column_name(header: str) -> str:
    """Return a table's name for a delivered column: ``InvoiceNo`` -> ``invoice_no``, ``Order`` -> ``order_``.

    A word that an engine reserves gets an underscore, which no other name ends with.

    :param header: name as delivered
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header)
    name = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return f"c_{name}" if name[:1].isdigit() else unreserved(name)


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        raise SampleError(
            f"{path}: this is Parquet, and the Airflow runtime has no pyarrow to read it; deliveries are CSV anyway. "
            "Take a sample as CSV, or crawl the files and import the table: --glue-table DATABASE.TABLE"
        )
    if magic[:2] == b"\x1f\x8b":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _delimiter(header: str) -> str:
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=outside_quotes.count)


def _null_texts(values: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the texts that stand for "no value".

    NA in a column of numbers does; in a column of texts alone it may be Namibia.
    """
    found = set()
    for column in values:
        present = {value for value in column if value}
        suspects = present.intersection(_NULL_TEXTS)
        found |= suspects.intersection(_NEVER_VALUES)
        rest = sorted(present - suspects)
        if suspects and rest and not _type_of(rest)[0].startswith("varchar"):
            found |= suspects
    return tuple(text for text in _NULL_TEXTS if text in found)


def _column(header: str, values: list[str]) -> SampleColumn:
    present = [value for value in values if value]
    kind, time_format = _type_of(present)
    name = column_name(header)
    personal = looks_personal(name, present if time_format is None else [])
    if personal:
        kind, time_format = "varchar(64)", None  # a pseudonym is 64 hexadecimal digits
    return SampleColumn(
        header=header,
        name=name,
        physical_type=kind,
        time_format=time_format,
        required=bool(present) and len(present) == len(values),
        unique=len(present) == len(values) == len(set(values)) and len(values) > 1,
        looks_personal=personal,
    )


def _type_of(values: Sequence[str]) -> tuple[str, str | None]:
    if not values:
        return "varchar(256)", None
    if all(value in ("true", "false") for value in values):
        return "boolean", None
    if all(_WHOLE.fullmatch(value) for value in values):
        return ("int" if max(abs(int(value)) for value in values) <= _INT_ROOM else "bigint"), None
    if not any(_has_leading_zero(value) for value in values):
        if all(_NUMBER.fullmatch(value) for value in values):
            scale = max(len(value.partition(".")[2]) for value in values)
            return f"decimal(18,{scale})", None
        # Digits without a point are long codes, not measurements: as doubles they would be rounded.
        if all(_FLOATING.fullmatch(value) for value in values) and any(set(value) & set(".eE") for value in values):
            return "double", None
    for kind, java, python in _TIMES:
        if all(_fits(value, python) for value in values):
            return kind, java
    longest = max(len(value.encode()) for value in values)
    return f"varchar({min(65535, max(16, 1 << (2 * longest - 1).bit_length()))})", None


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

    :param columns: columns of a sample
    """
    kinds = ("int", "bigint", "varchar")  # times and amounts that do not repeat in a sample are chance
    candidates = [column for column in columns if column.physical_type.startswith(kinds)]
    return next((column for column in candidates if column.unique and column.required), None)


def day_column(columns: list[SampleColumn]) -> SampleColumn | None:
    """Return the column that dates a row, None when there is none.

    :param columns: columns of a sample
    """
    return next((column for column in columns if column.time_format and column.required), None)
