"""JSON SerDes: OpenX, Hive's HCatalog, CloudTrail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.services.athena.catalog import Column, Table
from local.services.athena.hive_types import duckdb_type
from local.services.athena.names import identifier, literal
from local.services.athena.scan.source import FILE_COLUMN, Source, file_list
from local.services.athena.scan.text import lines
from local.services.athena.storage import DataFile

_MAX_DOCUMENT_BYTES = 128 * 1024 * 1024


def json_serde(table: Table, files: Sequence[DataFile]) -> Source:
    """One document per line. Malformed lines fail the query unless ``ignore.malformed.json`` is true."""
    ignored = table.serde_parameters.get("ignore.malformed.json", "false").lower() == "true"
    otherwise = (
        "" if ignored else " ELSE error('HIVE_BAD_DATA: Error parsing field value: row is not a valid JSON object')"
    )
    relation = (
        f"(SELECT CASE WHEN json_valid(line) THEN line::JSON{otherwise} END AS j, {FILE_COLUMN} "
        f"FROM {lines(files)} WHERE trim(line) <> '')"
    )
    return Source(relation, tuple(_value(column, table.serde_parameters) for column in table.data_columns))


def cloudtrail(table: Table, files: Sequence[DataFile]) -> Source:
    """One document per file with all events in ``Records``."""
    relation = (
        f"(SELECT unnest(json_extract(json, '$.Records[*]')) AS j, filename AS {FILE_COLUMN} "
        f"FROM read_json_objects({file_list(files)}, format='unstructured', filename=true, "
        f"maximum_object_size={_MAX_DOCUMENT_BYTES}))"
    )
    return Source(relation, tuple(_value(column, {}) for column in table.data_columns))


def _value(column: Column, parameters: Mapping[str, str]) -> str:
    """Keys match without regard to case, exactly spelled ones first."""
    key = parameters.get(f"mapping.{column.name}", column.name)
    exact = literal(f'$."{key}"')
    other = f"list_filter(json_keys(j), k -> lower(k) = {literal(key.lower())})[1]"
    found = f"coalesce(json_extract(j, {exact}), json_extract(j, '$.\"' || {other} || '\"'))"
    declared = duckdb_type(column.type)
    if declared == "VARCHAR":
        value = f"json_extract_string({found}, '$')"
    elif declared in ("TIMESTAMP", "DATE"):
        value = f"TRY_CAST(json_extract_string({found}, '$') AS {declared})"
    else:
        value = f"TRY_CAST({found} AS {declared})"
    return f"{value} AS {identifier(column.name)}"
