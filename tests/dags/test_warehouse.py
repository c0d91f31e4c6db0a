"""What is loaded, from which files, and when two sets of totals agree."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from lake.warehouse import (
    NO_DAY,
    PublishedDay,
    days_file,
    disagreements,
    load_name,
    manifest,
    pending_days,
    quoted_days,
    stage_values,
    table_values,
    totals_by_key,
)

NAMES = ["day", "rows", "pieces", "revenue"]
FIRST = PublishedDay("2010-12-01", "v1", "s3://curated/1/")
SECOND = PublishedDay("2010-12-02", "v7", "s3://curated/2/")


def test_days_are_pending_until_the_warehouse_holds_their_published_version() -> None:
    assert pending_days([SECOND, FIRST], {}) == [FIRST, SECOND]
    assert pending_days([FIRST, SECOND], {"2010-12-01": "v1", "2010-12-02": "v6"}) == [SECOND]
    assert pending_days([FIRST], {"2010-12-01": "v1"}) == []


def test_a_repeated_load_has_the_same_name_and_another_version_another() -> None:
    assert load_name([FIRST, SECOND]) == load_name([FIRST, SECOND])
    assert load_name([FIRST]) != load_name([PublishedDay("2010-12-01", "v2", FIRST.location)])


def test_a_missing_file_must_fail_the_copy() -> None:
    entries = json.loads(manifest([("s3://b/2.parquet", 20), ("s3://b/1.parquet", 10)]))["entries"]
    assert entries == [
        {"url": "s3://b/1.parquet", "mandatory": True, "meta": {"content_length": 10}},
        {"url": "s3://b/2.parquet", "mandatory": True, "meta": {"content_length": 20}},
    ]


def test_days_become_csv_and_sql() -> None:
    assert days_file([FIRST, SECOND]) == "2010-12-01,v1\n2010-12-02,v7\n"
    assert quoted_days(["2010-12-02", "2010-12-01"]) == "'2010-12-01', '2010-12-02'"
    assert quoted_days([]) == NO_DAY


def test_totals_agree_whatever_their_scale_and_type() -> None:
    lake = totals_by_key(NAMES, [["2010-12-01", "3", "17", "1250.500"]])
    warehouse = totals_by_key(NAMES, [["2010-12-01", 3, 17, "1250.50"]])
    assert lake["2010-12-01"].values[2] == Decimal("1250.5")
    assert disagreements(lake, warehouse) == []


def test_each_day_that_differs_is_named_with_both_sides() -> None:
    lake = totals_by_key(NAMES, [["2010-12-01", 3, 17, "10"], ["2010-12-02", 1, 1, "1"]])
    warehouse = totals_by_key(NAMES, [["2010-12-01", 3, 17, "10.01"], ["2010-12-03", 2, 2, "2"]])
    lines = disagreements(lake, warehouse)
    assert [line[:10] for line in lines] == ["2010-12-01", "2010-12-02", "2010-12-03"]
    assert "lake rows 3, pieces 17, revenue 10; warehouse rows 3, pieces 17, revenue 10.01" in lines[0]
    assert lines[1].endswith("warehouse has no rows")


def _compiled(**kinds: str) -> dict[str, Any]:
    warehouse = {"string": "varchar(20)", "double": "double precision", "int": "integer"}
    columns = [
        {"name": name, "athena_type": kind, "redshift_type": warehouse.get(kind, kind)} for name, kind in kinds.items()
    ]
    return {"product": "shop", "partition_column": "day", "columns": columns}


def test_a_load_compares_what_both_engines_add_up_exactly() -> None:
    compiled = _compiled(no="bigint", price="decimal(8,2)", name="string", share="double", day="date")
    # Sums of doubles depend on the order of addition: they would differ for no reason.
    assert table_values(compiled, "mart") == {
        "schema": "mart",
        "table": "shop",
        "partition_column": "day",
        "measures": (
            "COUNT(*) AS row_count, SUM(CAST(no AS DECIMAL(38, 4))) AS no, SUM(CAST(price AS DECIMAL(38, 4))) AS price"
        ),
    }


def test_the_stage_is_what_the_files_are() -> None:
    compiled = _compiled(no="bigint", price="decimal(8,2)", name="string", share="double", day="date")
    files = [("no", "bigint"), ("name", "string"), ("price", "decimal(8,2)"), ("share", "double")]
    assert stage_values(compiled, files) == {
        "stage_columns": "no bigint, name varchar(20), price decimal(8,2), share double precision",
        "columns": "no, name, price, share",
    }


def test_files_of_an_older_contract_keep_their_narrow_types_and_lack_what_was_added() -> None:
    compiled = _compiled(no="bigint", added="string", share="double", day="date")
    files = [("no", "int"), ("share", "float"), ("dropped", "string")]
    assert stage_values(compiled, files) == {
        "stage_columns": "no integer, share real, dropped varchar(65535)",
        "columns": "no, share",
    }
