"""Text SerDes: LazySimple (delimited), OpenCSV, Regex."""

from __future__ import annotations

from collections.abc import Sequence

from local.services.athena.catalog import Column, Table
from local.services.athena.errors import QueryFailed
from local.services.athena.hive_types import duckdb_type, map_arguments, struct_fields
from local.services.athena.names import identifier, literal
from local.services.athena.scan.source import FILE_COLUMN, Source, file_list
from local.services.athena.storage import DataFile

_INTEGERS = ("INTEGER", "BIGINT", "SMALLINT", "TINYINT")
_MAX_LINE_BYTES = 16 * 1024 * 1024


def source(table: Table, files: Sequence[DataFile]) -> Source:
    """:raises QueryFailed: a SerDe that local Athena does not know."""
    serde = table.serde.lower()
    if "opencsv" in serde:
        return _open_csv(table, files)
    if "regex" in serde:
        return _regex(table, files)
    if not serde or "lazysimple" in serde:
        return _delimited(table, files)
    raise QueryFailed(
        "HIVE_INVALID_METADATA",
        f"SerDe {table.serde} of {table.database}.{table.name} is not supported by local Athena. "
        "See docs/local-aws/athena.md for those that are.",
    )


def lines(files: Sequence[DataFile]) -> str:
    """One row per line: columns ``line`` and FILE_COLUMN. The delimiter cannot occur in text."""
    return (
        f"(SELECT line, {FILE_COLUMN} FROM read_csv({file_list(files)}, auto_detect=false, header=false, "
        f"delim='\x01\x02', quote='', escape='', columns={{'line': 'VARCHAR'}}, strict_mode=false, "
        f"filename='{FILE_COLUMN}', max_line_size={_MAX_LINE_BYTES}, hive_partitioning=false))"
    )


def _read_csv(table: Table, files: Sequence[DataFile], options: str) -> str:
    skip = int(table.parameters.get("skip.header.line.count") or 0)
    raw = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(table.data_columns)))
    return (
        f"read_csv({file_list(files)}, auto_detect=false, header=false, skip={skip}, "
        f"columns={{{raw}}}, null_padding=true, "
        f"strict_mode=false, max_line_size={_MAX_LINE_BYTES}, filename='{FILE_COLUMN}', "
        f"hive_partitioning=false, {options})"
    )


def _open_csv(table: Table, files: Sequence[DataFile]) -> Source:
    """All values are text in the file; an empty one is the empty string."""
    given = table.serde_parameters
    quote = literal(given.get("quoteChar", '"'))
    relation = _read_csv(
        table, files, f"delim={literal(given.get('separatorChar', ','))}, quote={quote}, escape={quote}"
    )
    return Source(relation, tuple(_open_csv_column(i, c) for i, c in enumerate(table.data_columns)))


def _open_csv_column(position: int, column: Column) -> str:
    raw, declared = f"c{position}", duckdb_type(column.type)
    if declared == "VARCHAR":
        value = f"coalesce({raw}, '')"
    elif declared == "DATE":
        # Days since 1970-01-01 (Athena user guide, "OpenCSVSerDe").
        value = f"CAST(DATE '1970-01-01' + TRY_CAST({raw} AS INTEGER) AS DATE)"
    elif declared == "TIMESTAMP":
        # Milliseconds since 1970-01-01.
        value = f"make_timestamp(TRY_CAST({raw} AS BIGINT) * 1000)"
    else:
        value = f"CAST(nullif({raw}, '') AS {declared})"
    return f"{value} AS {identifier(column.name)}"


def _regex(table: Table, files: Sequence[DataFile]) -> Source:
    """A line that does not match is a row of NULLs."""
    if "input.regex" not in table.serde_parameters:
        raise QueryFailed("HIVE_INVALID_METADATA", f"RegexSerDe of {table.database}.{table.name} has no input.regex")
    pattern = literal(table.serde_parameters["input.regex"])
    matching = f"CASE WHEN regexp_full_match(line, {pattern}) THEN line END AS line"
    relation = f"(SELECT {matching}, {FILE_COLUMN} FROM {lines(files)})"
    columns = (
        f"TRY_CAST(regexp_extract(line, {pattern}, {i + 1}) AS {duckdb_type(c.type)}) AS {identifier(c.name)}"
        for i, c in enumerate(table.data_columns)
    )
    return Source(relation, tuple(columns))


def _delimited(table: Table, files: Sequence[DataFile]) -> Source:
    given = table.serde_parameters
    delimiter = given.get("field.delim", given.get("serialization.format", "\x01"))
    delimiter = "\x01" if delimiter == "1" else delimiter
    # Hive's own misspelling is what tools write.
    items = given.get("collection.delim", given.get("colelction.delim", "\x02"))
    keys = given.get("mapkey.delim", "\x03")
    null = given.get("serialization.null.format", "\\N")
    relation = _read_csv(table, files, f"delim={literal(delimiter)}, quote='', escape='', nullstr={literal(null)}")
    columns = (
        f"{_delimited_value(f'c{i}', c.type, items, keys)} AS {identifier(c.name)}"
        for i, c in enumerate(table.data_columns)
    )
    return Source(relation, tuple(columns))


def _delimited_value(raw: str, hive: str, items: str, keys: str) -> str:
    """Text that does not fit the type is NULL, as LazySimpleSerDe reads it."""
    lower, declared = hive.lower(), duckdb_type(hive)
    split = f"string_split({raw}, {literal(items)})"
    if lower.startswith("array<"):
        return f"CAST(list_transform({split}, v -> TRY_CAST(v AS {duckdb_type(hive[6:-1])})) AS {declared})"
    if lower.startswith("map<"):
        key, value = map_arguments(hive)
        separator = literal(keys)
        pair = (
            f"(CAST(split_part(v, {separator}, 1) AS {duckdb_type(key)}), "
            f"TRY_CAST(split_part(v, {separator}, 2) AS {duckdb_type(value)}))"
        )
        return f"map_from_entries(list_transform({split}, v -> {pair}))"
    if lower.startswith("struct<"):
        fields = ", ".join(
            f"{identifier(name)} := TRY_CAST(split_part({raw}, {literal(items)}, {i + 1}) AS {duckdb_type(kind)})"
            for i, (name, kind) in enumerate(struct_fields(hive))
        )
        return f"CASE WHEN {raw} IS NOT NULL THEN struct_pack({fields}) END"
    if declared == "VARCHAR":
        return raw
    if declared in _INTEGERS:
        # DuckDB would round '1.5' to 2; Hive gives NULL. A regular expression here costs five times the whole read.
        return f"CASE WHEN NOT contains({raw}, '.') AND NOT contains({raw}, 'e') THEN TRY_CAST({raw} AS {declared}) END"
    return f"TRY_CAST({raw} AS {declared})"
