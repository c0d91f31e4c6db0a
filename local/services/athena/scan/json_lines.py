"""JSON SerDes: OpenX, Hive's HCatalog, CloudTrail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.services.athena.catalog import Column, Table
from local.services.athena.hive_types import duckdb_type, struct_fields
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
    key = parameters.get(f"mapping.{column.name}", column.name)
    return f"{_typed(_member('j', key), column.type)} AS {identifier(column.name)}"


def _member(document: str, key: str) -> str:
    """The value of a key. Keys match without regard to case, exactly spelled ones first."""
    exact = literal(f'$."{key}"')
    other = f"list_filter(json_keys({document}), k -> lower(k) = {literal(key.lower())})[1]"
    return f"coalesce(json_extract({document}, {exact}), json_extract({document}, '$.\"' || {other} || '\"'))"


def _typed(found: str, hive: str) -> str:
    """A JSON value as the column's type; what does not fit is NULL."""
    declared = duckdb_type(hive)
    kind = hive.strip().lower()
    if kind.startswith("struct<"):
        # Field by field: DuckDB's own cast knows keys by their exact spelling only. The list binds the value to a name.
        name = f"s{kind.count('<')}_{len(kind)}"
        fields = ", ".join(
            f"{identifier(field.lower())} := {_typed(_member(name, field), inner)}"
            for field, inner in struct_fields(hive)
        )
        value = f"CASE WHEN json_type({name}) = 'OBJECT' THEN struct_pack({fields}) END"
        return f"list_transform([{found}], {name} -> {value})[1]"
    if kind.startswith("array<struct<"):
        name = f"a{kind.count('<')}_{len(kind)}"
        return f"list_transform(TRY_CAST({found} AS JSON[]), {name} -> {_typed(name, hive.strip()[6:-1])})"
    if declared == "VARCHAR":
        return f"json_extract_string({found}, '$')"
    if declared in ("TIMESTAMP", "DATE"):
        return f"TRY_CAST(json_extract_string({found}, '$') AS {declared})"
    return f"TRY_CAST({found} AS {declared})"
