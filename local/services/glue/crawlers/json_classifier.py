"""Glue's built-in JSON classifier: one object per line, one array of objects, or one object."""

from __future__ import annotations

import json
from typing import Any

from local.services.glue.crawlers.samples import Sample
from local.services.glue.crawlers.schemas import Column, FileSchema, merged_type

_INT_RANGE = range(-(2**31), 2**31)


def classify(sample: Sample) -> FileSchema | None:
    """:return: None when the sample is not JSON objects"""
    text = sample.text()
    if text is None or not text.lstrip().startswith(("{", "[")):
        return None
    records = _records(text)
    if not records:
        return None
    kinds: dict[str, Any] = {}
    for record in records:
        for name, value in record.items():
            key = name.lower()
            kinds[key] = _merged(kinds.get(key), kind_of(value))
    return FileSchema(
        classification="json",
        columns=tuple(Column(name, written(kind)) for name, kind in kinds.items()),
        compression=sample.compression,
        serde=(("paths", ",".join(kinds)),),
        record_bytes=sample.stored_bytes / len(records),
    )


def _records(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        values = [json.loads(line) for line in lines]
    except ValueError:
        try:
            values = [json.loads(text)]
        except ValueError:
            return []
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, dict)] if all(isinstance(item, dict) for item in flat) else []


def kind_of(value: Any) -> Any:
    """Type of a value: a Hive type name, ``[kind]`` for an array, ``{name: kind}`` for a struct, "" for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if value in _INT_RANGE else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        kind: Any = ""
        for item in value:
            kind = _merged(kind, kind_of(item))
        return [kind]
    if isinstance(value, dict):
        return {name.lower(): kind_of(item) for name, item in value.items()}
    return "string"


def _merged(first: Any, second: Any) -> Any:
    if first in (None, ""):
        return second
    if second == "":
        return first
    if isinstance(first, list) and isinstance(second, list):
        return [_merged(first[0], second[0])]
    if isinstance(first, dict) and isinstance(second, dict):
        return {name: _merged(first.get(name), second.get(name, "")) for name in first | second}
    if isinstance(first, str) and isinstance(second, str):
        return merged_type(first, second)
    return "string"


def written(kind: Any) -> str:
    """A kind in Hive's words: ``array<struct<a:int>>``."""
    if isinstance(kind, list):
        return f"array<{written(kind[0])}>"
    if isinstance(kind, dict):
        return "struct<" + ",".join(f"{name}:{written(item)}" for name, item in kind.items()) + ">"
    return kind or "string"
