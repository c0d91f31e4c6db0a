"""Which rules of a contract DQDL can say, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lake.contracts.compile import compile_document
from lake.contracts.docs_page import docs_page
from lake.contracts.dqdl import beyond_dqdl, dqdl_rules, rule_set

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "required": True},
    {"name": "part", "required": True},
    {"name": "note", "required": False},
]


def rules_of(kind: str, **kwargs: Any) -> list[dict[str, Any]]:
    rule = {"id": "r", "name": "a rule", "severity": "error", "dimension": "accuracy"}
    return [{**rule, "expectation": {"type": kind, "kwargs": kwargs}}]


def text_of(kind: str, **kwargs: Any) -> str | None:
    found = dqdl_rules(rules_of(kind, **kwargs), COLUMNS)
    return found[0]["rule"] if found else None


UNSAYABLE = {
    "an expression that stands anywhere": (
        "expect_column_values_to_match_regex",
        {"column": "id", "regex": "[a-z]"},
    ),
    "no end": ("expect_column_values_to_match_regex", {"column": "id", "regex": "^[a-z]"}),
    "an end that is a dollar sign": ("expect_column_values_to_match_regex", {"column": "id", "regex": r"^[a-z]\$"}),
    "most values": ("expect_column_values_to_match_regex", {"column": "id", "regex": "^a$", "mostly": 0.9}),
    "unique with missing values": ("expect_column_values_to_be_unique", {"column": "note"}),
    "a key with missing values": ("expect_compound_columns_to_be_unique", {"column_list": ["id", "note"]}),
    "bounds that do not belong to it": (
        "expect_column_sum_to_be_between",
        {"column": "id", "min_value": 0, "strict_min": True},
    ),
    "some rows": ("expect_column_values_to_not_be_null", {"column": "id", "row_condition": "x = 1"}),
    "no bounds": ("expect_table_row_count_to_be_between", {}),
    "another expectation": ("expect_column_median_to_be_between", {"column": "id", "min_value": 0}),
}


@pytest.mark.parametrize(("kind", "kwargs"), UNSAYABLE.values(), ids=UNSAYABLE.keys())
def test_what_dqdl_cannot_say_is_named(kind: str, kwargs: dict[str, Any]) -> None:
    rules = rules_of(kind, **kwargs)
    assert dqdl_rules(rules, COLUMNS) == []
    assert beyond_dqdl(rules, COLUMNS) == ["r"]


SAID = {
    "IsComplete": ("expect_column_values_to_not_be_null", {"column": "id"}, 'IsComplete "id"'),
    "Completeness": (
        "expect_column_values_to_not_be_null",
        {"column": "note", "mostly": 0.9},
        'Completeness "note" >= 0.9',
    ),
    "both bounds": (
        "expect_table_row_count_to_be_between",
        {"min_value": 1, "max_value": 5},
        "(RowCount >= 1) and (RowCount <= 5)",
    ),
    "one value": ("expect_table_row_count_to_be_between", {"min_value": 3, "max_value": 3}, "RowCount = 3"),
    "a key": (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["id", "part"]},
        'IsPrimaryKey "id" "part"',
    ),
    # Glue takes no escapes out of the expression: a backslash is written once.
    "a backslash": (
        "expect_column_values_to_match_regex",
        {"column": "id", "regex": r"^\d+$"},
        r'ColumnValues "id" matches "^\d+$"',
    ),
    "a quotation mark": (
        "expect_column_values_to_match_regex",
        {"column": "id", "regex": r'^"\\"\"$'},
        r'ColumnValues "id" matches "^\"\\\"\"$"',
    ),
    "missing values break no pattern": (
        "expect_column_values_to_match_regex",
        {"column": "note", "regex": "^a$"},
        '(ColumnValues "note" matches "^a$" where "note is not null") or (Completeness "note" = 0)',
    ),
}


@pytest.mark.parametrize(("kind", "kwargs", "text"), SAID.values(), ids=SAID.keys())
def test_what_dqdl_says(kind: str, kwargs: dict[str, Any], text: str) -> None:
    assert text_of(kind, **kwargs) == text
    assert rule_set(dqdl_rules(rules_of(kind, **kwargs), COLUMNS)) == f"Rules = [\n    {text}\n]\n"


def test_the_page_of_a_product_names_what_glue_does_not_evaluate(document: dict[str, Any]) -> None:
    engines = ["greatExpectations", "glueDataQuality"]
    document["customProperties"].append({"property": "qualityEngines", "value": engines})
    (country,) = (column for column in document["schema"][0]["properties"] if column["name"] == "country")
    country["logicalTypeOptions"] = {"pattern": "[A-Z]"}
    page = docs_page(compile_document(document, Path("online_retail.odcs.yaml")), document)
    (told,) = (line for line in page.splitlines() if line.startswith("Evaluated by"))
    beyond = told.partition("Not by glueDataQuality, whose language cannot say it: ")[2]
    assert "`country_pattern`" in beyond
    assert "`country_present`" not in beyond
