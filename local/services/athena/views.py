"""Views as Athena stores them: base64 JSON in ``ViewOriginalText``, readable by every Presto-like engine."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from local.services.athena.catalog import Column, Table
from local.services.athena.errors import QueryFailed
from local.services.athena.hive_types import trino_type

_ENCODED = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")


class ViewDefinition(NamedTuple):
    sql: str
    database: str


def encoded_view(sql: str, columns: Sequence[Column], database: str) -> str:
    content = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column.name, "type": trino_type(column.type)} for column in columns],
    }
    return f"/* Presto View: {base64.b64encode(json.dumps(content).encode()).decode()} */"


def view_definition(view: Table) -> ViewDefinition:
    """:raises QueryFailed: not a view that Athena wrote."""
    found = _ENCODED.match(view.definition.get("ViewOriginalText") or "")
    if found is None:
        raise QueryFailed("INVALID_VIEW", f"View {view.database}.{view.name} was not created by Athena")
    content = json.loads(base64.b64decode(found[1]))
    return ViewDefinition(content["originalSql"], content["schema"])


def view_input(name: str, sql: str, columns: Sequence[Column], database: str) -> dict[str, object]:
    """TableInput of a view."""
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": encoded_view(sql, columns, database),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column.name, "Type": column.type} for column in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
