"""Compares the permissions a contract asks for with those Lake Formation has. Pure: no calls, no clock.

Scope keeps it safe: only grants on one table are compared, and only roles of this environment lose anything. Grants to
others are reported, not touched; so is IAM_ALLOWED_PRINCIPALS, which switches Lake Formation off for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from lake.lake_formation.plan import Change, Plan, Step
from lake.lake_formation.resources import TABLE_PERMISSIONS, Kind, Resource, write_resource
from lake.lake_formation.state import Rights, RowFilter, TableState

IAM_ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"
_NOTHING = Rights(frozenset())


class PlanRefusedError(ValueError):
    """The desired state cannot be reached, or must not be planned."""


def plan(
    desired: TableState,
    actual: TableState,
    *,
    catalog_id: str,
    managed: Callable[[str], bool],
    short: Callable[[str], str] = str,
    admins: Collection[str] = (),
    trusted: Collection[str] = (),
) -> Plan:
    """Changes that make ``actual`` what is desired.

    :param catalog_id: account of the catalog
    :param managed: whether a principal's undeclared rights are taken away
    :param short: name of a principal for people
    :param admins: ARNs of the data lake administrators
    :param trusted: ARNs of the roles that run the pipeline. Whoever creates a table holds everything on it, so their
        undeclared rights are neither taken away nor reported
    :raises PlanRefusedError: the contract names an administrator with less than the whole table
    """
    _refuse_narrow_admins(desired, admins)
    ours = frozenset(admins) | frozenset(trusted)
    extra = {key: rights for key, rights in _undeclared(desired, actual).items() if key[0] not in ours}
    revoked = {key: rights for key, rights in extra.items() if managed(key[0])}
    changes = [
        *_tag_changes(desired, actual, catalog_id),
        *_filter_changes(desired, actual, catalog_id),
        *_grant_changes(desired, actual, catalog_id, short),
        *_batched(Step.REVOKE, "batch_revoke_permissions", revoked, catalog_id, short),
    ]
    reported = {key: rights for key, rights in extra.items() if key not in revoked}
    return Plan(tuple(sorted(changes, key=_order)), tuple(_findings(reported, short)))


def _order(change: Change) -> tuple[int, str, str, str]:
    return change.step, change.who, change.what, change.detail


def _refuse_narrow_admins(desired: TableState, admins: Collection[str]) -> None:
    """Lake Formation refuses to narrow an administrator ("Permissions modification is invalid")."""
    for principal, resource in desired.grants:
        if principal in admins and resource.kind is not Kind.TABLE:
            raise PlanRefusedError(
                f"{principal} is a data lake administrator: the contract of {desired.table} cannot limit what it sees. "
                "Give the role no row filter and no excluded columns, or take it off the administrators."
            )


def _tag_changes(desired: TableState, actual: TableState, catalog_id: str) -> Iterator[Change]:
    for key, values in desired.tag_values.items():
        known = actual.tag_values.get(key)
        missing = sorted(values - (known or frozenset()))
        if known is None:
            call = {"CatalogId": catalog_id, "TagKey": key, "TagValues": missing}
            yield Change(Step.CREATE_TAG, "", f"LF-tag {key}", ", ".join(missing), False, "create_lf_tag", call)
        elif missing:
            call = {"CatalogId": catalog_id, "TagKey": key, "TagValuesToAdd": missing}
            yield Change(Step.ADD_TAG_VALUES, "", f"LF-tag {key}", ", ".join(missing), False, "update_lf_tag", call)
    table = Resource(Kind.TABLE, desired.table.database, desired.table.table)
    yield from _attach(table, desired.tags, actual.tags, catalog_id)
    for column, tags in desired.column_tags.items():
        resource = Resource(Kind.COLUMN, desired.table.database, desired.table.table, column)
        yield from _attach(resource, tags, actual.column_tags.get(column, {}), catalog_id)


def _attach(resource: Resource, desired: Any, actual: Any, catalog_id: str) -> Iterator[Change]:
    for key, value in desired.items():
        before = actual.get(key)
        if before != value:
            call = {
                "CatalogId": catalog_id,
                "Resource": write_resource((resource,), catalog_id),
                "LFTags": [{"CatalogId": catalog_id, "TagKey": key, "TagValues": [value]}],
            }
            detail = f"{key}={value}" + (f" (was {before})" if before else "")
            # Another value of a tag may end what a tag policy grants.
            destructive = before is not None
            yield Change(Step.ATTACH_TAG, "", str(resource), detail, destructive, "add_lf_tags_to_resource", call)


def _filter_changes(desired: TableState, actual: TableState, catalog_id: str) -> Iterator[Change]:
    for name, wanted in desired.filters.items():
        before = actual.filters.get(name)
        if before == wanted:
            continue
        call = {"TableData": _filter_shape(desired, name, wanted, catalog_id)}
        what = str(Resource(Kind.FILTER, desired.table.database, desired.table.table, name))
        if before is None:
            yield Change(Step.CREATE_FILTER, "", what, _filter_text(wanted), False, "create_data_cells_filter", call)
        else:
            detail = f"{_filter_text(before)} -> {_filter_text(wanted)}"
            yield Change(Step.UPDATE_FILTER, "", what, detail, True, "update_data_cells_filter", call)
    for name in sorted(set(actual.filters) - set(desired.filters)):
        if name.startswith(f"{desired.table.table}__"):
            names: dict[str, Any] = {
                "TableCatalogId": catalog_id,
                "DatabaseName": desired.table.database,
                "TableName": desired.table.table,
                "Name": name,
            }
            what = str(Resource(Kind.FILTER, desired.table.database, desired.table.table, name))
            detail = "no role of the contract uses it"
            yield Change(Step.DELETE_FILTER, "", what, detail, True, "delete_data_cells_filter", names)


def _filter_shape(desired: TableState, name: str, wanted: RowFilter, catalog_id: str) -> dict[str, Any]:
    rows: dict[str, Any] = {"AllRowsWildcard": {}}
    if wanted.expression is not None:
        rows = {"FilterExpression": wanted.expression}
    columns: dict[str, Any] = {"ColumnWildcard": {"ExcludedColumnNames": list(wanted.excluded)}}
    if wanted.columns:
        columns = {"ColumnNames": list(wanted.columns)}
    return {
        "TableCatalogId": catalog_id,
        "DatabaseName": desired.table.database,
        "TableName": desired.table.table,
        "Name": name,
        "RowFilter": rows,
        **columns,
    }


def _filter_text(row_filter: RowFilter) -> str:
    columns = (
        f"{len(row_filter.columns)} columns" if row_filter.columns else f"all but {', '.join(row_filter.excluded)}"
    )
    return f"[{row_filter.expression or 'all rows'}; {columns}]"


def _grant_changes(
    desired: TableState, actual: TableState, catalog_id: str, short: Callable[[str], str]
) -> Iterator[Change]:
    missing = {}
    for key, wanted in desired.grants.items():
        held = actual.grants.get(key, _NOTHING)
        rights = Rights(wanted.permissions - held.permissions, wanted.grantable - held.grantable)
        if rights.permissions or rights.grantable:
            missing[key] = Rights(rights.permissions | rights.grantable, rights.grantable)
    yield from _batched(Step.GRANT, "batch_grant_permissions", missing, catalog_id, short)


def _undeclared(desired: TableState, actual: TableState) -> dict[tuple[str, Resource], Rights]:
    extra = {}
    for key, held in actual.grants.items():
        wanted = desired.grants.get(key, _NOTHING)
        rights = Rights(held.permissions - wanted.permissions, held.grantable - wanted.grantable)
        if rights.permissions or rights.grantable:
            extra[key] = rights
    return extra


def _batched(
    step: Step,
    operation: str,
    rights_by_key: dict[tuple[str, Resource], Rights],
    catalog_id: str,
    short: Callable[[str], str],
) -> Iterator[Change]:
    """One entry per principal and resource; the columns of a table that share their rights are one entry."""
    entries: dict[tuple[str, Rights, Resource], list[Resource]] = {}
    for (principal, resource), rights in sorted(rights_by_key.items(), key=lambda item: item[0]):
        columns = resource.kind is Kind.COLUMN
        group = Resource(Kind.COLUMN, resource.database, resource.table) if columns else resource
        entries.setdefault((principal, rights, group), []).append(resource)
    for (principal, rights, group), resources in entries.items():
        entry = {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": write_resource(tuple(resources), catalog_id),
            "Permissions": sorted(rights.permissions),
            "PermissionsWithGrantOption": sorted(rights.grantable),
        }
        names = ", ".join(resource.name for resource in resources)
        what = f"{group.database}.{group.table} columns {names}" if group.kind is Kind.COLUMN else str(group)
        destructive = step is Step.REVOKE
        yield Change(step, short(principal), what, _rights_text(rights), destructive, operation, entry)


def _rights_text(rights: Rights) -> str:
    text = "ALL" if rights.permissions == TABLE_PERMISSIONS else ", ".join(sorted(rights.permissions))
    return text + (f" (grant option: {', '.join(sorted(rights.grantable))})" if rights.grantable else "")


def _findings(reported: dict[tuple[str, Resource], Rights], short: Callable[[str], str]) -> Iterator[str]:
    for (principal, resource), rights in sorted(reported.items(), key=lambda item: item[0]):
        if principal == IAM_ALLOWED_PRINCIPALS:
            yield (
                f"CRITICAL: {resource} is open to every IAM principal (IAM_ALLOWED_PRINCIPALS holds "
                f"{_rights_text(rights)}): Lake Formation limits nobody. Revoke it once nobody depends on it."
            )
        else:
            yield f"undeclared: {short(principal)} holds {_rights_text(rights)} on {resource}; not touched"
