"""ListPermissions and GetEffectivePermissionsForPath, in the shapes AWS reads grants back.

They differ from what was written: SELECT on a table comes back as a column wildcard, ALL with its parts, all tables
under the name ALL_TABLES (terraform-provider-aws records the same in its filters for these lists).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import evaluation
from .access import location_arn
from .call import Call, invalid
from .resources import (
    ALL_TABLES,
    Resource,
    ResourceKind,
    expression_shape,
    parse_resource,
)
from .state import Grant, LakeFormationState

Answer = dict[str, Any]
Row = tuple[str, Resource, Grant]

_TABLE_KINDS = (ResourceKind.TABLE, ResourceKind.COLUMN, ResourceKind.COLUMNS_EXCEPT)
_KINDS_OF_TYPE = {
    "CATALOG": (ResourceKind.CATALOG,),
    "DATABASE": (ResourceKind.DATABASE,),
    "TABLE": _TABLE_KINDS,
    "DATA_LOCATION": (ResourceKind.DATA_LOCATION,),
    "LF_TAG": (ResourceKind.LF_TAG,),
    "LF_TAG_POLICY": (ResourceKind.DATABASE_POLICY, ResourceKind.TABLE_POLICY),
    "LF_TAG_POLICY_DATABASE": (ResourceKind.DATABASE_POLICY,),
    "LF_TAG_POLICY_TABLE": (ResourceKind.TABLE_POLICY,),
    "LF_NAMED_TAG_EXPRESSION": (ResourceKind.LF_TAG_EXPRESSION,),
}


def list_permissions(call: Call) -> Answer:
    principal = (call.body.get("Principal") or {}).get("DataLakePrincipalIdentifier")
    wanted = call.body.get("Resource")
    if principal and not wanted:
        raise invalid("Resource is mandatory if Principal is set in the input.")
    if call.body.get("IncludeRelated") == "TRUE" and principal:
        raise invalid("IncludeRelated cannot be used together with Principal.")
    fits = _selection(call)
    rows = [row for row in _rows(call.state) if fits(row[1]) and principal in (None, row[0]) and _may_see(call, row)]
    page, token = call.page(_shapes(rows, call.account_id))
    return {"PrincipalResourcePermissions": page, **token}


def get_effective_permissions_for_path(call: Call) -> Answer:
    """Grants on the databases and tables at or below a path, and on the locations that cover it."""
    arn = call.text("ResourceArn").rstrip("/")
    rows = [row for row in _rows(call.state) if _may_see(call, row) and _at_path(call, row[1], arn)]
    page, token = call.page(_shapes(rows, call.account_id))
    return {"Permissions": page, **token}


def _at_path(call: Call, resource: Resource, arn: str) -> bool:
    if resource.kind is ResourceKind.DATA_LOCATION:
        return evaluation.covers(resource.name, arn)
    if resource.of_table and resource.table != ALL_TABLES:
        location = call.catalog.table_location(resource.database, resource.table)
    elif resource.database:
        location = call.catalog.database_location(resource.database)
    else:
        location = None
    return location is not None and evaluation.covers(arn, location_arn(location))


def _selection(call: Call) -> Callable[[Resource], bool]:
    """Which resources the request asks for."""
    kinds = _kinds_of_type(call.body.get("ResourceType"))
    wanted = call.body.get("Resource")
    if not wanted:
        return lambda resource: kinds is None or resource.kind in kinds
    if "TableWithColumns" in wanted:
        raise invalid("TableWithColumns is not supported by ListPermissions: list the table instead.")
    target = parse_resource(wanted, call.account_id)[0]
    include_related = call.body.get("IncludeRelated") == "TRUE"
    return lambda resource: (kinds is None or resource.kind in kinds) and _is_about(resource, target, include_related)


def _kinds_of_type(resource_type: str | None) -> tuple[ResourceKind, ...] | None:
    if resource_type is None:
        return None
    if resource_type not in _KINDS_OF_TYPE:
        raise invalid(f"ResourceType {resource_type} is not valid.")
    return _KINDS_OF_TYPE[resource_type]


def _is_about(resource: Resource, target: Resource, include_related: bool) -> bool:
    if target.kind is ResourceKind.TABLE:
        same_table = resource.of_table and (resource.database, resource.table) == (target.database, target.table)
        return same_table and (include_related or resource.kind in _TABLE_KINDS)
    if target.kind is ResourceKind.LF_TAG:
        return resource.kind is ResourceKind.LF_TAG and resource.name == target.name
    return resource == target


def _may_see(call: Call, row: Row) -> bool:
    """Reads are limited to what the caller holds or may pass on; administrators see everything."""
    principal, resource, _ = row
    if call.sees_everything or principal == call.caller_arn:
        return True
    return bool(evaluation.grantable_permissions(call.state, call.caller_arn, resource))


def _rows(state: LakeFormationState) -> Iterator[Row]:
    for principal in sorted(state.grants):
        for resource, grant in sorted(state.grants[principal].items(), key=lambda item: item[0]):
            yield principal, resource, grant


def _shapes(rows: Iterable[Row], account_id: str) -> list[Answer]:
    """API rows. Columns of one table are told apart by their grant option only."""
    shapes: list[Answer] = []
    columns: dict[tuple[str, str, str, frozenset[str]], list[tuple[Resource, Grant]]] = {}
    for principal, resource, grant in rows:
        if resource.kind is ResourceKind.COLUMN:
            key = (principal, resource.database, resource.table, grant.grantable)
            columns.setdefault(key, []).append((resource, grant))
        elif resource.kind is ResourceKind.TABLE:
            shapes += _table_shapes(principal, resource, grant, account_id)
        else:
            shapes.append(_shape(principal, resource_shape(resource, account_id), grant))
    for (principal, database, table, _), members in columns.items():
        names = [resource.name for resource, _ in members]
        body = {"CatalogId": account_id, "DatabaseName": database, "Name": table, "ColumnNames": names}
        shapes.append(_shape(principal, {"TableWithColumns": body}, members[-1][1]))
    return sorted(
        shapes, key=lambda shape: (shape["Principal"]["DataLakePrincipalIdentifier"], repr(shape["Resource"]))
    )


def _table_shapes(principal: str, resource: Resource, grant: Grant, account_id: str) -> Iterator[Answer]:
    """SELECT comes back on the columns, everything else on the table."""
    others = Grant(grant.permissions - {"SELECT"}, grant.grantable - {"SELECT"}, grant.updated, grant.updated_by)
    if others.permissions:
        yield _shape(principal, resource_shape(resource, account_id), others)
    if "SELECT" in grant.permissions:
        select = Grant(frozenset({"SELECT"}), grant.grantable & {"SELECT"}, grant.updated, grant.updated_by)
        body = {
            "CatalogId": account_id,
            "DatabaseName": resource.database,
            "Name": resource.table,
            "ColumnWildcard": {},
        }
        yield _shape(principal, {"TableWithColumns": body}, select)


def _shape(principal: str, resource: Answer, grant: Grant) -> Answer:
    return {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": resource,
        "Permissions": sorted(grant.permissions),
        "PermissionsWithGrantOption": sorted(grant.grantable),
        "LastUpdated": grant.updated,
        "LastUpdatedBy": grant.updated_by or principal,
    }


def resource_shape(resource: Resource, account_id: str) -> Answer:
    """API form of a canonical resource.

    :param account_id: the catalog's id, which AWS always writes out
    """
    catalog = {"CatalogId": account_id}
    table = {**catalog, "DatabaseName": resource.database, "Name": resource.table}
    match resource.kind:
        case ResourceKind.CATALOG:
            return {"Catalog": {}}
        case ResourceKind.DATABASE:
            return {"Database": {**catalog, "Name": resource.database}}
        case ResourceKind.TABLE:
            wildcard: Answer = {"TableWildcard": {}} if resource.table == ALL_TABLES else {}
            return {"Table": {**table, **wildcard}}
        case ResourceKind.COLUMN:
            return {"TableWithColumns": {**table, "ColumnNames": [resource.name]}}
        case ResourceKind.COLUMNS_EXCEPT:
            return {"TableWithColumns": {**table, "ColumnWildcard": {"ExcludedColumnNames": list(resource.values)}}}
        case ResourceKind.DATA_LOCATION:
            return {"DataLocation": {**catalog, "ResourceArn": resource.name}}
        case _:
            return _governed_shape(resource, account_id)


def _governed_shape(resource: Resource, account_id: str) -> Answer:
    catalog = {"CatalogId": account_id}
    match resource.kind:
        case ResourceKind.DATA_CELLS_FILTER:
            names = {"DatabaseName": resource.database, "TableName": resource.table, "Name": resource.name}
            return {"DataCellsFilter": {"TableCatalogId": account_id, **names}}
        case ResourceKind.LF_TAG:
            return {"LFTag": {**catalog, "TagKey": resource.name, "TagValues": list(resource.values)}}
        case ResourceKind.LF_TAG_EXPRESSION:
            return {"LFTagExpression": {**catalog, "Name": resource.name}}
        case _:
            resource_type = "DATABASE" if resource.kind is ResourceKind.DATABASE_POLICY else "TABLE"
            named = {"ExpressionName": resource.name} if resource.name else {}
            expression = {} if resource.name else {"Expression": expression_shape(resource.expression)}
            return {"LFTagPolicy": {**catalog, "ResourceType": resource_type, **named, **expression}}
