"""Compares the permissions a contract asks for with those Lake Formation has. Pure: no calls, no clock.

Scope keeps it safe: only grants on one table are compared, and only roles of this environment lose anything. Grants to
others are reported, not touched; so is IAM_ALLOWED_PRINCIPALS, which switches Lake Formation off for a table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lake.lake_formation.grant_changes import Rules, compare_grants
from lake.lake_formation.plan import Change, Plan, Step
from lake.lake_formation.resources import Kind, Resource, write_resource
from lake.lake_formation.state import RowFilter, TableState


class PlanRefusedError(ValueError):
    """The desired state cannot be reached, or must not be planned."""


def plan(desired: TableState, actual: TableState, rules: Rules) -> Plan:
    """Changes that make ``actual`` what is desired.

    :param rules: what may be taken away
    :raises PlanRefusedError: the contract gives an administrator, or a role of the pipeline, less than the whole table
    """
    _refuse_narrow_admins(desired, rules.admins)
    _refuse_narrow_pipeline(desired, rules.trusted)
    grants, findings = compare_grants(desired.grants, actual.grants, rules)
    changes = [
        *tag_value_changes(desired.tag_values, actual.tag_values, rules.catalog_id),
        *_tag_changes(desired, actual, rules.catalog_id),
        *_filter_changes(desired, actual, rules.catalog_id),
        *grants,
    ]
    return Plan(in_order(changes), tuple(findings))


def in_order(changes: Collection[Change]) -> tuple[Change, ...]:
    """:return: the changes in the order they are to be applied, the same for any order given"""
    return tuple(sorted(changes, key=_order))


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


def tag_value_changes(
    desired: Mapping[str, frozenset[str]], actual: Mapping[str, frozenset[str]], catalog_id: str
) -> Iterator[Change]:
    """LF-tags and values that are missing. Values that nobody declared stay: one may be attached somewhere."""
    for key, values in desired.items():
        known = actual.get(key)
        missing = sorted(values - (known or frozenset()))
        if known is None:
            call = {"CatalogId": catalog_id, "TagKey": key, "TagValues": missing}
            yield Change(Step.CREATE_TAG, "", f"LF-tag {key}", ", ".join(missing), False, "create_lf_tag", call)
        elif missing:
            call = {"CatalogId": catalog_id, "TagKey": key, "TagValuesToAdd": missing}
            yield Change(Step.ADD_TAG_VALUES, "", f"LF-tag {key}", ", ".join(missing), False, "update_lf_tag", call)


def _refuse_narrow_pipeline(desired: TableState, trusted: Collection[str]) -> None:
    """A job has either full-table access, or fine-grained access, which can only read (AWS Glue user guide, "Using AWS
    Glue with AWS Lake Formation for fine-grained access control"). A pipeline writes.
    """
    for principal, resource in desired.grants:
        if principal in trusted and resource.kind is not Kind.TABLE:
            raise PlanRefusedError(
                f"{principal} runs the pipeline: the contract of {desired.table} cannot hide rows or columns from it. "
                "Give the role access: write, or no row filter and no excluded columns."
            )


def _tag_changes(desired: TableState, actual: TableState, catalog_id: str) -> Iterator[Change]:
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
