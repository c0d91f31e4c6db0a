"""Every rule type on real Parquet through the API: rules that must pass and rules that must fail."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.local.glue.data_quality.quality_bench import QualityBench

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
TODAY = NOW.date()


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


# id     1 2 3 4          complete, unique
# name   has a NULL, an empty string and one of blanks
# price  0.5 1.5 1.5 NULL
ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "name": ["Ann", "", "  ", None],
        "country": ["FR", "FR", "DE", "UK"],
        "price": pa.array([0.5, 1.5, 1.5, None], pa.float64()),
        "amount": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("3.30"), Decimal("4.40")], pa.decimal128(10, 2)),
        "double_id": pa.array([2, 4, 6, 8], pa.int32()),
        "code": ["12", "7", "x", "2020-02-30"],
        "ordered": pa.array([dt.date(2020, 1, 1), dt.date(2020, 1, 2), dt.date(2020, 1, 3), None], pa.date32()),
        "loaded": pa.array([days_ago(0.1), days_ago(0.2), days_ago(0.5), days_ago(1.5)], pa.timestamp("us")),
        "paid": [True, False, True, True],
    }
)
COUNTRIES = pa.table({"code": ["FR", "DE", "IT"], "continent": ["EU", "EU", "EU"]})
SAME_ORDERS = ORDERS.slice(0, 3)
OTHER_PRICES = pa.table({"order_id": pa.array([1, 2, 3, 9], pa.int64()), "price": [0.5, 1.5, 2.5, None]})

PASS = [
    "RowCount = 4",
    "RowCount between 3 and 5",
    "RowCount > 1 + 2",
    'RowCount = 1 where "price is null"',
    "RowCount in [3, 4]",
    "ColumnCount = 10",
    'IsComplete "id"',
    'IsComplete "price" where "id < 4"',
    "IsComplete id",
    'Completeness "price" = 0.75',
    'Completeness "name" > 0.7',
    'IsUnique "id"',
    'IsUnique "id" "country"',
    'IsUnique "ordered"',
    'Uniqueness "country" = 0.5',
    'Uniqueness "price" > 0.3',
    'UniqueValueRatio "price" = 0.5',
    'DistinctValuesCount "country" = 3',
    # NULL is one of them
    'DistinctValuesCount "price" = 3',
    'IsPrimaryKey "id"',
    'IsPrimaryKey "country" "id"',
    'IsPrimaryKey "country" where "id > 1"',
    'ColumnValues "id" between 0 and 5',
    'ColumnValues "id" >= 1',
    'ColumnValues "id" in [1, 2, 3, 4]',
    'ColumnValues "id" not in [5, 6]',
    'ColumnValues "id" != 9',
    'ColumnValues "price" != 9',
    'ColumnValues "price" in [0.5, 1.5, NULL]',
    'ColumnValues "price" > 0.2 where "price is not null"',
    'ColumnValues "price" > 0.2 with threshold >= 0.75',
    'ColumnValues "id" not between 10 and 20',
    'ColumnValues "id" = 3 where "id = 3"',
    'ColumnValues "amount" between 1.09 and 4.41',
    'ColumnValues "country" in ["FR", "DE", "UK"]',
    'ColumnValues "country" = "FR" with threshold = 0.5',
    'ColumnValues "country" != "IT"',
    'ColumnValues "country" not in ["IT", "ES"]',
    'ColumnValues "name" in ["Ann", EMPTY, WHITESPACES_ONLY, NULL]',
    'ColumnValues "name" != "Bob"',
    'ColumnValues "name" = NULL where "id = 4"',
    'ColumnValues "name" = EMPTY where "id = 2"',
    'ColumnValues "name" = WHITESPACES_ONLY where "id = 3"',
    'ColumnValues "country" matches "[A-Z]{2}"',
    'ColumnValues "country" not matches "IT"',
    'ColumnValues "country" matches "(?!IT)[A-Z]+"',
    'ColumnValues "country" matches "[A-Z][A-Z]" with threshold > 0.9',
    'ColumnValues "ordered" > "2019-12-31" where "ordered is not null"',
    'ColumnValues "ordered" between "2019-12-31" and "2020-01-04" with threshold >= 0.75',
    'ColumnValues "ordered" in ["2020-01-01", "2020-01-02", "2020-01-03", NULL]',
    'ColumnValues "ordered" != "2021-01-01"',
    'ColumnValues "loaded" > (now() - 3 days)',
    'ColumnValues "loaded" <= now()',
    'ColumnLength "country" = 2',
    'ColumnLength "country" between 1 and 3',
    'ColumnLength "name" < 4',
    'ColumnLength "name" in [0, 2, 3]',
    'ColumnLength "country" not in [3]',
    'ColumnLength "name" >= 2 where "id in (1, 3)"',
    'ColumnDataType "code" = "Integer" where "id < 3"',
    'ColumnDataType "code" = "INTEGER" with threshold = 0.5',
    'ColumnDataType "code" != "Timestamp" where "id in (3, 4)"',
    'ColumnDataType "code" = "Date" with format = "yyyy-MM-dd" with threshold = 0',
    'ColumnDataType "amount" = "Decimal(10,2)"',
    'ColumnDataType "paid" = "Boolean"',
    'ColumnExists "price"',
    'ColumnExists "PRICE"',
    'ColumnNamesMatchPattern "[a-z_]+"',
    'Sum "amount" = 11.0',
    'Sum "id" = 10',
    'Mean "price" > 1.16',
    'Mean "id" = 2.5',
    'StandardDeviation "id" between 1.11 and 1.12',
    'ColumnCorrelation "id" "double_id" > 0.999',
    'ColumnCorrelation "id" "amount" > 0.99',
    'Entropy "country" between 1.03 and 1.04',
    'DataFreshness "loaded" < 36 hours where "id < 4"',
    'DataFreshness "loaded" <= 2 days',
    'DataFreshness "ordered" > 100 days where "ordered is not null"',
    'CustomSql "select count(*) from primary" = 4',
    "CustomSql \"select max(price) from primary where country = 'FR'\" between 1 and 2",
    'CustomSql "select id from primary where id > 0"',
    'CustomSql "select id from primary where id > 2" with threshold = 0.5',
    'CustomSql "select count(*) from primary p join countries c on p.country = c.code" = 3',
    'RowCountMatch "countries" between 1.3 and 1.4',
    'ReferentialIntegrity "country" "countries.code" = 0.75',
    'ReferentialIntegrity "id,price" "prices.{order_id,price}" = 0.5',
    'SchemaMatch "first_orders" = 1.0',
    'AggregateMatch "sum(id)" "sum(first_orders.id)" between 1.6 and 1.7',
    'AggregateMatch "avg(id)" "avg(prices.order_id)" > 0.6',
    'DatasetMatch "first_orders" "id" >= 0.75',
    'DatasetMatch "prices" "id->order_id" "price" = 0.5',
    '(IsComplete "price") or (IsComplete "id")',
    '(IsComplete "id") and (IsUnique "id")',
    '(RowCount = 0) or ((IsComplete "id") and (RowCount > 1))',
    '(ColumnValues "price" > 0.2) OR (ColumnValues "price" = NULL) OR (RowCount = 4)',
]

# Rule -> what AWS says about it
FAIL = {
    "RowCount = 5": "Value: 4.0 does not meet the constraint requirement!",
    # The bounds do not belong to it
    "RowCount between 4 and 5": "Value: 4.0",
    "RowCount not between 3 and 5": "Value: 4.0",
    "RowCount not in [4]": "Value: 4.0",
    "ColumnCount > 10": "Value: 10.0",
    'IsComplete "price"': "Value: 0.75 does not meet the constraint requirement!",
    'IsComplete "nothing"': "Input data does not include column nothing!",
    'Completeness "price" > 0.75': "Value: 0.75",
    'IsUnique "country"': "Value: 0.5",
    'Uniqueness "country" > 0.5': "Value: 0.5",
    'UniqueValueRatio "price" > 0.5': "Value: 0.5",
    'DistinctValuesCount "country" > 3': "Value: 3.0",
    'IsPrimaryKey "country"': "Value: 0.5",
    'IsPrimaryKey "ordered"': "Value: 0.75",
    'IsPrimaryKey "id" "price"': "Value: 0.75",
    'ColumnValues "id" > 1': "Value: 1.0",
    'ColumnValues "id" < 4': "Value: 4.0",
    'ColumnValues "id" between 1 and 5': "Value: 0.75",
    'ColumnValues "id" in [1, 2]': "Value: 0.5",
    'ColumnValues "id" not in [1]': "Value: 0.75",
    'ColumnValues "id" != 1': "Value: 0.75",
    'ColumnValues "price" > 0.2': "Value: NULL does not meet the constraint requirement!",
    'ColumnValues "price" between 0 and 2': "Value: NULL does not meet the constraint requirement!",
    'ColumnValues "price" in [0.5, 1.5]': "Value: 0.75",
    'ColumnValues "price" != NULL': "Value: 0.75",
    'ColumnValues "price" not in [7, NULL]': "Value: 0.75",
    'ColumnValues "price" > 0.2 with threshold > 0.75': "Value: 0.75",
    'ColumnValues "country" = "FR"': "Value: 0.5",
    'ColumnValues "country" in ["fr", "DE"]': "Value: 0.25",
    'ColumnValues "country" not in ["FR"]': "Value: 0.5",
    'ColumnValues "country" > 5': "but found StringType instead!",
    'ColumnValues "name" in ["Ann", EMPTY, WHITESPACES_ONLY]': "Value: 0.75",
    'ColumnValues "name" not in [EMPTY]': "Value: 0.75",
    'ColumnValues "name" matches ".*"': "Value: 0.5",
    'ColumnValues "country" matches "F"': "Value: 0.0",
    'ColumnValues "country" not matches "FR"': "Value: 0.5",
    'ColumnValues "country" matches "("': "Invalid regular expression",
    'ColumnValues "ordered" > "2019-12-31"': "Value: 0.75",
    'ColumnValues "ordered" > "2020-01-01" where "ordered is not null"': "Value: 0.6666666666666666",
    'ColumnValues "loaded" > now()': "Value: 0.0",
    'ColumnValues "paid" > "2020-01-01"': "cannot be compared with dates",
    'ColumnLength "country" > 2': "Value: 2.0",
    'ColumnLength "country" != 2': "Value: 2.0",
    # NULL has the length 0
    'ColumnLength "name" > 1': "Value: 0.0",
    'ColumnLength "name" in [2, 3]': "Value: 0.5",
    'ColumnLength "id" = 1': "StringType",
    'ColumnDataType "code" = "Integer"': "Value: 0.5",
    'ColumnDataType "code" = "Text"': "Unrecognized data type: Text",
    'ColumnDataType "code" in ["Integer"]': "Unsupported operator",
    'ColumnDataType "code" = "Date"': "Value: 0.0",
    'ColumnExists "nothing"': "Input data does not include column nothing!",
    'ColumnNamesMatchPattern "_"': "Columns that do not match the pattern: id, name",
    'Sum "amount" > 11': "Value: 11.0",
    'Sum "country" > 11': "but found StringType instead!",
    'Mean "price" > 1.17': "Value: 1.1666666666666667",
    'StandardDeviation "id" < 1': "Value: 1.118033988749895",
    'ColumnCorrelation "id" "double_id" < 0.9': "Value: 0.99",
    'Entropy "country" > 2': "Value: 1.0397207708399179",
    'DataFreshness "loaded" < 1 days': "75.00% of rows passed",
    'DataFreshness "ordered" > 100 days': "75.00% of rows passed",
    'CustomSql "select count(*) from primary" > 4': "Value: 4.0",
    'CustomSql "select id from primary where id > 2"': "Value: 0.5",
    'CustomSql "select nothing from primary" = 1': "Error executing SQL statement",
    'CustomSql "select count(*) from elsewhere" = 1': "Table or view not found: elsewhere",
    'CustomSql "select count(*) as n from primary"': "must contain at least one column that matches",
    'CustomSql "select id, 1 as n from primary"': "Columns not found: n",
    'CustomSql "select id from primary" = 1': "did not return exactly 1 row",
    'CustomSql "delete from primary" = 1': "a SELECT is expected",
    'RowCountMatch "countries" = 1.0': "Value: 1.3333333333333333 does not meet the constraint requirement.",
    'RowCountMatch "elsewhere" = 1.0': "elsewhere not found in additional sources",
    'ReferentialIntegrity "country" "countries.code" = 1.0': "Value: 0.75",
    # NULL has no match
    'ReferentialIntegrity "price" "prices.price" > 0.75': "Value: 0.75",
    'ReferentialIntegrity "country" "countries.nothing" = 1.0': "Column nothing does not exist in reference",
    'ReferentialIntegrity "nothing" "countries.code" = 1.0': "Column nothing does not exist in primary",
    'ReferentialIntegrity "id,country" "countries.code" = 1.0': "The number of columns to check",
    'SchemaMatch "countries" = 1.0': "Column counts do not match",
    'AggregateMatch "sum(id)" "sum(first_orders.id)" = 1.0': "Value: 1.6666666666666667",
    'AggregateMatch "max(id)" "sum(first_orders.id)" = 1.0': "Unsupported Rule",
    'DatasetMatch "first_orders" "id" > 0.75': "Value: 0.75",
    'DatasetMatch "first_orders" "country" > 0.5': "not comparable due to duplicates",
    'DatasetMatch "prices" "id" > 0.5': "key columns were not found in the second dataset: id",
    'RowCount > 0 where "nothing = 1"': "The provided where clause is invalid",
    'RowCount > 0 where "id = (select 1)"': "The provided where clause is invalid",
    '(IsComplete "price") and (IsComplete "id")': "Value: 0.75",
    '(IsComplete "price") or (IsComplete "name")': "Value: 0.75",
}


@pytest.fixture(scope="module")
def orders(quality: QualityBench) -> str:
    return quality.table(ORDERS)


@pytest.fixture(scope="module")
def references(quality: QualityBench) -> dict[str, str]:
    return {
        "countries": quality.table(COUNTRIES),
        "first_orders": quality.table(SAME_ORDERS),
        "prices": quality.table(OTHER_PRICES),
    }


@pytest.fixture(scope="module")
def found(quality: QualityBench, orders: str, references: dict[str, str]) -> dict[str, Any]:
    """Results by rule: all rules are evaluated by one run, as one rule set."""
    rules = [*PASS, *FAIL]
    results = quality.evaluate(",\n".join(rules), orders, references)["RuleResults"]
    return dict(zip(rules, results, strict=True))


@pytest.mark.parametrize("rule", PASS)
def test_passes(found: dict[str, Any], rule: str) -> None:
    assert found[rule]["Result"] == "PASS", found[rule]
    assert "EvaluationMessage" not in found[rule] or " or " in rule.lower()


@pytest.mark.parametrize("rule", FAIL)
def test_fails(found: dict[str, Any], rule: str) -> None:
    assert found[rule]["Result"] == "FAIL", found[rule]
    assert FAIL[rule] in found[rule]["EvaluationMessage"]
