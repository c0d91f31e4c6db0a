"""Loads Parquet: row group by row group, encoded as PostgreSQL's binary COPY, in the session's own transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pgpq
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb

from local.services.redshift.engine.session import Session, TableColumn
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import S3File
from local.services.redshift.translation.names import TableName, quoted

_BATCH_ROWS = 65_536
_ARROW_TYPES: dict[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "time without time zone": pa.time64("us"),
    "bytea": pa.binary(),
}
_WHOLE = ("smallint", "integer", "bigint")
_TEXT = ("character varying", "character", "text")


def load_parquet(session: Session, table: TableName, columns: Sequence[TableColumn], file: S3File, path: Path) -> int:
    """Load one file; columns are matched by position.

    :return: rows loaded
    :raises RedshiftError: the file is not Parquet or does not fit the table
    """
    try:
        source = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise RedshiftError(
            "Spectrum Scan Error", detail=f"File '{file.url}' is not a valid Parquet file: {error}"
        ) from error
    with source:
        _check_schema(source.schema_arrow, columns, file)
        target = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
        encoders: dict[str, Any] = {
            column.name: StringEncoderBuilder.new_with_output(field, Jsonb())
            if column.type == "jsonb"
            else pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
            for column, field in zip(columns, target, strict=True)
        }
        encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(target, encoders)
        names = ", ".join(quoted(column.name) for column in columns)
        rows = 0
        with (
            session.connection.cursor() as cursor,
            cursor.copy(f"COPY {table.sql} ({names}) FROM STDIN (FORMAT binary)".encode()) as copy,
        ):
            copy.write(encoder.write_header())
            for batch in source.iter_batches(_BATCH_ROWS):
                session.check_cancelled()
                copy.write(encoder.write_batch(_converted(batch, columns, target, file)))
                rows += batch.num_rows
            copy.write(encoder.finish())
        return rows


def arrow_type(column: TableColumn) -> pa.DataType:
    """The Arrow type whose binary encoding PostgreSQL reads for a column."""
    if column.base_type == "numeric":
        found = re.match(r"numeric\((\d+),(\d+)\)", column.type)
        return pa.decimal128(int(found[1]), int(found[2])) if found else pa.decimal128(38, 10)
    return _ARROW_TYPES.get(column.base_type, _ARROW_TYPES.get(column.type, pa.string()))


def _check_schema(schema: pa.Schema, columns: Sequence[TableColumn], file: S3File) -> None:
    if len(schema) != len(columns):
        raise RedshiftError(
            "Spectrum Scan Error",
            detail=f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(schema)}, File name: {file.url}",
        )
    for column, given in zip(columns, schema, strict=True):
        if not _fits(column, given.type):
            raise RedshiftError(
                "Spectrum Scan Error",
                detail=f"File '{file.url}' has an incompatible Parquet schema for column '{column.name}'. "
                f"Column type: {column.type.upper()}, Parquet schema: optional {given.type} {given.name}",
            )


def _fits(column: TableColumn, given: pa.DataType) -> bool:
    if pa.types.is_dictionary(given):
        given = given.value_type
    base = column.base_type
    rules = (
        (pa.types.is_integer(given), (*_WHOLE, "numeric")),
        (pa.types.is_floating(given), ("double precision", "real")),
        (pa.types.is_decimal(given), ("numeric",)),
        (pa.types.is_string(given) or pa.types.is_large_string(given), (*_TEXT, "jsonb")),
        (pa.types.is_date(given), ("date",)),
        (pa.types.is_timestamp(given), ("timestamp without time zone", "timestamp with time zone")),
        (pa.types.is_time(given), ("time without time zone",)),
        (pa.types.is_boolean(given), ("boolean",)),
        (pa.types.is_nested(given), ("jsonb",)),
        (pa.types.is_binary(given) or pa.types.is_large_binary(given), ("bytea",)),
        (pa.types.is_null(given), (base,)),
    )
    return any(applies and base in allowed for applies, allowed in rules)


def _converted(
    batch: pa.RecordBatch, columns: Sequence[TableColumn], target: pa.Schema, file: S3File
) -> pa.RecordBatch:
    arrays = [
        _convert(array, column, field.type, file)
        for array, column, field in zip(batch.columns, columns, target, strict=True)
    ]
    return pa.record_batch(arrays, schema=target)


def _convert(array: pa.Array, column: TableColumn, wanted: pa.DataType, file: S3File) -> Any:
    if column.not_null and array.null_count:
        raise RedshiftError(f"Cannot insert a NULL value into column {column.name}", detail=f"File name: {file.url}")
    if pa.types.is_nested(array.type):
        return pa.array([None if v is None else json.dumps(v, default=str) for v in array.to_pylist()], pa.string())
    if pa.types.is_timestamp(array.type) and array.type.tz and not wanted.tz:
        array = array.cast(pa.timestamp(array.type.unit, "UTC")).cast(pa.timestamp(array.type.unit))
    elif pa.types.is_timestamp(array.type) and not array.type.tz and pa.types.is_timestamp(wanted) and wanted.tz:
        array = pc.assume_timezone(array, "UTC")
    try:
        # nanoseconds are cut to microseconds, which is what a TIMESTAMP keeps
        array = array.cast(wanted, safe=not pa.types.is_timestamp(array.type))
    except pa.ArrowInvalid as error:
        raise RedshiftError(
            "Spectrum Scan Error",
            detail=f"Column '{column.name}' ({column.type.upper()}): {error}. File name: {file.url}",
        ) from error
    if column.limit and pa.types.is_string(wanted):
        longest = pc.max(pc.binary_length(array)).as_py() or 0
        if longest > column.limit:
            raise RedshiftError(
                "Spectrum Scan Error",
                detail=f"The length of the data column {column.name} is longer than the length defined in the table. "
                f"Table: {column.limit}, Data: {longest}, File name: {file.url}",
            )
    return array
