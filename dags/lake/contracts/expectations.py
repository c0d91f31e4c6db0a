"""The Great Expectations suite of a contract: the report on the published rows.

Rows are split by the row rules; the suite then states what must hold for the result as a whole.
Expectation types are those of Great Expectations 1.24, in their snake-case names.
"""

from __future__ import annotations

from typing import Any

from lake.contracts.masking import published_expectation
from lake.contracts.odcs import Document

ENGINE = "greatExpectations"
GX_SEVERITY = {"error": "critical", "warning": "warning", "info": "info"}


def table_rules(table: Document, columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules on the published rows as a whole, each with its expectation.

    :param table: an entry of ``schema``
    :param columns: result of ``compiled_columns``
    """
    rules = [_columns_rule(columns)]
    for column in columns:
        rules.extend(_column_rules(column))
    for quality in table.get("quality", []):
        if quality["type"] == "library":
            rules.append(_rule_of(quality, *_library_expectation(quality)))
        elif quality.get("engine") == ENGINE:
            implementation = quality["implementation"]
            rules.append(_rule_of(quality, implementation["type"], dict(implementation.get("kwargs", {}))))
    return rules


def gx_suite(product: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the suite in the JSON that Great Expectations stores and reads.

    :param product: name of the suite
    :param rules: result of :func:`table_rules`
    """
    expectations = [
        {
            "type": rule["expectation"]["type"],
            "kwargs": rule["expectation"]["kwargs"],
            "severity": rule["expectation"]["severity"],
            "meta": {"rule": rule["id"], "dimension": rule["dimension"]},
        }
        for rule in rules
    ]
    return {"name": product, "expectations": expectations, "meta": {}}


def is_supported(quality: Document) -> bool:
    """Tell whether a library rule has an expectation that says exactly the same.

    :param quality: an entry of ``quality`` of type library
    """
    metric, arguments = quality.get("metric"), quality.get("arguments", {})
    if metric == "rowCount":
        return any(name in quality for name in ("mustBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
                                                "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween"))  # fmt: skip
    if metric == "duplicateValues":
        return quality.get("mustBe") == 0 and len(arguments.get("properties", [])) > 0
    if metric == "nullValues":
        exact_zero = quality.get("mustBe") == 0
        share = quality.get("unit") == "percent" and "mustBeLessOrEqualTo" in quality
        return "property" in arguments and (exact_zero or share)
    return False


def _columns_rule(columns: list[dict[str, Any]]) -> dict[str, Any]:
    names = [column["name"] for column in columns]
    return _rule(
        "columns_as_contracted",
        "The published columns are those of the contract",
        "error",
        "conformity",
        "expect_table_columns_to_match_set",
        {"column_set": names, "exact_match": True},
    )


def _column_rules(column: dict[str, Any]) -> list[dict[str, Any]]:
    name = column["name"]
    rules = []
    if column["required"]:
        text = f"{name} is always there"
        rules.append(_rule(f"{name}_present", text, "error", "completeness",
                           "expect_column_values_to_not_be_null", {"column": name}))  # fmt: skip
    if column["masking"]:
        published = published_expectation(column)
        if published:
            text, kind, kwargs = published
            rules.append(_rule(f"{name}_masked", text, "error", "conformity", kind, kwargs))
    elif "pattern" in column["options"]:
        pattern = column["options"]["pattern"]
        rules.append(_rule(f"{name}_pattern", f"{name} matches {pattern}", "error", "conformity",
                           "expect_column_values_to_match_regex", {"column": name, "regex": pattern}))  # fmt: skip
    return rules


def _library_expectation(quality: Document) -> tuple[str, dict[str, Any]]:
    arguments = quality.get("arguments", {})
    if quality["metric"] == "rowCount":
        return "expect_table_row_count_to_be_between", _bounds(quality)
    if quality["metric"] == "duplicateValues":
        keys = list(arguments["properties"])
        if len(keys) == 1:
            return "expect_column_values_to_be_unique", {"column": keys[0]}
        return "expect_compound_columns_to_be_unique", {"column_list": keys}
    kwargs: dict[str, Any] = {"column": arguments["property"]}
    if "mustBeLessOrEqualTo" in quality:
        kwargs["mostly"] = round(1 - quality["mustBeLessOrEqualTo"] / 100, 6)
    return "expect_column_values_to_not_be_null", kwargs


def _bounds(quality: Document) -> dict[str, Any]:
    """Return whole-number bounds, both included, of a comparison on a count."""
    low, high = quality.get("mustBeBetween", (None, None))
    if "mustBe" in quality:
        low = high = quality["mustBe"]
    if "mustBeGreaterThan" in quality:
        low = quality["mustBeGreaterThan"] + 1
    if "mustBeGreaterOrEqualTo" in quality:
        low = quality["mustBeGreaterOrEqualTo"]
    if "mustBeLessThan" in quality:
        high = quality["mustBeLessThan"] - 1
    if "mustBeLessOrEqualTo" in quality:
        high = quality["mustBeLessOrEqualTo"]
    return {"min_value": low, "max_value": high}


def _rule_of(quality: Document, expectation: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    rule = _rule(
        quality["id"],
        str(quality.get("name", quality["id"])),
        quality["severity"],
        quality["dimension"],
        expectation,
        kwargs,
    )
    return {**rule, "description": " ".join(quality.get("description", "").split())}


def _rule(
    rule_id: str, name: str, severity: str, dimension: str, expectation: str, kwargs: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": rule_id,
        "name": name,
        "description": "",
        "severity": severity,
        "dimension": dimension,
        "expectation": {"type": expectation, "kwargs": kwargs, "severity": GX_SEVERITY[severity]},
    }
