"""From a found table to what the catalog stores."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from local.services.glue.crawlers.layout import ClassifiedFile, FoundTable, PartitionFolder
from local.services.glue.crawlers.schemas import Column, FileSchema, Statistics, main_group, merged_columns

OWNER = "owner"
SCHEMA_VERSION = "1.0"

TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
# classification -> (input format, output format, SerDe), as Glue's crawler writes them
FORMATS = {
    "csv": (TEXT_INPUT, TEXT_OUTPUT, "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    "json": (TEXT_INPUT, TEXT_OUTPUT, "org.openx.data.jsonserde.JsonSerDe"),
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
}


def table_name(found: FoundTable, prefix: str) -> str:
    """Name from the last part of the path, lower case, with underscores for what SQL dislikes.

    :param prefix: the crawler's TablePrefix
    """
    last = found.root.rstrip("/").rsplit("/", 1)[-1] or found.bucket
    return (prefix + re.sub(r"[^0-9a-z_]", "_", last.lower())).lower()


def distinct_name(name: str, location: str) -> str:
    """A name for a table whose own name is taken by another location: Glue appends a hash."""
    return f"{name}_{hashlib.md5(location.encode(), usedforsecurity=False).hexdigest()}"


def _statistics(files: list[ClassifiedFile], fallback: FileSchema) -> Statistics:
    statistics = Statistics()
    for file in files:
        statistics.add(file.file.size, file.schema or fallback)
    return statistics


def parameters(crawler: str, schema: FileSchema, files: list[ClassifiedFile]) -> dict[str, str]:
    """Parameters of a table or partition."""
    return {
        "CrawlerSchemaDeserializerVersion": SCHEMA_VERSION,
        "CrawlerSchemaSerializerVersion": SCHEMA_VERSION,
        "UPDATED_BY_CRAWLER": crawler,
        "classification": schema.classification,
        "compressionType": schema.compression,
        "typeOfData": "file",
        **dict(schema.parameters),
        **_statistics(files, schema).parameters,
    }


def storage(location: str, columns: list[Column], schema: FileSchema, crawled: dict[str, str]) -> dict[str, Any]:
    """StorageDescriptor of a table or partition.

    :param crawled: the parameters of the same table or partition
    """
    input_format, output_format, library = FORMATS[schema.classification]
    return {
        "Columns": [{"Name": column.name, "Type": column.type} for column in columns],
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": schema.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": library, "Parameters": dict(schema.serde)},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": crawled,
        "StoredAsSubDirectories": False,
    }


def table_input(found: FoundTable, name: str, crawler: str) -> dict[str, Any]:
    """The whole TableInput."""
    schema = found.schemas[0]
    keys = set(found.partition_keys)
    columns = [column for column in merged_columns(found.schemas) if column.name not in keys]
    crawled = parameters(crawler, schema, found.files)
    if found.partition_keys:
        crawled["partition_filtering.enabled"] = "true"
    return {
        "Name": name,
        "Owner": OWNER,
        "Retention": 0,
        "StorageDescriptor": storage(found.location, columns, schema, crawled),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in found.partition_keys],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": crawled,
    }


def partition_input(
    folder: PartitionFolder, found: FoundTable, crawler: str, inherited: list[dict[str, str]] | None
) -> dict[str, Any]:
    """The whole PartitionInput, with the columns of the partition's own files.

    :param inherited: the table's columns when partitions take them over (InheritFromTable)
    """
    schemas = main_group([file.schema for file in folder.files if file.schema is not None])
    schema = schemas[0] if schemas else found.schemas[0]
    keys = set(found.partition_keys)
    columns = [column for column in merged_columns(schemas or found.schemas) if column.name not in keys]
    crawled = parameters(crawler, schema, folder.files)
    described = storage(folder.location, columns, schema, crawled)
    if inherited is not None:
        described["Columns"] = inherited
    return {"Values": folder.values, "StorageDescriptor": described, "Parameters": crawled}
