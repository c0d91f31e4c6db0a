"""Reading one delivered CSV file: records with their line numbers, and a report on the file.

Pure Python, because Spark's reader knows neither line numbers nor a header per file, stops silently at a truncated
gzip and replaces bytes that are not UTF-8. Columns are found by header name. A record that cannot be split is handed
on with its text and the rule it breaks; a file that cannot be read is reported as a whole. A record with a NUL
character is split, but breaks a rule, too: the warehouse stores no such text and refuses the whole day for one.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, NamedTuple

from glue_jobs.contracts import Landing

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FIELD_LIMIT_BYTES = 2**31 - 1  # csv's own limit of 128 KiB would stop the file instead of refusing the record

WRONG_FIELD_COUNT = "record_wrong_field_count"
NOT_UTF8 = "record_not_utf8"
NOT_CSV = "record_not_csv"
TOO_LONG = "record_too_long"
HAS_NUL = "record_has_nul"
NUL = "\x00"

SCHEMA_MISMATCH = "SchemaMismatch"
UNREADABLE_FILE = "UnreadableFile"


class Record(NamedTuple):
    """One record of a file.

    :param line: number of its first line; the header is line 1
    :param values: text by delivered column in contract order, None for a column the file does not have
    :param rescued: JSON of the columns the contract does not know, None when there are none
    :param problem: id of the structure rule it breaks, else None
    :param text: the record as delivered when it could not be split into columns, else None
    """

    line: int
    values: list[str | None]
    rescued: str | None
    problem: str | None
    text: str | None


@dataclass
class FileReport:
    """What was found in one file.

    :param file: URI of the file
    :param records: number of records, the header not counted
    :param header: column names as delivered
    :param unknown_columns: delivered columns the contract does not know
    :param missing_columns: optional columns the file does not have
    :param reordered: True when the known columns do not come in the contract's order
    :param problem: class of the problem that makes the whole file unusable, else None
    :param message: the problem in a sentence
    """

    file: str
    records: int = 0
    header: list[str] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    reordered: bool = False
    problem: str | None = None
    message: str | None = None

    def refuse(self, problem: str, message: str) -> None:
        """Mark the file as unusable.

        :param problem: SchemaMismatch or UnreadableFile
        :param message: what is wrong, without the file's name
        """
        self.problem, self.message = problem, f"{self.file} {message}"

    def to_json(self) -> str:
        """Return the report as JSON, to travel among the records."""
        return json.dumps(asdict(self))


def read_records(report: FileReport, content: IO[bytes], landing: Landing) -> Iterator[Record]:
    """Read a file; the report is complete when the iterator ends.

    :param report: an empty report that names the file
    :param content: the bytes, seekable, plain or gzip
    :param landing: columns and dialect of the contract
    """
    csv.field_size_limit(FIELD_LIMIT_BYTES)
    compressed = content.read(2) == GZIP_MAGIC
    content.seek(0)
    stream: IO[bytes] = gzip.GzipFile(fileobj=content) if compressed else content  # type: ignore[assignment]
    lines = _Lines(stream)
    rows = csv.reader(lines, delimiter=landing.delimiter, quotechar=landing.quote, strict=True)
    try:
        positions = _read_header(report, lines, rows, landing)
        if positions is not None:
            for record in _split_records(lines, rows, positions, report.header, landing):
                report.records += 1
                yield record
    except EOFError:
        report.refuse(
            UNREADABLE_FILE, f"is a gzip file that ends too early, after line {lines.count}; deliver it again."
        )
    except (gzip.BadGzipFile, zlib.error) as error:
        report.refuse(UNREADABLE_FILE, f"is a damaged gzip file after line {lines.count} ({error}); deliver it again.")


class _Lines:
    """The lines of a file as text, remembering what the current record was made of."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = iter(stream)
        self.count = 0
        self.start_record()

    def start_record(self) -> None:
        self.first = self.count + 1
        self.taken: list[str] = []
        self.size = 0
        self.is_utf8 = True

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        if self.count == 0:
            line = line.removeprefix(BYTE_ORDER_MARK)
        self.count += 1
        self.size += len(line)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self.is_utf8 = False
            text = line.decode("utf-8", "backslashreplace")
        self.taken.append(text)
        return text

    def text(self) -> str:
        return "".join(self.taken)


