"""One canonical form of what Lake Formation grants on, so that desired and actual grants can be compared.

The API writes one thing and reads back another: SELECT on a table comes back as a column wildcard, ALL with its parts,
all tables of a database under the name ALL_TABLES, with a CatalogId nobody gave, in any order of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ALL = "ALL"
ALL_TABLES = "ALL_TABLES"
TABLE_PERMISSIONS = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})
DATABASE_PERMISSIONS = frozenset({"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"})

Expression = tuple[tuple[str, tuple[str, ...]], ...]
"""LF-tag expression: every key must be assigned with one of its values."""


class Kind(StrEnum):
    TABLE = "table"
    COLUMN = "column"
    COLUMNS_EXCEPT = "columns except"
    FILTER = "rows"
    CATALOG = "catalog"
    DATABASE = "database"
    ALL_TABLES = "all tables"
    LOCATION = "location"
    TAG = "LF-tag"
    TAG_EXPRESSION = "LF-tag expression"
    DATABASE_POLICY = "databases by tag"
    TABLE_POLICY = "tables by tag"


OF_TABLE = frozenset({Kind.TABLE, Kind.COLUMN, Kind.COLUMNS_EXCEPT, Kind.FILTER})
"""Kinds that are about a single table."""


@dataclass(frozen=True, order=True)
class Resource:
    """Something to grant on.

    :param name: column, filter, location ARN, tag key or name of a tag expression
    :param excluded: columns a wildcard leaves out
    :param expression: of a tag policy that names none; of a tag, its key with the values
    """

    kind: Kind
    database: str = ""
    table: str = ""
    name: str = ""
    excluded: tuple[str, ...] = ()
    expression: Expression = ()

    def __str__(self) -> str:
        if self.kind in OF_TABLE:
            part = {
                Kind.TABLE: "",
                Kind.COLUMN: f" column {self.name}",
                Kind.COLUMNS_EXCEPT: f" without {', '.join(self.excluded)}",
                Kind.FILTER: f" filter {self.name}",
            }[self.kind]
            return f"{self.database}.{self.table}{part}"
        part = {
            Kind.DATABASE: self.database,
            Kind.ALL_TABLES: f"of {self.database}",
            Kind.DATABASE_POLICY: self._policy,
            Kind.TABLE_POLICY: self._policy,
        }.get(self.kind, self.name)
        return f"{self.kind.value} {part}".rstrip()

    @property
    def _policy(self) -> str:
        return self.name or " and ".join(f"{key} in ({', '.join(values)})" for key, values in self.expression)


def expand(permissions: Iterable[str], kind: Kind = Kind.TABLE) -> frozenset[str]:
    """Permissions with ALL replaced by its parts.

    :param permissions: as written or read
    :param kind: what they are held on
    """
    given = frozenset(permissions)
    parts = DATABASE_PERMISSIONS if kind in (Kind.DATABASE, Kind.DATABASE_POLICY) else TABLE_PERMISSIONS
    return (given - {ALL}) | parts if ALL in given else given


def read_resource(shape: Mapping[str, Any]) -> tuple[Resource, ...]:
    """Canonical resources of a row of ListPermissions; none for a kind that this account cannot have.

    :param shape: ``Resource`` of the row
    """
    readers = {
        "Catalog": lambda body: (Resource(Kind.CATALOG),),
        "Database": lambda body: (Resource(Kind.DATABASE, body["Name"].lower()),),
        "Table": lambda body: (_table(body),),
        "TableWithColumns": _columns,
        "DataCellsFilter": lambda body: (
            Resource(Kind.FILTER, body["DatabaseName"].lower(), body["TableName"].lower(), body["Name"]),
        ),
        "DataLocation": lambda body: (Resource(Kind.LOCATION, name=body["ResourceArn"]),),
        "LFTag": _tag,
        "LFTagExpression": lambda body: (Resource(Kind.TAG_EXPRESSION, name=body["Name"]),),
        "LFTagPolicy": _policy,
    }
    for name, read in readers.items():
        if name in shape:
            return read(shape[name])
    return ()


def _table(body: Mapping[str, Any]) -> Resource:
    if "TableWildcard" in body or body.get("Name") == ALL_TABLES:
        return Resource(Kind.ALL_TABLES, body["DatabaseName"].lower())
    return Resource(Kind.TABLE, body["DatabaseName"].lower(), body["Name"].lower())


def _columns(body: Mapping[str, Any]) -> tuple[Resource, ...]:
    table = _table(body)
    names = body.get("ColumnNames") or []
    if names:
        columns = sorted({name.lower() for name in names})
        return tuple(Resource(Kind.COLUMN, table.database, table.table, column) for column in columns)
    excluded = (body.get("ColumnWildcard") or {}).get("ExcludedColumnNames") or []
    if not excluded:
        return (table,)
    hidden = tuple(sorted({name.lower() for name in excluded}))
    return (Resource(Kind.COLUMNS_EXCEPT, table.database, table.table, excluded=hidden),)


def _tag(body: Mapping[str, Any]) -> tuple[Resource, ...]:
    key = body["TagKey"].lower()
    values = tuple(sorted(value.lower() for value in body["TagValues"]))
    return (Resource(Kind.TAG, name=key, expression=((key, values),)),)


def _policy(body: Mapping[str, Any]) -> tuple[Resource, ...]:
    kind = Kind.DATABASE_POLICY if body["ResourceType"] == "DATABASE" else Kind.TABLE_POLICY
    return (Resource(kind, name=body.get("ExpressionName", ""), expression=read_expression(body.get("Expression"))),)


def read_expression(shape: Iterable[Mapping[str, Any]] | None) -> Expression:
    """Canonical form of an LF-tag expression.

    :param shape: list of ``TagKey`` and ``TagValues``
    """
    pairs = ((tag["TagKey"].lower(), tuple(sorted(value.lower() for value in tag["TagValues"]))) for tag in shape or [])
    return tuple(sorted(pairs))


def write_resource(resources: tuple[Resource, ...], catalog_id: str) -> dict[str, Any]:
    """API form of a resource, or of several columns of one table.

    :param resources: one resource, or columns only
    :param catalog_id: account of the catalog
    """
    first = resources[0]
    if first.kind in OF_TABLE:
        return _write_table(first, resources, catalog_id)
    catalog = {"CatalogId": catalog_id}
    if first.kind is Kind.CATALOG:
        return {"Catalog": {}}
    if first.kind is Kind.DATABASE:
        return {"Database": {**catalog, "Name": first.database}}
    if first.kind is Kind.ALL_TABLES:
        return {"Table": {**catalog, "DatabaseName": first.database, "TableWildcard": {}}}
    if first.kind is Kind.LOCATION:
        return {"DataLocation": {**catalog, "ResourceArn": first.name}}
    if first.kind is Kind.TAG:
        return {"LFTag": {**catalog, "TagKey": first.name, "TagValues": list(first.expression[0][1])}}
    if first.kind is Kind.TAG_EXPRESSION:
        return {"LFTagExpression": {**catalog, "Name": first.name}}
    named = {"ExpressionName": first.name} if first.name else {"Expression": write_expression(first.expression)}
    resource_type = "DATABASE" if first.kind is Kind.DATABASE_POLICY else "TABLE"
    return {"LFTagPolicy": {**catalog, "ResourceType": resource_type, **named}}


def write_expression(expression: Expression) -> list[dict[str, Any]]:
    """API form of an LF-tag expression."""
    return [{"TagKey": key, "TagValues": list(values)} for key, values in expression]


def _write_table(first: Resource, resources: tuple[Resource, ...], catalog_id: str) -> dict[str, Any]:
    names = {"CatalogId": catalog_id, "DatabaseName": first.database, "Name": first.table}
    if first.kind is Kind.TABLE:
        return {"Table": names}
    if first.kind is Kind.COLUMN:
        return {"TableWithColumns": {**names, "ColumnNames": [resource.name for resource in resources]}}
    if first.kind is Kind.COLUMNS_EXCEPT:
        return {"TableWithColumns": {**names, "ColumnWildcard": {"ExcludedColumnNames": list(first.excluded)}}}
    table = {"TableCatalogId": catalog_id, "DatabaseName": first.database, "TableName": first.table}
    return {"DataCellsFilter": {**table, "Name": first.name}}
