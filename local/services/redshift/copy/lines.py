"""Reads text files of COPY: CSV, delimited, JSON. Yields rows of texts, or rejects; never holds a whole file."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from local.services.redshift.copy.options import CopyOptions
from local.services.redshift.copy.rejects import Reject
from local.services.redshift.engine.session import TableColumn
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import S3File

MAX_ROW_BYTES = 4 << 20  # "The maximum size of a single input row" (dg/r_COPY)
csv.field_size_limit(MAX_ROW_BYTES)


@dataclass(frozen=True)
class Row:
    """:param values: one text per target column, None = NULL."""

    line: int
    raw: str
    values: Sequence[str | None]


def read_rows(
    path: Path,
    file: S3File,
    columns: Sequence[TableColumn],
    options: CopyOptions,
    json_paths: Sequence[Sequence[str]] | None,
) -> Iterator[Row | Reject]:
    """Read the rows of one file in order.

    :param json_paths: keys per column for a JSONPaths file; None = match by name
    :raises RedshiftError: the file cannot be decompressed
    """
    with _opened(path, options) as source:
        lines = _Lines(source, file, options)
        try:
            if options.format == "JSON":
                yield from _json_rows(lines, columns, options, json_paths)
            elif options.format == "CSV":
                yield from _csv_rows(lines, columns, options)
            else:
                yield from _delimited_rows(lines, columns, options)
        except (EOFError, OSError, ValueError) as error:
            raise RedshiftError(
                f"Failed to read {file.url}: {error}", hint="is the file complete and compressed as COPY says?"
            ) from error


def _opened(path: Path, options: CopyOptions) -> Any:
    if options.compression == "gzip":
        return gzip.open(path, "rb")
    if options.compression == "bzip2":
        return bz2.open(path, "rb")
    if options.compression == "zstd":
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


class _Lines:
    """Decoded lines of a file; a line that is not UTF-8 or too long becomes a reject."""

    def __init__(self, source: IO[bytes], file: S3File, options: CopyOptions) -> None:
        self.file = file
        self.number = 0  # of the line given last
        self.rejects: list[Reject] = []
        self._source = source
        self._replacement = options.replace_invalid_characters
        self._skip = options.ignore_header

    def __iter__(self) -> Iterator[str]:
        while raw := self._source.readline(MAX_ROW_BYTES + 1):
            self.number += 1
            if len(raw) > MAX_ROW_BYTES:
                self._reject(raw, 1202, "Record size greater than 4194304 bytes")
                while raw and not raw.endswith(b"\n"):
                    raw = self._source.readline(MAX_ROW_BYTES)
                continue
            if self.number <= self._skip:
                continue
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError as error:
                if self._replacement is None:
                    bad = raw[error.start : error.start + 1].hex()
                    self._reject(raw, 1220, f"Multibyte character not supported: invalid UTF-8 sequence 0x{bad}")
                else:
                    yield raw.decode("utf-8", errors="replace").replace("\ufffd", self._replacement)

    def _reject(self, raw: bytes, code: int, reason: str) -> None:
        text = raw[:1024].decode("utf-8", errors="replace")
        self.rejects.append(Reject(self.file.url, self.number, None, text.rstrip("\r\n"), "", code, reason))

    def taken_rejects(self) -> list[Reject]:
        rejects, self.rejects = self.rejects, []
        return rejects


def _csv_rows(lines: _Lines, columns: Sequence[TableColumn], options: CopyOptions) -> Iterator[Row | Reject]:
    consumed: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            consumed.append(line)
            yield line

    reader = csv.reader(remembered(), delimiter=options.separator, quotechar=options.quote, strict=True)
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield Reject(
                lines.file.url,
                lines.number,
                None,
                "".join(consumed).rstrip("\r\n"),
                "",
                1214,
                f"Invalid quote formatting for CSV: {error}",
            )
            consumed.clear()
            continue
        yield from lines.taken_rejects()
        if fields is None:
            return
        raw = "".join(consumed).rstrip("\r\n")
        start = lines.number - max(len(consumed), 1) + 1
        consumed.clear()
        if fields:
            yield from _checked(lines.file, start, raw, fields, columns, options)


def _delimited_rows(lines: _Lines, columns: Sequence[TableColumn], options: CopyOptions) -> Iterator[Row | Reject]:
    for line in lines:
        yield from lines.taken_rejects()
        raw = line.rstrip("\r\n")
        if options.escape:
            fields = [
                re.sub(r"\\(.)", r"\1", part) for part in re.split(rf"(?<!\\){re.escape(options.separator)}", raw)
            ]
        else:
            fields = raw.split(options.separator)
        if options.remove_quotes:
            fields = [f[1:-1] if len(f) > 1 and f[0] == f[-1] and f[0] in "'\"" else f for f in fields]
        yield from _checked(lines.file, lines.number, raw, fields, columns, options)
    yield from lines.taken_rejects()


def _checked(
    file: S3File, line: int, raw: str, fields: list[str], columns: Sequence[TableColumn], options: CopyOptions
) -> Iterator[Row | Reject]:
    if len(fields) == 1 and not fields[0].strip() and options.ignore_blank_lines:
        return
    if len(fields) > len(columns):
        yield Reject(file.url, line, None, raw, fields[len(columns)], 1202, "Extra column(s) found")
    elif len(fields) < len(columns) and not options.fill_record:
        yield Reject(file.url, line, columns[len(fields)], raw, "", 1214, "Delimiter not found")
    else:
        values: list[str | None] = [
            _value(text, column, options) for text, column in zip(fields, columns, strict=False)
        ]
        values += [None] * (len(columns) - len(fields))
        yield Row(line, raw, values)


def _value(text: str, column: TableColumn, options: CopyOptions) -> str | None:
    is_text = column.base_type.startswith(("character", "text"))
    null = "\\N" if options.null_as is None else options.null_as
    if text == null or (text == "" and (options.empty_as_null or not is_text)):
        return None
    if options.blanks_as_null and not text.strip():
        return None
    return text.rstrip(" ") if options.trim_blanks and is_text else text


def _json_rows(
    lines: _Lines, columns: Sequence[TableColumn], options: CopyOptions, paths: Sequence[Sequence[str]] | None
) -> Iterator[Row | Reject]:
    """Objects one after the other; an object may span lines."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    ignore_case = "ignorecase" in options.json_paths
    keys = paths or [[column.name] for column in columns]
    pending, start = "", 1
    for line in lines:
        yield from lines.taken_rejects()
        if not pending.strip():
            pending, start = "", lines.number
        pending += line
        while pending.strip():
            text = pending.lstrip()
            try:
                found, end = decoder.raw_decode(text)
            except ValueError:
                if _may_continue(text):
                    break
                yield Reject(
                    lines.file.url, start, None, text.rstrip("\r\n"), "", 1224, "Invalid JSON format. Invalid value."
                )
                pending = ""
                break
            yield _json_row(start, text[:end], found, columns, keys, ignore_case)
            pending, start = text[end:], lines.number
    yield from lines.taken_rejects()
    if pending.strip():
        yield Reject(lines.file.url, start, None, pending.strip(), "", 1224, "Invalid JSON format. Invalid value.")


