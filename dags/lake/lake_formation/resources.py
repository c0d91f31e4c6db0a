"""One canonical form of what Lake Formation grants on, so that desired and actual grants can be compared.

The API writes one thing and reads back another: SELECT on a table comes back as a column wildcard, ALL with its parts,
with a CatalogId nobody gave, in any order of columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ALL = "ALL"
TABLE_PERMISSIONS = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})


class Kind(StrEnum):
    TABLE = "table"
    COLUMN = "column"
    COLUMNS_EXCEPT = "columns except"
    FILTER = "rows"


@dataclass(frozen=True, order=True)
class Resource:
    """A table, one of its columns, all but some columns, or a data cells filter on it.

    :param name: column or filter
    :param excluded: columns a wildcard leaves out
    """

    kind: Kind
    database: str
    table: str
    name: str = ""
    excluded: tuple[str, ...] = ()

    def __str__(self) -> str:
        part = {
            Kind.TABLE: "",
            Kind.COLUMN: f" column {self.name}",
            Kind.COLUMNS_EXCEPT: f" without {', '.join(self.excluded)}",
            Kind.FILTER: f" filter {self.name}",
        }[self.kind]
        return f"{self.database}.{self.table}{part}"


def expand(permissions: Iterable[str]) -> frozenset[str]:
    """Permissions on a table with ALL replaced by its parts.

    :param permissions: as written or read
    """
    given = frozenset(permissions)
    return (given - {ALL}) | TABLE_PERMISSIONS if ALL in given else given


def read_resource(shape: dict[str, Any]) -> tuple[Resource, ...]:
    """Canonical resources of a row of ListPermissions; none for what is not about a single table.

    :param shape: ``Resource`` of the row
    """
    if "Table" in shape:
        body = shape["Table"]
        return () if "TableWildcard" in body else (_table(body),)
    if "TableWithColumns" in shape:
        return _columns(shape["TableWithColumns"])
    if "DataCellsFilter" in shape:
        body = shape["DataCellsFilter"]
        return (Resource(Kind.FILTER, body["DatabaseName"].lower(), body["TableName"].lower(), body["Name"]),)
    return ()


def _table(body: dict[str, Any]) -> Resource:
    return Resource(Kind.TABLE, body["DatabaseName"].lower(), body["Name"].lower())


def _columns(body: dict[str, Any]) -> tuple[Resource, ...]:
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


def write_resource(resources: tuple[Resource, ...], catalog_id: str) -> dict[str, Any]:
    """API form of a resource, or of several columns of one table.

    :param resources: one resource, or columns only
    :param catalog_id: account of the catalog
    """
    first = resources[0]
    names = {"CatalogId": catalog_id, "DatabaseName": first.database, "Name": first.table}
    if first.kind is Kind.TABLE:
        return {"Table": names}
    if first.kind is Kind.COLUMN:
        return {"TableWithColumns": {**names, "ColumnNames": [resource.name for resource in resources]}}
    if first.kind is Kind.COLUMNS_EXCEPT:
        return {"TableWithColumns": {**names, "ColumnWildcard": {"ExcludedColumnNames": list(first.excluded)}}}
    table = {"TableCatalogId": catalog_id, "DatabaseName": first.database, "TableName": first.table}
    return {"DataCellsFilter": {**table, "Name": first.name}}
