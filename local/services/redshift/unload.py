"""UNLOAD: writes the result of a query to S3."""

from __future__ import annotations

import csv
import gzip
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.services.redshift.copy.options import Tokens
from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import S3Access, split_url
from local.services.redshift.statement_text import unquote

if TYPE_CHECKING:
    from psycopg import Column

_BATCH_ROWS = 10_000
_SLICES = 2  # PARALLEL ON writes one file per slice; a small warehouse has two
_ARROW_TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class _Options:
    """Parameters of UNLOAD (dg/r_UNLOAD)."""

    iam_role: str | None = None
    authorized: bool = False
    format: str = "text"
    delimiter: str | None = None
    header: bool = False
    gzip: bool = False
    manifest: bool = False
    verbose: bool = False
    allow_overwrite: bool = False
    clean_path: bool = False
    parallel: bool = True
    null_as: str = ""
    add_quotes: bool = False
    extension: str = ""
    partition_by: list[str] = field(default_factory=list)
    include_partitions: bool = False


def _format(name: str) -> Callable[[_Options, Tokens], None]:
    return lambda options, tokens: setattr(options, "format", name)


def _flag(name: str) -> Callable[[_Options, Tokens], None]:
    return lambda options, tokens: setattr(options, name, True)


def _iam_role(options: _Options, tokens: Tokens) -> None:
    options.authorized = True
    if not tokens.skip("DEFAULT"):
        options.iam_role = tokens.string("IAM_ROLE")


def _credentials(options: _Options, tokens: Tokens) -> None:
    found = re.search(r"aws_iam_role=([^;]+)", tokens.string("CREDENTIALS"))
    if found is None:
        raise RedshiftError("access keys are not accepted by the local Redshift: use IAM_ROLE")
    options.authorized, options.iam_role = True, found[1]


def _partition(options: _Options, tokens: Tokens) -> None:
    if not tokens.skip("BY"):
        raise RedshiftError('syntax error at or near "PARTITION"')
    options.partition_by = tokens.names()
    options.include_partitions = tokens.skip("INCLUDE")


def _manifest(options: _Options, tokens: Tokens) -> None:
    options.manifest = True
    options.verbose = tokens.skip("VERBOSE")


_READERS: dict[str, Callable[[_Options, Tokens], object]] = {
    "IAM_ROLE": _iam_role,
    "CREDENTIALS": _credentials,
    "FORMAT": lambda o, t: t.skip("AS"),
    "PARQUET": _format("parquet"),
    "CSV": _format("csv"),
    "JSON": _format("json"),
    "DELIMITER": lambda o, t: setattr(o, "delimiter", t.string("DELIMITER").replace("\\t", "\t")),
    "HEADER": _flag("header"),
    "GZIP": _flag("gzip"),
    "MANIFEST": _manifest,
    "ALLOWOVERWRITE": _flag("allow_overwrite"),
    "CLEANPATH": _flag("clean_path"),
    "PARALLEL": lambda o, t: setattr(o, "parallel", t.switch()),
    "NULL": lambda o, t: setattr(o, "null_as", t.string("NULL AS")),
    "ADDQUOTES": _flag("add_quotes"),
    "EXTENSION": lambda o, t: setattr(o, "extension", "." + t.string("EXTENSION").lstrip(".")),
    "PARTITION": _partition,
    "REGION": lambda o, t: t.string("REGION"),
    "MAXFILESIZE": lambda o, t: (t.skip("AS"), t.number("MAXFILESIZE"), t.skip("MB", "GB")),
    "ROWGROUPSIZE": lambda o, t: (t.skip("AS"), t.number("ROWGROUPSIZE"), t.skip("MB", "GB")),
}


