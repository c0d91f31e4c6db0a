"""LF-tags on databases, tables and columns: attach, detach, read with inheritance, search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.errors import AwsError

from .access import allowed
from .call import Call, columns_of, denied, invalid, not_found
from .evaluation import effective_tags, grantable_permissions, matches_expression
from .lf_tags import may_associate, require_tag_value
from .resources import (
    Resource,
    ResourceKind,
    canonical_expression,
    column_resource,
    database_resource,
    parse_resource,
    table_resource,
)

Answer = dict[str, Any]

MAXIMUM_TAGS_PER_RESOURCE = 50
_TAGGABLE = (ResourceKind.DATABASE, ResourceKind.TABLE, ResourceKind.COLUMN)


def add_lf_tags_to_resource(call: Call) -> Answer:
    """Adds to what is attached; a key that is attached already gets the new value."""
    return _for_each_tag(call, _attach)


def remove_lf_tags_from_resource(call: Call) -> Answer:
    return _for_each_tag(call, _detach)


def get_resource_lf_tags(call: Call) -> Answer:
    resources = _taggable(call)
    first = resources[0]
    inherited = not call.body.get("ShowAssignedLFTags")
    answer: Answer = {}
    _add(answer, "LFTagOnDatabase", _tags(call, database_resource(first.database)))
    if first.table:
        own = call.state.tag_assignments.get(table_resource(first.database, first.table), {})
        tags = effective_tags(call.state, first.database, first.table) if inherited else own
        _add(answer, "LFTagsOnTable", _tag_shapes(call, tags))
        columns = sorted(columns_of(resources)) or call.catalog.table_columns(first.database, first.table)
        _add(answer, "LFTagsOnColumns", _column_tags(call, first, columns, inherited))
    return answer


def search_tables_by_lf_tags(call: Call) -> Answer:
    expression = canonical_expression(call.body.get("Expression") or [])
    rows = []
    for database in sorted(call.catalog.databases()):
        for table in sorted(call.catalog.tables(database)):
            tags = effective_tags(call.state, database, table)
            columns = call.catalog.table_columns(database, table)
            matching = [
                c for c in columns if matches_expression(expression, effective_tags(call.state, database, table, c))
            ]
            found = matches_expression(expression, tags) or matching
            if found and allowed(call.caller_arn, "DESCRIBE", database, table):
                rows.append(_table_row(call, database, table, matching))
    page, token = call.page(rows, 100)
    return {"TableList": page, **token}


def search_databases_by_lf_tags(call: Call) -> Answer:
    expression = canonical_expression(call.body.get("Expression") or [])
    rows = [
        {
            "Database": {"CatalogId": call.account_id, "Name": database},
            "LFTags": _tag_shapes(call, effective_tags(call.state, database)),
        }
        for database in sorted(call.catalog.databases())
        if matches_expression(expression, effective_tags(call.state, database))
        and allowed(call.caller_arn, "DESCRIBE", database)
    ]
    page, token = call.page(rows, 100)
    return {"DatabaseList": page, **token}


def _for_each_tag(call: Call, change: Any) -> Answer:
    """Tags succeed and fail one by one, as in AWS's ``Failures`` list."""
    resources = _taggable(call)
    tags = call.body.get("LFTags") or []
    if not 1 <= len(tags) <= MAXIMUM_TAGS_PER_RESOURCE:
        raise invalid(f"LFTags must have between 1 and {MAXIMUM_TAGS_PER_RESOURCE} members.")
    keys = [str(tag.get("TagKey", "")).lower() for tag in tags]
    if len(set(keys)) != len(keys):
        raise invalid("Provided list of tags contains duplicate tag key.")
    if any(len(tag.get("TagValues") or []) != 1 for tag in tags):
        raise invalid("Provided tag value list has size not equal to 1.")
    failures = []
    for tag, key in zip(tags, keys, strict=True):
        try:
            _change_one(call, resources, key, tag["TagValues"][0].lower(), change)
        except AwsError as error:
            failures.append({"LFTag": tag, "Error": {"ErrorCode": error.code, "ErrorMessage": error.message}})
    return {"Failures": failures}


def _change_one(call: Call, resources: tuple[Resource, ...], key: str, value: str, change: Any) -> None:
    require_tag_value(call, key, value)
    if not may_associate(call, key, value):
        raise denied(f"Insufficient Lake Formation permission(s): Required ASSOCIATE on LF-Tag {key}")
    for resource in resources:
        change(call, resource, key, value)


def _attach(call: Call, resource: Resource, key: str, value: str) -> None:
    tags = call.state.tag_assignments.setdefault(resource, {})
    if key not in tags and len(tags) >= MAXIMUM_TAGS_PER_RESOURCE:
        raise AwsError(
            "ResourceNumberLimitExceededException", f"A resource has at most {MAXIMUM_TAGS_PER_RESOURCE} LF-Tags."
        )
    tags[key] = value


def _detach(call: Call, resource: Resource, key: str, value: str) -> None:
    tags = call.state.tag_assignments.get(resource, {})
    if tags.get(key) != value:
        raise not_found(f"LF-Tag {key}={value} is not attached to the resource.")
    del tags[key]


def _taggable(call: Call) -> tuple[Resource, ...]:
    """Existing resources a caller may tag or read the tags of."""
    resources = parse_resource(call.body.get("Resource"), call.account_id)
    first = resources[0]
    if first.kind not in _TAGGABLE:
        raise invalid("LF-Tags can be attached to databases, tables and columns only.")
    if first.table:
        call.require_table(first.database, first.table)
        missing = sorted(columns_of(resources) - set(call.catalog.table_columns(first.database, first.table)))
        if missing:
            raise not_found(f"Columns {missing} not found in {first.database}.{first.table}.")
    else:
        call.require_database(first.database)
    whole = table_resource(first.database, first.table) if first.table else first
    described = allowed(call.caller_arn, "DESCRIBE", first.database, first.table or None)
    if not (call.sees_everything or described or grantable_permissions(call.state, call.caller_arn, whole)):
        raise denied(f"Insufficient Lake Formation permission(s): Required Describe on {first.table or first.database}")
    return resources


def _tags(call: Call, resource: Resource) -> list[Answer]:
    return _tag_shapes(call, call.state.tag_assignments.get(resource, {}))


def _tag_shapes(call: Call, tags: Mapping[str, str]) -> list[Answer]:
    return [{"CatalogId": call.account_id, "TagKey": key, "TagValues": [value]} for key, value in sorted(tags.items())]


def _column_tags(call: Call, table: Resource, columns: Any, inherited: bool) -> list[Answer]:
    rows = []
    for column in columns:
        own = call.state.tag_assignments.get(column_resource(table.database, table.table, column), {})
        tags = effective_tags(call.state, table.database, table.table, column) if inherited else own
        if tags:
            rows.append({"Name": column, "LFTags": _tag_shapes(call, tags)})
    return rows


def _table_row(call: Call, database: str, table: str, columns: list[str]) -> Answer:
    tags = effective_tags(call.state, database, table)
    resource = table_resource(database, table)
    return {
        "Table": {"CatalogId": call.account_id, "DatabaseName": database, "Name": table},
        "LFTagOnDatabase": _tags(call, database_resource(database)),
        "LFTagsOnTable": _tag_shapes(call, tags),
        "LFTagsOnColumns": _column_tags(call, resource, columns, inherited=True),
    }


def _add(answer: Answer, field: str, rows: list[Answer]) -> None:
    if rows:
        answer[field] = rows