def _read_header(
    report: FileReport, lines: _Lines, rows: Iterator[list[str]], landing: Landing
) -> dict[str, int | None] | None:
    """Read the header; return the position of each delivered column, None when there are no records to read."""
    try:
        header = next((row for row in rows if row), None)
    except csv.Error as error:
        report.refuse(UNREADABLE_FILE, f"has a header that is not CSV ({error}).")
        return None
    if header is None:
        return None
    if not lines.is_utf8 or NUL in lines.text():
        report.refuse(UNREADABLE_FILE, "is not UTF-8 text; deliver it as UTF-8 CSV, plain or gzip.")
        return None
    report.header = [name.strip() for name in header]
    return _match_columns(report, landing)


def _match_columns(report: FileReport, landing: Landing) -> dict[str, int | None] | None:
    expected = list(landing.columns)
    found = [name.lower() for name in report.header]
    known = {name.lower() for name in expected}
    report.unknown_columns = [name for name in report.header if name.lower() not in known]
    missing = [name for name in expected if name.lower() not in found]
    described = f"expected {', '.join(expected)}; found {_shortened(report.header)}"
    repeated = sorted({name for name in report.header if found.count(name.lower()) > 1})
    if repeated:
        report.refuse(SCHEMA_MISMATCH, f"has column(s) {', '.join(repeated)} more than once; {described}.")
    elif len(missing) == len(expected):
        report.refuse(SCHEMA_MISMATCH, f"holds none of the columns, it looks like another product's; {described}.")
    elif any(landing.columns[name] for name in missing):
        required = [name for name in missing if landing.columns[name]]
        report.refuse(SCHEMA_MISMATCH, f"misses column(s) {', '.join(required)}; {described}.")
    elif len(missing) == 1 and len(report.unknown_columns) == 1:
        new = report.unknown_columns[0]
        report.refuse(SCHEMA_MISMATCH, f"has {new} and no {missing[0]}, it looks renamed; {described}.")
    if report.problem:
        return None
    report.missing_columns = missing
    positions = {name: found.index(name.lower()) if name not in missing else None for name in expected}
    order = [position for position in positions.values() if position is not None]
    report.reordered = order != sorted(order)
    return positions


def _split_records(
    lines: _Lines,
    rows: Iterator[list[str]],
    positions: dict[str, int | None],
    header: list[str],
    landing: Landing,
) -> Iterator[Record]:
    nothing: list[str | None] = [None] * len(positions)
    places = list(positions.values())
    unknown = [(name, place) for place, name in enumerate(header) if place not in places]
    while True:
        lines.start_record()
        problem = None
        row: list[str] = []
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            problem = NOT_CSV
        if not row and problem is None:
            continue  # an empty line is no record
        if not lines.is_utf8:
            problem = NOT_UTF8
        elif lines.size > landing.max_record_bytes:
            problem = TOO_LONG
        elif problem is None and len(row) != len(header):
            problem = WRONG_FIELD_COUNT
        if problem:
            yield Record(lines.first, nothing, None, problem, lines.text())
            continue
        values = [row[place] if place is not None else None for place in places]
        rescued = json.dumps({name: row[place] for name, place in unknown}) if unknown else None
        yield Record(lines.first, values, rescued, HAS_NUL if NUL in lines.text() else None, None)


def _shortened(header: list[str]) -> str:
    text = ", ".join(header)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(header)} columns)"


def open_bytes(content: memoryview | bytes) -> IO[bytes]:
    """Return bytes as a file object.

    :param content: the whole file
    """
    return io.BytesIO(content)
