"""What a table of the Glue catalog tells about a delivery: columns and types, nothing about values."""

from __future__ import annotations

import re
from typing import Any

from lake.contracts.column_types import UnknownTypeError, engine_types
from lake.contracts.personal import looks_personal
from lake.contracts.sample import Sample, SampleColumn, SampleError, column_name

# Our own partition keys of landing and staging: they say where a row came from, they are not delivered.
_OURS = ("ingest_date", "run_key")
_SAME = {"tinyint": "smallint", "integer": "int", "float": "double", "real": "double", "string": "varchar(256)"}
_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd HH:mm:ss"}


def read_glue_table(name: str) -> Sample:
    """Read a table with the AWS credentials and endpoint of the environment.

    :param name: ``database.table``
    :raises SampleError: if there is no such table, or it has columns that no contract can describe
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    database, _, table = name.partition(".")
    if not database or not table:
        raise SampleError(f"{name!r} is not DATABASE.TABLE")
    try:
        answer = boto3.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    except (BotoCoreError, ClientError) as error:
        raise SampleError(f"Glue table {name}: {error}") from error
    return table_columns(name, answer)


def table_columns(name: str, table: dict[str, Any]) -> Sample:
    """Return the columns of a table as if they were delivered.

    :param name: ``database.table``, for messages
    :param table: ``Table`` as GetTable answers it
    :raises SampleError: if a column has a type that no contract can describe
    """
    storage = table["StorageDescriptor"]
    keys = [key for key in table.get("PartitionKeys", []) if key["Name"] not in _OURS]
    columns = [_column(name, column, False) for column in storage["Columns"] if column["Name"] != "rescued"]
    columns += [_column(name, key, True) for key in keys]
    if not columns:
        raise SampleError(f"Glue table {name} has no columns: crawl it again when files are there.")
    delimiter = storage.get("SerdeInfo", {}).get("Parameters", {}).get("field.delim", ",")
    return Sample(columns, delimiter)


def _column(table: str, column: dict[str, str], required: bool) -> SampleColumn:
    kind = re.sub(r"\bchar\(", "varchar(", column["Type"].lower())
    kind = _SAME.get(kind, kind)
    try:
        engine_types(kind)
    except UnknownTypeError as error:
        raise SampleError(f"Glue table {table}, column {column['Name']}: {error}") from error
    personal = looks_personal(column_name(column["Name"]), [])
    return SampleColumn(
        header=column["Name"],
        name=column_name(column["Name"]),
        physical_type="varchar(64)" if personal else kind,
        time_format=None if personal else _FORMATS.get(kind),
        required=required,
        unique=False,
        looks_personal=personal,
    )