def unload(session: Session, statement: Statement) -> Outcome:
    """UNLOAD ('query') TO 's3://...'.

    :raises RedshiftError: the target is not empty, or may not be written
    """
    found = re.match(
        r"UNLOAD\s*\(\s*(?P<query>'(?:[^'\\]|\\.|'')*'|\$\$.*?\$\$)\s*\)\s*TO\s+(?P<url>'[^']+')(?P<options>.*)\Z",
        statement.text,
        re.IGNORECASE | re.DOTALL,
    )
    if found is None:
        raise RedshiftError("syntax error in UNLOAD: UNLOAD ('query') TO 's3://...' IAM_ROLE ... is expected")
    options = _read_options(found["options"])
    s3, url = S3Access(session, options.iam_role, "UNLOAD"), unquote(found["url"])
    existing = s3.files(url)
    if existing and options.clean_path:
        s3.delete(existing)
    elif existing and not options.allow_overwrite:
        raise RedshiftError(
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
            "removing the target files in S3, or using the ALLOWOVERWRITE option."
        )
    from local.services.redshift.engine.queries import translate  # it needs this package's expansion

    columns, rows = session.stream(translate(session, unquote(found["query"])))
    with tempfile.TemporaryDirectory(prefix="unload-", dir=session.settings.folder("tmp")) as folder:
        target = _Target(Path(folder), columns, options)
        for batch in iter(lambda: list(islice(rows, _BATCH_ROWS)), []):
            session.check_cancelled()
            target.add(batch)
        count, size = target.upload(s3, url)
    _record(session, url, count, size, options.format)
    notice = f"INFO:  UNLOAD completed, {count} record(s) unloaded successfully."
    return Outcome(affected=count, kind="UNLOAD", notices=[notice])


def _read_options(text: str) -> _Options:
    tokens, options = Tokens(text), _Options()
    while (word := tokens.next_word()) is not None:
        reader = _READERS.get(word)
        if reader is None:
            raise RedshiftError(f'syntax error at or near "{word}"')
        reader(options, tokens)
    if not options.authorized:
        raise RedshiftError("CREDENTIALS argument is required but not supplied; use IAM_ROLE")
    if options.format == "parquet" and (options.gzip or options.header or options.delimiter):
        raise RedshiftError("UNLOAD with PARQUET does not take GZIP, HEADER or DELIMITER")
    return options


class _Target:
    """Files of one UNLOAD, written locally and then uploaded: a failed query leaves nothing in S3."""

    def __init__(self, folder: Path, columns: Sequence[Column], options: _Options) -> None:
        self._folder = folder
        self._options = options
        self._names = [column.name for column in columns]
        self._schema = pa.schema([(column.name, _arrow_type(column)) for column in columns])
        unknown = [name for name in options.partition_by if name not in self._names]
        if unknown:
            raise RedshiftError(f'partition column "{unknown[0]}" does not exist in the query')
        self._files: dict[str, _File] = {}
        self._batches = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        for key, part in self._split(rows):
            file = self._files.get(key)
            if file is None:
                file = _File(self._folder / str(len(self._files)), self._kept_schema(), self._options)
                self._files[key] = file
            file.write(part)

    def upload(self, s3: S3Access, url: str) -> tuple[int, int]:
        """Give the number of rows and bytes written."""
        bucket, prefix = split_url(url)
        if not self._files and not self._options.partition_by:
            self._files["000" if not self._options.parallel else "0000_part_00"] = _File(
                self._folder / "empty", self._kept_schema(), self._options
            )
        entries, count, size = [], 0, 0
        for key, file in self._files.items():
            file.close()
            name = f"{prefix}{key}{self._suffix()}"
            s3.upload(file.path, bucket, name)
            length = file.path.stat().st_size
            count, size = count + file.rows, size + length
            meta = {"content_length": length, "record_count": file.rows}
            entries.append({"url": f"s3://{bucket}/{name}", **({"meta": meta} if self._verbose() else {})})
        if self._options.manifest:
            s3.write(json.dumps(self._manifest(entries, count, size)).encode(), bucket, f"{prefix}manifest")
        return count, size

    def _verbose(self) -> bool:
        # COPY of columnar files needs the sizes
        return self._options.verbose or self._options.format == "parquet"

    def _manifest(self, entries: list[dict[str, Any]], count: int, size: int) -> dict[str, Any]:
        manifest: dict[str, Any] = {"entries": entries}
        if self._options.verbose:
            elements = [{"name": item.name, "type": {"base": str(item.type)}} for item in self._schema]
            manifest |= {
                "schema": {"elements": elements},
                "meta": {"content_length": size, "record_count": count},
                "author": {"name": "Amazon Redshift", "version": "1.0.0"},
            }
        return manifest

    def _suffix(self) -> str:
        if self._options.extension:
            return self._options.extension
        return ".parquet" if self._options.format == "parquet" else ".gz" if self._options.gzip else ""

    def _kept_schema(self) -> pa.Schema:
        if self._options.include_partitions:
            return self._schema
        return pa.schema([item for item in self._schema if item.name not in self._options.partition_by])

    def _split(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Sequence[Any]]]]:
        """Give each file's key and its rows."""
        if not self._options.partition_by:
            slice_number = self._batches % _SLICES
            self._batches += 1
            yield ("000" if not self._options.parallel else f"{slice_number:04d}_part_00"), list(rows)
            return
        places = [self._names.index(name) for name in self._options.partition_by]
        kept = [place for place, name in enumerate(self._names) if name in self._kept_schema().names]
        parts: dict[str, list[Sequence[Any]]] = {}
        for row in rows:
            pairs = zip(self._options.partition_by, (row[place] for place in places), strict=True)
            folder = "/".join(f"{name}={_NULL_PARTITION if value is None else value}" for name, value in pairs)
            parts.setdefault(f"{folder}/0000_part_00", []).append([row[place] for place in kept])
        yield from parts.items()


