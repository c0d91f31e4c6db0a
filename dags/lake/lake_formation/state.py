"""Permissions of a table, or of the whole lake: what somebody wants, or what Lake Formation has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lake.lake_formation.resources import Expression, Resource, expand


@dataclass(frozen=True, order=True)
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


def add_row(held: dict[tuple[str, Resource], Rights], row: Mapping[str, Any], resource: Resource) -> None:
    """Add a row of ListPermissions to grants; one grant may come back as several rows.

    :param resource: one of the row's resources
    """
    key = (row["Principal"]["DataLakePrincipalIdentifier"], resource)
    before = held.get(key, Rights(frozenset()))
    held[key] = Rights(
        before.permissions | expand(row.get("Permissions", []), resource.kind),
        before.grantable | expand(row.get("PermissionsWithGrantOption", []), resource.kind),
    )


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


@dataclass(frozen=True)
class LakeState:
    """Everything Lake Formation says about some databases, with the settings and locations of the account.

    :param admins: ARNs of the data lake administrators
    :param open_to_iam: what new things IAM alone decides about: ``databases``, ``tables``
    :param locations: role ARN of each registered location by its ARN; empty for the service-linked role
    :param grants: rights on everything but single tables: catalog, databases, all tables, locations, LF-tags, policies
    :param tag_values: values an LF-tag may take, by key
    :param tables: tables of the databases, or of the contracts
    :param columns: columns of each table in the catalog
    :param database_tags: LF-tags of the databases
    :param tag_expressions: named LF-tag expressions
    """

    admins: frozenset[str] = frozenset()
    open_to_iam: frozenset[str] = frozenset()
    locations: Mapping[str, str] = field(default_factory=dict)
    grants: Grants = field(default_factory=dict)
    tag_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tables: Mapping[TableName, TableState] = field(default_factory=dict)
    columns: Mapping[TableName, tuple[str, ...]] = field(default_factory=dict)
    database_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tag_expressions: Mapping[str, Expression] = field(default_factory=dict)
