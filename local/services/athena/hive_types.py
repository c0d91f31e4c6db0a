"""Type names: Hive (Glue catalog) <-> DuckDB (execution) -> Trino (what Athena reports)."""

from __future__ import annotations

import re
from functools import lru_cache

from local.services.athena.errors import QueryFailed
from local.services.athena.names import identifier

_HIVE_TO_DUCKDB = {
    "string": "VARCHAR", "int": "INTEGER", "integer": "INTEGER", "bigint": "BIGINT", "long": "BIGINT",
    "smallint": "SMALLINT", "tinyint": "TINYINT", "double": "DOUBLE", "float": "FLOAT", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP", "binary": "BLOB", "decimal": "DECIMAL(10,0)",
    "timestamptz": "TIMESTAMPTZ", "timestamp with time zone": "TIMESTAMPTZ", "time": "TIME", "uuid": "UUID",
}  # fmt: skip
_DUCKDB_TO_HIVE = {
    "VARCHAR": "string", "TEXT": "string", "INTEGER": "int", "INT": "int",
    "TIMESTAMPTZ": "timestamp with time zone", "BIGINT": "bigint", "SMALLINT": "smallint", "TINYINT": "tinyint",
    "DOUBLE": "double", "FLOAT": "float", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "BLOB": "binary", "UUID": "uuid", "JSON": "json",
    "TIME": "time", "INTERVAL": "interval day to second", '"NULL"': "unknown",
    # Trino has no 128-bit or unsigned integers: DuckDB's sum() over integers comes back as HUGEINT.
    "HUGEINT": "bigint", "UBIGINT": "bigint", "UINTEGER": "bigint", "USMALLINT": "int", "UTINYINT": "smallint",
}  # fmt: skip
_HIVE_TO_TRINO = {"string": "varchar", "int": "integer", "binary": "varbinary", "float": "real"}

# Result types which a table cannot store under that name.
_STORED_AS = {"timestamp with time zone": "timestamp", "uuid": "string", "json": "string", "time": "string"}


def split_type_arguments(text: str) -> list[str]:
    """``a:int,b:map<x,y>`` -> ``["a:int", "b:map<x,y>"]``."""
    parts, depth, current, quoted = [], 0, "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character in "<(" and not quoted:
            depth += 1
        elif character in ">)" and not quoted:
            depth -= 1
        if character == "," and depth == 0 and not quoted:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]


@lru_cache(maxsize=4096)
def duckdb_type(hive: str) -> str:
    """DuckDB's type for a Hive type.

    :raises QueryFailed: not a Hive type.
    """
    text = hive.strip()
    lower = text.lower()
    if lower in _HIVE_TO_DUCKDB:
        return _HIVE_TO_DUCKDB[lower]
    if re.fullmatch(r"(var)?char\(\s*\d+\s*\)", lower):
        return "VARCHAR"
    if re.fullmatch(r"decimal\(\s*\d+\s*(,\s*\d+\s*)?\)", lower):
        return lower.upper().replace(" ", "")
    if lower.startswith("array<") and lower.endswith(">"):
        return duckdb_type(text[6:-1]) + "[]"
    if lower.startswith("map<") and lower.endswith(">"):
        key, value = split_type_arguments(text[4:-1])
        return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
    if lower.startswith("struct<") and lower.endswith(">"):
        fields = [part.split(":", 1) for part in split_type_arguments(text[7:-1])]
        return (
            "STRUCT("
            + ", ".join(f"{identifier(name.strip().lower())} {duckdb_type(kind)}" for name, kind in fields)
            + ")"
        )
    raise QueryFailed("HIVE_INVALID_METADATA", f"Type '{hive}' is not a Hive type that Athena can read")


def struct_fields(hive: str) -> list[tuple[str, str]]:
    """Field names and types of a ``struct<...>``."""
    return [
        (name.strip(), kind.strip())
        for name, kind in (p.split(":", 1) for p in split_type_arguments(hive.strip()[7:-1]))
    ]


def map_arguments(hive: str) -> tuple[str, str]:
    """Key and value type of a ``map<...>``."""
    key, value = split_type_arguments(hive.strip()[4:-1])
    return key, value


@lru_cache(maxsize=4096)
def hive_type(duckdb_name: str) -> str:
    """The logical type of a DuckDB result column in Hive's spelling (plus json, uuid, timestamp with time zone)."""
    name = duckdb_name.strip()
    upper = name.upper()
    if upper in _DUCKDB_TO_HIVE:
        return _DUCKDB_TO_HIVE[upper]
    if upper.endswith("]"):
        return f"array<{hive_type(name[: name.rindex('[')])}>"
    if upper.startswith("DECIMAL"):
        return name.lower().replace(" ", "")
    if upper.startswith("MAP("):
        key, value = split_type_arguments(name[4:-1])
        return f"map<{hive_type(key)},{hive_type(value)}>"
    if upper.startswith("STRUCT("):
        return (
            "struct<"
            + ",".join(_struct_field(i, part) for i, part in enumerate(split_type_arguments(name[7:-1])))
            + ">"
        )
    return "string"


def _struct_field(position: int, text: str) -> str:
    quoted = re.match(r'"((?:[^"]|"")*)"\s+(.*)$', text, re.S)
    if quoted:
        return f"{quoted[1]}:{hive_type(quoted[2])}"
    name, space, kind = text.partition(" ")
    # A field of an anonymous row has a type only.
    return (
        f"{name}:{hive_type(kind)}"
        if space and name.upper() not in _DUCKDB_TO_HIVE
        else f"field{position}:{hive_type(text)}"
    )


def stored_type(hive: str) -> str:
    """The type a table column gets for a query result column."""
    return _STORED_AS.get(hive, hive)


def writable_cast(duckdb_name: str) -> str | None:
    """DuckDB type to cast a result column to before it is written to a file; None = as it is."""
    if duckdb_name.upper() == "TIMESTAMP WITH TIME ZONE":
        return "TIMESTAMP"
    stored = duckdb_type(stored_type(hive_type(duckdb_name)))
    return None if stored == duckdb_name.upper() else stored


@lru_cache(maxsize=4096)
def trino_type(hive: str) -> str:
    """Trino's spelling of a Hive type: ``array<struct<a:int>>`` -> ``array(row(a integer))``."""
    text = hive.strip()
    lower = text.lower()
    if lower.startswith("array<"):
        return f"array({trino_type(text[6:-1])})"
    if lower.startswith("map<"):
        key, value = map_arguments(text)
        return f"map({trino_type(key)}, {trino_type(value)})"
    if lower.startswith("struct<"):
        return "row(" + ", ".join(f"{name} {trino_type(kind)}" for name, kind in struct_fields(text)) + ")"
    return _HIVE_TO_TRINO.get(lower, lower)