def _may_continue(text: str) -> bool:
    """Tell whether an object that does not parse yet may only be incomplete."""
    if len(text.encode()) > MAX_ROW_BYTES:
        return False
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    return bare.count("{") > bare.count("}") and "\n{" not in bare


def _json_row(
    line: int, raw: str, found: Any, columns: Sequence[TableColumn], keys: Sequence[Sequence[str]], ignore_case: bool
) -> Row:
    if ignore_case and isinstance(found, dict):
        found = {key.lower(): value for key, value in found.items()}
    values = [_json_text(_step(found, path), column) for column, path in zip(columns, keys, strict=True)]
    return Row(line, raw, values)


def _step(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _json_text(value: Any, column: TableColumn) -> str | None:
    if value is None:
        return None
    if isinstance(value, (dict, list)) or column.type == "jsonb":
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def read_json_paths(content: bytes, columns: Sequence[TableColumn]) -> list[list[str]]:
    """Read a JSONPaths file.

    :raises RedshiftError: not as dg/copy-parameters-data-format describes
    """
    try:
        expressions = json.loads(content)["jsonpaths"]
    except (ValueError, KeyError, TypeError) as error:
        raise RedshiftError(f"Invalid JSONPaths file: {error}") from error
    if len(expressions) != len(columns):
        raise RedshiftError(
            "Number of jsonpaths and the number of columns should match. "
            f"JSONPath size: {len(expressions)}, Number of columns in table or column list: {len(columns)}"
        )
    return [[a or b for a, b in re.findall(r"\['?([^'\]]+)'?\]|\.([\w]+)", expression)] for expression in expressions]