class _File:
    """One local output file."""

    def __init__(self, path: Path, schema: pa.Schema, options: _Options) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        self._options = options
        if options.format == "parquet":
            self._parquet = pq.ParquetWriter(path, schema, compression="snappy")
            return
        opened = gzip.open if options.gzip else open  # closed by close()
        self._text: IO[Any] = opened(path, "wt", encoding="utf-8", newline="")
        separator = options.delimiter or ("," if options.format == "csv" else "|")
        self._separator = separator
        self._csv = csv.writer(self._text, delimiter=separator, lineterminator="\n")
        if options.header and options.format != "json":
            self._line(schema.names)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self.rows += len(rows)
        if self._options.format == "parquet":
            arrays = [
                pa.array([_plain(row[place], item.type) for row in rows], item.type)
                for place, item in enumerate(self._schema)
            ]
            self._parquet.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        elif self._options.format == "json":
            for row in rows:
                self._text.write(json.dumps(dict(zip(self._schema.names, row, strict=True)), default=str) + "\n")
        else:
            for row in rows:
                self._line([self._options.null_as if value is None else _text(value) for value in row])

    def close(self) -> None:
        if self._options.format == "parquet":
            self._parquet.close()
        else:
            self._text.close()

    def _line(self, values: Sequence[str]) -> None:
        if self._options.format == "csv":
            self._csv.writerow(values)
        else:
            quote = '"' if self._options.add_quotes else ""
            self._text.write(self._separator.join(f"{quote}{value}{quote}" for value in values) + "\n")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _plain(value: Any, kind: pa.DataType) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value) if value is not None and pa.types.is_string(kind) else value


def _arrow_type(column: Column) -> pa.DataType:
    if column.type_code == 1700:
        return pa.decimal128(column.precision or 38, column.scale or 0) if column.precision else pa.decimal128(38, 10)
    return _ARROW_TYPES.get(column.type_code, pa.string())


def _record(session: Session, url: str, rows: int, size: int, file_format: str) -> None:
    with session.journal() as journal:
        journal.execute(
            "INSERT INTO redshift_meta.unloads VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (session.query_id, session.user.name, url, rows, size, file_format, datetime.now(UTC).replace(tzinfo=None)),
        )
