"""Data cells filters and their row filter language: refusals first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.errors import AwsError
from local.services.lakeformation.row_filter import row_filter_sql

from .conftest import Lake

Refused = Callable[..., dict[str, Any]]

TYPES = {
    "country": "string",
    "id": "bigint",
    "price": "decimal(12,3)",
    "good": "boolean",
    "day": "string",
    "sold": "date",
    "tags": "array<string>",
    "address": "struct<zip:int,place:struct<name:varchar(20)>>",
    "order": "string",
}

ACCEPTED = [
    ("country = 'UK'", "(\"country\" = 'UK')"),
    ("COUNTRY='O''Brien'", "(\"country\" = 'O''Brien')"),
    ("id >= 5 AND id < 10", '(("id" >= 5) AND ("id" < 10))'),
    ("id != 5", '("id" <> 5)'),
    ("price between 1.5 and 2", '("price" BETWEEN 1.5 AND 2)'),
    ("id = 1 or id = 2 and country like 'U%'", '(("id" = 1) OR (("id" = 2) AND ("country" LIKE \'U%\')))'),
    ("(id = 1 or id = 2) and not country like 'U%'", '((("id" = 1) OR ("id" = 2)) AND (NOT ("country" LIKE \'U%\')))'),
    ("country in ('UK', 'FR')", "(\"country\" IN ('UK', 'FR'))"),
    ("country not in ('UK')", "(\"country\" NOT IN ('UK'))"),
    ("country is not null", '("country" IS NOT NULL)'),
    ("good = true", '("good" = TRUE)'),
    ("address.place.name = 'x'", '("address"."place"."name" = \'x\')'),
    ("\"order\" = 'x'", "(\"order\" = 'x')"),
    ("price > -1e3", '("price" > -1e3)'),
]

REFUSED = [
    "",
    "   ",
    "country",
    "true",
    "1 = 1",
    "country = id",
    "country = 5",
    "id = '5'",
    "id = null",
    "good = 'true'",
    "nothing = 1",
    "sold = '2020-01-01'",
    "tags = 'x'",
    "address.zip = 'x'",
    "address.nothing = 1",
    "lower(country) = 'uk'",
    "country = lower('UK')",
    "country || 'x' = 'UKx'",
    "id + 1 = 2",
    "id like '5'",
    "day is null",
    "country = 'UK' or",
    "(country = 'UK'",
    "country = 'UK')",
    "country = 'UK' -- comment",
    "country = 'UK' /* comment */",
    "country = 'UK'; drop table x",
    "country = 'UK' union select 1",
    "exists (select 1)",
    "id in (select 1)",
    "country = 'UK",
    'country = "UK"',
    "country in ()",
    "case when id = 1 then true end",
    "country = U&'x'",
    "country = ?",
    "not " * 60 + "id = 1",
    "country = '" + "x" * 2048 + "'",
]


@pytest.mark.parametrize("expression", REFUSED)
def test_refused_row_filters(expression: str) -> None:
    with pytest.raises(AwsError) as refusal:
        row_filter_sql(expression, TYPES, ["day"])
    assert refusal.value.code == "InvalidInputException"
    assert refusal.value.message.startswith("Invalid row filter expression: ")


@pytest.mark.parametrize(("expression", "sql"), ACCEPTED)
def test_accepted_row_filters(expression: str, sql: str) -> None:
    assert row_filter_sql(expression, TYPES, ["day"]) == sql


def data(**changes: Any) -> dict[str, Any]:
    names = {"TableCatalogId": "123456789012", "DatabaseName": "db", "TableName": "people", "Name": "f"}
    body = {**names, "RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {}, **changes}
    return {key: value for key, value in body.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TableName": "nowhere"}, "EntityNotFoundException"),
        ({"TableCatalogId": "999999999999"}, "EntityNotFoundException"),
        ({"RowFilter": None}, "InvalidInputException"),
        ({"RowFilter": {"AllRowsWildcard": {}, "FilterExpression": "id = 1"}}, "InvalidInputException"),
        ({"RowFilter": {"FilterExpression": "nothing = 1"}}, "InvalidInputException"),
        ({"ColumnWildcard": None}, "InvalidInputException"),
        ({"ColumnNames": ["id"]}, "InvalidInputException"),
        ({"ColumnWildcard": None, "ColumnNames": ["nothing"]}, "InvalidInputException"),
        ({"ColumnWildcard": {"ExcludedColumnNames": ["nothing"]}}, "InvalidInputException"),
        ({"Name": "no spaces please"}, "InvalidInputException"),
    ],
)
def test_refused_filters(lake: Lake, refused: Refused, changes: dict[str, Any], code: str) -> None:
    assert refused(lake.client().create_data_cells_filter, TableData=data(**changes))["Code"] == code
    assert lake.client().list_data_cells_filter()["DataCellsFilters"] == []


def test_filters_need_the_grant_option_on_select(lake: Lake, refused: Refused) -> None:
    create = lake.client(role="steward").create_data_cells_filter
    assert refused(create, TableData=data())["Code"] == "AccessDeniedException"
    table = {"Table": {"DatabaseName": "db", "Name": "people"}}
    lake.grant("steward", table, "SELECT", PermissionsWithGrantOption=["SELECT"])
    create(TableData=data())


def test_views_have_no_filters(lake: Lake, refused: Refused) -> None:
    lake.create_table("v", TableType="VIRTUAL_VIEW", ViewOriginalText="/* Presto View */")
    error = refused(lake.client().create_data_cells_filter, TableData=data(TableName="v"))
    assert error["Code"] == "InvalidInputException"


def test_life_of_a_filter(lake: Lake, refused: Refused) -> None:
    client = lake.client()
    name = {"TableCatalogId": "123456789012", "DatabaseName": "db", "TableName": "people", "Name": "f"}
    client.create_data_cells_filter(TableData=data())
    assert refused(client.create_data_cells_filter, TableData=data())["Code"] == "AlreadyExistsException"
    first = client.get_data_cells_filter(**{**name, "TableName": "PEOPLE"})["DataCellsFilter"]
    assert first["RowFilter"] == {"AllRowsWildcard": {}}
    changed = data(RowFilter={"FilterExpression": "id = 1"}, ColumnWildcard=None, ColumnNames=["NAME", "id"])
    client.update_data_cells_filter(TableData=changed)
    second = client.get_data_cells_filter(**name)["DataCellsFilter"]
    assert (second["RowFilter"], second["ColumnNames"]) == ({"FilterExpression": "id = 1"}, ["id", "name"])
    stale = refused(client.update_data_cells_filter, TableData={**changed, "VersionId": first["VersionId"]})
    assert stale["Code"] == "ConcurrentModificationException"
    lake.grant("analyst", {"DataCellsFilter": name}, "SELECT")
    client.delete_data_cells_filter(**name)
    assert refused(client.get_data_cells_filter, **name)["Code"] == "EntityNotFoundException"
    assert lake.rows({"Table": {"DatabaseName": "db", "Name": "people"}}, IncludeRelated="TRUE") == []
