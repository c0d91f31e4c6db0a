"""Glue's built-in Parquet classifier: the schema at the end of the file."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.services.glue.crawlers.listing import S3File
from local.services.glue.crawlers.schemas import Column, FileSchema

MAGIC = b"PAR1"

# In the order in which they are tried; each Arrow type has one Hive name.
_SIMPLE = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "tinyint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_uint8, "smallint"),
    (pa.types.is_int32, "int"),
    (pa.types.is_uint16, "int"),
    (pa.types.is_integer, "bigint"),
    (pa.types.is_float32, "float"),
    (pa.types.is_floating, "double"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
)


class _RemoteFile(io.RawIOBase):
    """An object read by ranges: the footer of a file of any size costs two small requests."""

    def __init__(self, s3: Any, file: S3File) -> None:
        self.s3 = s3
        self.file = file
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.file.size}[whence]
        self.position = origin + offset
        return self.position

    def read(self, size: int = -1) -> bytes:
        end = self.file.size if size < 0 else min(self.position + size, self.file.size)
        if end <= self.position:
            return b""
        wanted = f"bytes={self.position}-{end - 1}"
        answer = self.s3.get_object(Bucket=self.file.bucket, Key=self.file.key, Range=wanted)
        data: bytes = answer["Body"].read()
        self.position += len(data)
        return data


def classify(s3: Any, file: S3File) -> FileSchema:
    """:raises pa.ArrowException: the file starts like Parquet but its footer cannot be read"""
    metadata = pq.read_metadata(_RemoteFile(s3, file))
    schema = metadata.schema.to_arrow_schema()
    columns = tuple(Column(field.name.lower(), hive_type(field.type)) for field in schema)
    return FileSchema(
        classification="parquet",
        columns=columns,
        serde=(("serialization.format", "1"),),
        record_bytes=file.size / max(metadata.num_rows, 1),
    )


def hive_type(kind: pa.DataType) -> str:
    """An Arrow type in Hive's words."""
    for matches, name in _SIMPLE:
        if matches(kind):
            return name
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"array<{hive_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        return "struct<" + ",".join(f"{field.name.lower()}:{hive_type(field.type)}" for field in kind) + ">"
    return "binary"
