"""Permissions of one table: what somebody wants, or what Lake Formation has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lake.lake_formation.resources import Resource


@dataclass(frozen=True)
class TableName:
    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


@dataclass(frozen=True)
class Rights:
    """:param permissions: with ALL replaced by its parts
    :param grantable: those the principal may pass on
    """

    permissions: frozenset[str]
    grantable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RowFilter:
    """A data cells filter.

    :param expression: rows in Lake Formation's filter language, None for all rows
    :param columns: visible columns, sorted; empty when a wildcard is used
    :param excluded: columns a wildcard leaves out, sorted
    """

    expression: str | None
    columns: tuple[str, ...]
    excluded: tuple[str, ...] = ()


Grants = Mapping[tuple[str, Resource], Rights]
"""Rights by principal ARN and resource."""


@dataclass(frozen=True)
class TableState:
    """Everything the planner compares.

    :param grants: rights on the table, its columns and its filters
    :param filters: data cells filters by name
    :param tags: LF-tags of the table by key
    :param column_tags: LF-tags assigned to columns: column to key to value
    :param tag_values: values an LF-tag may take, by key
    """

    table: TableName
    grants: Grants = field(default_factory=dict)
    filters: Mapping[str, RowFilter] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    column_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tag_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
