"""Data cells filters: CreateDataCellsFilter and its siblings, with the row filter checked against the table."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError

from .call import Call, invalid, not_found
from .resources import filter_resource, required, table_resource
from .row_filter import row_filter_sql
from .state import DataCellsFilter, FilterKey

Answer = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]{1,128}")


def create_data_cells_filter(call: Call) -> Answer:
    data = _table_data(call)
    key = _key(call, data)
    _require_rights(call, key)
    if key in call.state.filters:
        raise AwsError("AlreadyExistsException", f"Data cells filter {key[2]} already exists.")
    if not _NAME.fullmatch(key[2]):
        raise invalid(f"Filter name {key[2]!r} is not valid.")
    call.state.filters[key] = _parsed(call, key, data)
    return {}


def update_data_cells_filter(call: Call) -> Answer:
    data = _table_data(call)
    key = _key(call, data)
    _require_rights(call, key)
    before = _existing(call, key)
    if data.get("VersionId") not in (None, before.version):
        raise AwsError("ConcurrentModificationException", f"Data cells filter {key[2]} was changed meanwhile.")
    call.state.filters[key] = _parsed(call, key, data)
    return {}


def get_data_cells_filter(call: Call) -> Answer:
    key = _key(call, call.body)
    _require_rights(call, key)
    return {"DataCellsFilter": _shape(call, key, _existing(call, key))}


def delete_data_cells_filter(call: Call) -> Answer:
    key = _key(call, call.body)
    _require_rights(call, key)
    _existing(call, key)
    del call.state.filters[key]
    for held in call.state.grants.values():
        held.pop(filter_resource(*key), None)
    return {}


def list_data_cells_filter(call: Call) -> Answer:
    table = call.body.get("Table") or {}
    database, name = table.get("DatabaseName", "").lower(), table.get("Name", "").lower()
    rows = [
        _shape(call, key, cells)
        for key, cells in sorted(call.state.filters.items())
        if key[0].startswith(database) and database in ("", key[0]) and name in ("", key[1]) and _may_see(call, key)
    ]
    page, token = call.page(rows)
    return {"DataCellsFilters": page, **token}


def _table_data(call: Call) -> Mapping[str, Any]:
    data = call.body.get("TableData")
    if not isinstance(data, Mapping):
        raise invalid("TableData is required.")
    return data


def _key(call: Call, data: Mapping[str, Any]) -> FilterKey:
    if required(data, "TableCatalogId") != call.account_id:
        raise not_found(f"Catalog {data['TableCatalogId']} not found.")
    return required(data, "DatabaseName").lower(), required(data, "TableName").lower(), required(data, "Name")


def _require_rights(call: Call, key: FilterKey) -> None:
    call.require_table(key[0], key[1])
    call.require_grantable(table_resource(key[0], key[1]), frozenset({"SELECT"}))


def _may_see(call: Call, key: FilterKey) -> bool:
    if call.sees_everything:
        return True
    return filter_resource(*key) in call.state.grants.get(call.caller_arn, {})


def _existing(call: Call, key: FilterKey) -> DataCellsFilter:
    if key not in call.state.filters:
        raise not_found(f"Data cells filter {key[2]} not found on {key[0]}.{key[1]}.")
    return call.state.filters[key]


def _parsed(call: Call, key: FilterKey, data: Mapping[str, Any]) -> DataCellsFilter:
    database, table, _ = key
    if call.catalog.is_view(database, table):
        raise invalid("Data cells filters cannot be created on views.")
    expression, sql = _row_filter(call, key, data.get("RowFilter") or {})
    included, excluded = _columns(data)
    missing = sorted((set(included) | set(excluded)) - set(call.catalog.table_columns(database, table)))
    if missing:
        raise invalid(f"Columns {missing} do not exist in {database}.{table}.")
    return DataCellsFilter(expression, sql, included, excluded, str(uuid.uuid4()))


def _row_filter(call: Call, key: FilterKey, row_filter: Mapping[str, Any]) -> tuple[str | None, str | None]:
    expression = row_filter.get("FilterExpression")
    if (expression is None) == ("AllRowsWildcard" not in row_filter):
        raise invalid("RowFilter needs exactly one of FilterExpression and AllRowsWildcard.")
    if expression is None:
        return None, None
    columns = dict(call.catalog.typed_columns(key[0], key[1]))
    return expression, row_filter_sql(expression, columns, call.catalog.partition_columns(key[0], key[1]))


def _columns(data: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(included, excluded) columns, lower-cased and sorted."""
    names, wildcard = data.get("ColumnNames") or [], data.get("ColumnWildcard")
    if bool(names) == (wildcard is not None):
        raise invalid("Exactly one of ColumnNames and ColumnWildcard must be set.")
    excluded = (wildcard or {}).get("ExcludedColumnNames") or []
    return tuple(sorted({n.lower() for n in names})), tuple(sorted({n.lower() for n in excluded}))


def _shape(call: Call, key: FilterKey, cells: DataCellsFilter) -> Answer:
    columns: Answer = {"ColumnWildcard": {"ExcludedColumnNames": list(cells.excluded)} if cells.excluded else {}}
    if cells.included:
        columns = {"ColumnNames": list(cells.included)}
    rows: Answer = {"AllRowsWildcard": {}} if cells.expression is None else {"FilterExpression": cells.expression}
    return {
        "TableCatalogId": call.account_id,
        "DatabaseName": key[0],
        "TableName": key[1],
        "Name": key[2],
        "RowFilter": rows,
        "VersionId": cells.version,
        **columns,
    }
