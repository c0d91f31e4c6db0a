"""``WITH (...)`` of CTAS and UNLOAD."""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Node

PropertyValue: TypeAlias = str | list[str]

_NAMED_NODES = {
    exp.FileFormatProperty: "format",
    exp.PartitionedByProperty: "partitioned_by",
    exp.LocationProperty: "location",
}


class WithProperties:
    """:param statement: a parsed CREATE TABLE."""

    def __init__(self, statement: Node) -> None:
        self._values: dict[str, PropertyValue] = {}
        given = statement.args.get("properties")
        for node in given.expressions if given is not None else []:
            self._values[_name(node)] = _value(node)

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if isinstance(value, list):
            raise QueryFailed("INVALID_TABLE_PROPERTY", f"Property '{name}' is a single value, not an ARRAY")
        return value

    def names(self, name: str) -> list[str]:
        """Column names in lower case."""
        value = self._values.get(name, [])
        if isinstance(value, str):
            raise QueryFailed(
                "INVALID_TABLE_PROPERTY", f"Property '{name}' has to be an ARRAY, such as ARRAY['{value}']"
            )
        return [column.lower() for column in value]

    def count(self, name: str) -> int:
        value = self.text(name)
        if value is None:
            return 0
        if not value.isdigit() or int(value) < 1:
            raise QueryFailed("INVALID_TABLE_PROPERTY", f"Property '{name}' has to be a positive number, not {value}")
        return int(value)

    def require_known(self, known: frozenset[str]) -> None:
        """:raises QueryFailed: a property that the statement has not."""
        for name in self._values:
            if name not in known:
                raise QueryFailed(
                    "INVALID_TABLE_PROPERTY",
                    f"line 1:1: Catalog 'awsdatacatalog' table property '{name}' does not exist",
                )


def _name(node: Node) -> str:
    for kind, name in _NAMED_NODES.items():
        if isinstance(node, kind):
            return name
    named = node.this
    return (named.name if isinstance(named, exp.Expr) else str(named)).lower()


def _value(node: Node) -> PropertyValue:
    value = node.args.get("value")
    value = node.this if value is None else value
    if isinstance(value, (exp.Array, exp.Schema, exp.Tuple)):
        return [item.name for item in value.expressions]
    return value.name if value.name or not isinstance(value, exp.Boolean) else str(value.this).lower()
