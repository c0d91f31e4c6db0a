"""Query results as data files of a table."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.orc

from local.services.athena.duckdb_pool import load_extension
from local.services.athena.errors import QueryFailed
from local.services.athena.hive_types import writable_cast
from local.services.athena.names import as_folder, identifier, literal
from local.services.athena.session import QuerySession

_PARQUET_CODECS = ("GZIP", "SNAPPY", "ZSTD", "BROTLI", "LZ4", "UNCOMPRESSED")
_TEXT_CODECS = {"GZIP": ".gz", "ZSTD": ".zst", "UNCOMPRESSED": ""}
_ORC_CODECS = ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "UNCOMPRESSED")
_DEFAULT_CODECS = {"ORC": "ZLIB", "AVRO": "UNCOMPRESSED"}


@dataclass(frozen=True)
class FileLayout:
    """:param format: PARQUET, ORC, AVRO, JSON or TEXTFILE.
    :param codec: compression; None = the format's default (GZIP, ZLIB for ORC).
    :param partition_by: last columns of the query; one folder per value.
    :param bucket_by: columns that spread rows over ``buckets`` files.
    """

    format: str
    codec: str | None = None
    partition_by: Sequence[str] = ()
    bucket_by: Sequence[str] = ()
    buckets: int = 0
    field_delimiter: str = "\x01"

    def checked(self) -> FileLayout:
        """This layout with its codec filled in.

        :raises QueryFailed: no such format, or the format has no such codec.
        """
        codecs: Sequence[str]
        if self.format == "PARQUET":
            codecs = _PARQUET_CODECS
        elif self.format == "ORC":
            codecs = _ORC_CODECS
        elif self.format in ("JSON", "TEXTFILE"):
            codecs = tuple(_TEXT_CODECS)
        elif self.format == "AVRO":
            codecs = ("UNCOMPRESSED",)
        else:
            raise QueryFailed(
                "INVALID_TABLE_PROPERTY",
                f"Unable to set format '{self.format}'. Use PARQUET, ORC, AVRO, JSON or TEXTFILE.",
            )
        codec = (self.codec or _DEFAULT_CODECS.get(self.format, "GZIP")).upper()
        codec = "UNCOMPRESSED" if codec == "NONE" else codec
        if codec not in codecs:
            raise QueryFailed(
                "INVALID_TABLE_PROPERTY",
                f"{self.format} cannot be written with compression {codec}. Use {', '.join(codecs)}.",
            )
        return FileLayout(self.format, codec, self.partition_by, self.bucket_by, self.buckets, self.field_delimiter)

    def prepare(self, session: QuerySession) -> None:
        """Load what writing needs; to be called before the session is hardened."""
        if self.format == "AVRO":
            load_extension(session.connection, "avro")


def write_files(
    session: QuerySession, sql: str, types: Sequence[tuple[str, str]], location: str, layout: FileLayout
) -> int:
    """Run a query and write its rows below a location. A failure leaves no file of this query behind.

    :param types: names and DuckDB types of the query's columns.
    :param layout: checked.
    :returns: number of rows.
    """
    query = _with_stored_types(sql, types)
    try:
        rows = _write(session, query, as_folder(location), layout)
        session.count_bytes()
    except BaseException:
        session.storage.delete_containing(location, session.execution_id)
        raise
    return rows


def _with_stored_types(sql: str, types: Sequence[tuple[str, str]]) -> str:
    casts = [writable_cast(kind) for _, kind in types]
    if not any(casts):
        return sql
    columns = ", ".join(
        f"CAST({identifier(name)} AS {cast}) AS {identifier(name)}" if cast else identifier(name)
        for (name, _), cast in zip(types, casts, strict=True)
    )
    return f"SELECT {columns} FROM ({sql})"


def _write(session: QuerySession, query: str, location: str, layout: FileLayout) -> int:
    if layout.format == "ORC":
        return _write_orc(session, query, location, layout)
    if not layout.bucket_by:
        return _copy(session, query, location, layout, session.execution_id)
    session.execute(f"CREATE TEMP TABLE bucketed__ AS {query}")
    keys = ", ".join(identifier(column) for column in layout.bucket_by)
    written = 0
    for bucket in range(layout.buckets):
        part = f"SELECT * FROM bucketed__ WHERE hash({keys}) % {layout.buckets} = {bucket}"
        written += _copy(session, part, location, layout, f"{session.execution_id}_bucket-{bucket:05d}")
    return written


def _copy(session: QuerySession, query: str, location: str, layout: FileLayout, name: str) -> int:
    """:param name: start of the file names."""
    options, suffix = _copy_options(layout)
    if layout.partition_by:
        keys = ", ".join(identifier(column) for column in layout.partition_by)
        target = location
        options += f", PARTITION_BY ({keys}), FILENAME_PATTERN {literal(name + '_{uuid}')}, APPEND"
    else:
        target = f"{location}{name}_{uuid.uuid4()}{suffix}"
    row = session.execute(f"COPY ({query}) TO {literal(target)} ({options})").fetchone()
    return int(row[0]) if row else 0


def _copy_options(layout: FileLayout) -> tuple[str, str]:
    """Options of DuckDB's COPY, and the files' suffix."""
    if layout.format == "PARQUET":
        return f"FORMAT parquet, COMPRESSION {layout.codec}, ROW_GROUP_SIZE 122880", ".parquet"
    if layout.format == "AVRO":
        return "FORMAT avro, ROOT_NAME 'topLevelRecord'", ".avro"
    compression = f", COMPRESSION {(layout.codec or '').lower()}" if layout.codec != "UNCOMPRESSED" else ""
    ending = _TEXT_CODECS[layout.codec or "UNCOMPRESSED"]
    if layout.format == "JSON":
        return f"FORMAT json{compression}", f".json{ending}"
    delimiter = literal(layout.field_delimiter)
    return (
        f"FORMAT csv, HEADER false, DELIM {delimiter}, QUOTE '', ESCAPE '', NULLSTR '\\N'{compression}",
        f".txt{ending}",
    )


def _write_orc(session: QuerySession, query: str, location: str, layout: FileLayout) -> int:
    """DuckDB writes no ORC: pyarrow, in memory."""
    if layout.partition_by:
        raise QueryFailed("NOT_SUPPORTED", "Partitioned ORC files cannot be written by local Athena; use PARQUET")
    table = session.execute(query).to_arrow_table()
    buffer = io.BytesIO()
    pyarrow.orc.write_table(table, buffer, compression=(layout.codec or "ZLIB").lower())
    session.storage.put(f"{location}{session.execution_id}_{uuid.uuid4()}.orc", buffer.getvalue())
    return int(table.num_rows)
