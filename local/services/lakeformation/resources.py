"""One canonical, hashable form for everything Lake Formation can grant on.

The API names the same thing in several ways (with or without CatalogId, upper case, any column order, a table or the
same table with an empty column wildcard). Grants are keyed by the canonical form, so that two spellings are one grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.errors import AwsError

ALL_TABLES = "ALL_TABLES"
"""Name under which the table wildcard reads back; stored as the table name of a wildcard grant."""

ApiShape = Mapping[str, Any]
Expression = tuple[tuple[str, tuple[str, ...]], ...]


class ResourceKind(StrEnum):
    CATALOG = "CATALOG"
    DATABASE = "DATABASE"
    TABLE = "TABLE"
    COLUMN = "COLUMN"
    COLUMNS_EXCEPT = "COLUMNS_EXCEPT"
    DATA_LOCATION = "DATA_LOCATION"
    DATA_CELLS_FILTER = "DATA_CELLS_FILTER"
    LF_TAG = "LF_TAG"
    LF_TAG_EXPRESSION = "LF_NAMED_TAG_EXPRESSION"
    DATABASE_POLICY = "LF_TAG_POLICY_DATABASE"
    TABLE_POLICY = "LF_TAG_POLICY_TABLE"


@dataclass(frozen=True, order=True)
class Resource:
    """A thing to grant on.

    :param kind: what it is; decides which of the other fields are used
    :param database: lower-cased database name
    :param table: lower-cased table name, or ALL_TABLES
    :param name: column, location ARN, filter name, tag key or expression name
    :param values: excluded columns, or tag values
    :param expression: LF-tag expression of a policy: (key, values) pairs, all keys must match
    """

    kind: ResourceKind
    database: str = ""
    table: str = ""
    name: str = ""
    values: tuple[str, ...] = ()
    expression: Expression = ()

    @property
    def of_table(self) -> bool:
        """True for a table, its columns and its data cells filters."""
        return self.kind in _TABLE_KINDS


_TABLE_KINDS = frozenset(
    {ResourceKind.TABLE, ResourceKind.COLUMN, ResourceKind.COLUMNS_EXCEPT, ResourceKind.DATA_CELLS_FILTER}
)

CATALOG = Resource(ResourceKind.CATALOG)


def database_resource(database: str) -> Resource:
    return Resource(ResourceKind.DATABASE, database=database.lower())


def table_resource(database: str, table: str) -> Resource:
    name = table if table == ALL_TABLES else table.lower()
    return Resource(ResourceKind.TABLE, database=database.lower(), table=name)


def column_resource(database: str, table: str, column: str) -> Resource:
    return Resource(ResourceKind.COLUMN, database=database.lower(), table=table.lower(), name=column.lower())


def filter_resource(database: str, table: str, name: str) -> Resource:
    return Resource(ResourceKind.DATA_CELLS_FILTER, database=database.lower(), table=table.lower(), name=name)


def location_resource(arn: str) -> Resource:
    return Resource(ResourceKind.DATA_LOCATION, name=arn.rstrip("/"))


def canonical_expression(tags: list[ApiShape]) -> Expression:
    """Sorted, lower-cased form of a list of ``{"TagKey":, "TagValues":}``."""
    return tuple(sorted((tag["TagKey"].lower(), tuple(sorted({v.lower() for v in tag["TagValues"]}))) for tag in tags))


def expression_shape(expression: Expression) -> list[dict[str, Any]]:
    """API form of a canonical expression."""
    return [{"TagKey": key, "TagValues": list(values)} for key, values in expression]


def parse_resource(shape: ApiShape | None, account_id: str) -> tuple[Resource, ...]:
    """Canonical resources of an API ``Resource``; several only for a list of columns (one per column).

    :param shape: ``Resource`` structure of a request
    :param account_id: account whose catalog is served
    :raises AwsError: InvalidInputException for a shape AWS would refuse
    """
    if not shape or len(shape) != 1:
        raise AwsError("InvalidInputException", "Resource must have exactly one of the fields set.")
    ((field, body),) = shape.items()
    parser = _PARSERS.get(field)
    if parser is None:
        raise AwsError("InvalidInputException", f"Resource type {field} is not supported by the local Lake Formation.")
    _require_own_catalog(body, account_id)
    return parser(body)


def _require_own_catalog(body: ApiShape, account_id: str) -> None:
    for key in ("CatalogId", "TableCatalogId", "Id"):
        catalog_id = body.get(key)
        if catalog_id is not None and catalog_id != account_id:
            raise AwsError("EntityNotFoundException", f"Catalog {catalog_id} not found.")


def required(body: ApiShape, field: str) -> str:
    """Text field that must be there. :raises AwsError: InvalidInputException when it is missing or empty"""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise AwsError("InvalidInputException", f"{field} is required and must not be empty.")
    return value


def _parse_catalog(_: ApiShape) -> tuple[Resource, ...]:
    return (CATALOG,)


def _parse_database(body: ApiShape) -> tuple[Resource, ...]:
    return (database_resource(required(body, "Name")),)


def _parse_table(body: ApiShape) -> tuple[Resource, ...]:
    database = required(body, "DatabaseName")
    wildcard = "TableWildcard" in body or body.get("Name") == ALL_TABLES
    if wildcard and body.get("Name") not in (None, ALL_TABLES):
        raise AwsError("InvalidInputException", "Only one of Name and TableWildcard may be set on a table.")
    return (table_resource(database, ALL_TABLES if wildcard else required(body, "Name")),)


def _parse_columns(body: ApiShape) -> tuple[Resource, ...]:
    database, table = required(body, "DatabaseName"), required(body, "Name")
    names = body.get("ColumnNames") or []
    wildcard = body.get("ColumnWildcard")
    if bool(names) == (wildcard is not None):
        raise AwsError("InvalidInputException", "Exactly one of ColumnNames and ColumnWildcard must be set.")
    if names:
        return tuple(column_resource(database, table, name) for name in sorted({n.lower() for n in names}))
    excluded = tuple(sorted({name.lower() for name in (wildcard or {}).get("ExcludedColumnNames") or []}))
    if not excluded:
        # AWS shows SELECT on a whole table as a column wildcard without exclusions: the two are one grant.
        return (table_resource(database, table),)
    return (Resource(ResourceKind.COLUMNS_EXCEPT, database.lower(), table.lower(), values=excluded),)


def _parse_location(body: ApiShape) -> tuple[Resource, ...]:
    arn = required(body, "ResourceArn")
    if not arn.startswith("arn:aws:s3:::"):
        raise AwsError("InvalidInputException", f"ResourceArn {arn} is not the ARN of an Amazon S3 location.")
    return (location_resource(arn),)


def _parse_filter(body: ApiShape) -> tuple[Resource, ...]:
    names = (required(body, "DatabaseName"), required(body, "TableName"), required(body, "Name"))
    return (filter_resource(*names),)


def _parse_tag(body: ApiShape) -> tuple[Resource, ...]:
    values = tuple(sorted({value.lower() for value in body.get("TagValues") or []}))
    if not values:
        raise AwsError("InvalidInputException", "TagValues must not be empty.")
    return (Resource(ResourceKind.LF_TAG, name=required(body, "TagKey").lower(), values=values),)


def _parse_tag_expression(body: ApiShape) -> tuple[Resource, ...]:
    return (Resource(ResourceKind.LF_TAG_EXPRESSION, name=required(body, "Name").lower()),)


def _parse_policy(body: ApiShape) -> tuple[Resource, ...]:
    kinds = {"DATABASE": ResourceKind.DATABASE_POLICY, "TABLE": ResourceKind.TABLE_POLICY}
    kind = kinds.get(required(body, "ResourceType"))
    if kind is None:
        raise AwsError("InvalidInputException", "ResourceType of an LF-tag policy must be DATABASE or TABLE.")
    expression, name = body.get("Expression") or [], body.get("ExpressionName")
    if bool(expression) == bool(name):
        raise AwsError("InvalidInputException", "Exactly one of Expression and ExpressionName must be set.")
    canonical = canonical_expression(expression)
    if len({key for key, _ in canonical}) != len(canonical):
        raise AwsError("InvalidInputException", "Expression contains duplicate tag keys.")
    return (Resource(kind, name=(name or "").lower(), expression=canonical),)


_PARSERS = {
    "Catalog": _parse_catalog,
    "Database": _parse_database,
    "Table": _parse_table,
    "TableWithColumns": _parse_columns,
    "DataLocation": _parse_location,
    "DataCellsFilter": _parse_filter,
    "LFTag": _parse_tag,
    "LFTagExpression": _parse_tag_expression,
    "LFTagPolicy": _parse_policy,
}
