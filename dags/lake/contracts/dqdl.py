"""The table rules of a contract in AWS Glue's Data Quality Definition Language (DQDL), for products that choose it.

Only what says exactly the same is translated ("DQDL rule type reference" of the AWS Glue documentation); the rest is
named, so that nobody believes it is checked by Glue Data Quality.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ENGINE = "glueDataQuality"
Expectation = Mapping[str, Any]


def dqdl_rules(table_rules: list[dict[str, Any]], columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules that DQDL can say, in the order of the rule set.

    :param table_rules: result of ``expectations.table_rules``
    :param columns: result of ``compiled_columns``
    :return: id, name, severity and dimension of the contract's rule, and its DQDL text
    """
    required = {column["name"] for column in columns if column["required"]}
    found = []
    for rule in table_rules:
        text = _text(rule["expectation"], required)
        if text is not None:
            found.append({name: rule[name] for name in ("id", "name", "severity", "dimension")} | {"rule": text})
    return found


def beyond_dqdl(table_rules: list[dict[str, Any]], columns: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the rules that DQDL cannot say, which only Great Expectations evaluates.

    :param table_rules: result of ``expectations.table_rules``
    :param columns: result of ``compiled_columns``
    """
    said = {rule["id"] for rule in dqdl_rules(table_rules, columns)}
    return [rule["id"] for rule in table_rules if rule["id"] not in said]


def rule_set(rules: list[dict[str, Any]]) -> str:
    """Return the text of a rule set.

    :param rules: result of :func:`dqdl_rules`
    """
    lines = ",\n".join(f"    {rule['rule']}" for rule in rules)
    return f"Rules = [\n{lines}\n]\n"


def quoted(text: str) -> str:
    """Return a DQDL string.

    :param text: any text
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _pattern(regex: str) -> str | None:
    """Return a regular expression as a DQDL string, if ``matches`` means the same by it.

    Glue looks for ``^regex$``, Great Expectations for the expression anywhere. Glue takes no escapes out of the string
    (``DQDLParserListener`` of github.com/awslabs/dqdl), so a backslash is written once, and an escaped quotation mark
    is one for the expression, too.
    """
    if not regex.startswith("^") or not re.search(r"(?<!\\)(\\\\)*\$$", regex):
        return None
    escaped = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', regex)
    return f'"{escaped}"'


def _text(expectation: Expectation, required: set[str]) -> str | None:
    kwargs = dict(expectation["kwargs"])
    if kwargs.pop("row_condition", None) or kwargs.pop("condition_parser", None):
        return None
    kind = expectation["type"]
    if kind == "expect_table_columns_to_match_set":
        # The staging table has columns of its own (rescued, the run's partition): existence is what can be demanded.
        return " and ".join(f"(ColumnExists {quoted(name)})" for name in kwargs["column_set"])
    if kind == "expect_table_row_count_to_be_between":
        return _bounded("RowCount", kwargs)
    if kind == "expect_column_sum_to_be_between":
        return _bounded(f"Sum {quoted(kwargs['column'])}", kwargs)
    if kind == "expect_column_mean_to_be_between":
        return _bounded(f"Mean {quoted(kwargs['column'])}", kwargs)
    if kind == "expect_column_values_to_not_be_null":
        return _complete(kwargs)
    if kind == "expect_column_values_to_match_regex" and "mostly" not in kwargs:
        column, pattern = kwargs["column"], _pattern(kwargs["regex"])
        if pattern is None:
            return None
        rule = f"ColumnValues {quoted(column)} matches {pattern}"
        if column in required:
            return rule
        # A missing value breaks no pattern (whether it may be missing is a rule of its own), nor do only missing ones.
        return f"({rule} where {quoted(f'{column} is not null')}) or (Completeness {quoted(column)} = 0)"
    if kind == "expect_column_values_to_be_unique" and "mostly" not in kwargs:
        return f"IsUnique {quoted(kwargs['column'])}" if kwargs["column"] in required else None
    if kind == "expect_compound_columns_to_be_unique":
        names = kwargs["column_list"]
        # IsPrimaryKey also demands that the columns are complete.
        return f"IsPrimaryKey {' '.join(map(quoted, names))}" if set(names) <= required else None
    return None


def _complete(kwargs: dict[str, Any]) -> str:
    column = quoted(kwargs["column"])
    return f"Completeness {column} >= {kwargs['mostly']}" if "mostly" in kwargs else f"IsComplete {column}"


def _bounded(measure: str, kwargs: dict[str, Any]) -> str | None:
    """Say both bounds, included, by comparisons: `between` of DQDL leaves its bounds out."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if kwargs.get("strict_min") or kwargs.get("strict_max"):
        return None
    if low is not None and low == high:
        return f"{measure} = {low}"
    parts = [f"{measure} >= {low}"] if low is not None else []
    parts += [f"{measure} <= {high}"] if high is not None else []
    if len(parts) == 2:
        return " and ".join(f"({part})" for part in parts)
    return parts[0] if parts else None
