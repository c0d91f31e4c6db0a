"""The expectations that a contract may name, with their arguments, and what is wrong with a rule that names one.

Types and arguments are those of Great Expectations 1.24 (``tests/glue_jobs/test_expectation_types.py`` compares them).
Those that run a query of their own or read another table are left out: a contract states what holds for its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lake.contracts.odcs import Document, Problem, known_instead

_ROWS = "row_condition condition_parser"
_EACH = f"mostly {_ROWS}"
_BOUNDS = "min_value max_value strict_min strict_max"
_PAIR = f"ignore_row_if {_EACH}"

# By type: arguments that must be given, and those that may be.
ARGUMENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (frozenset(needed.split()), frozenset(possible.split()))
    for name, needed, possible in (
        ("expect_column_distinct_values_to_be_in_set", "column value_set", _ROWS),
        ("expect_column_distinct_values_to_contain_set", "column value_set", _ROWS),
        ("expect_column_distinct_values_to_equal_set", "column value_set", _ROWS),
        ("expect_column_max_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_mean_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_median_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_min_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_most_common_value_to_be_in_set", "column value_set", f"ties_okay {_ROWS}"),
        ("expect_column_pair_values_a_to_be_greater_than_b", "column_A column_B", f"or_equal {_PAIR}"),
        ("expect_column_pair_values_to_be_equal", "column_A column_B", _PAIR),
        ("expect_column_pair_values_to_be_in_set", "column_A column_B value_pairs_set", _PAIR),
        ("expect_column_proportion_of_non_null_values_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_proportion_of_unique_values_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_quantile_values_to_be_between", "column quantile_ranges", f"allow_relative_error {_ROWS}"),
        ("expect_column_stdev_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_sum_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_to_exist", "column", "column_index"),
        ("expect_column_unique_value_count_to_be_between", "column", f"{_BOUNDS} {_ROWS}"),
        ("expect_column_value_lengths_to_be_between", "column", f"{_BOUNDS} {_EACH}"),
        ("expect_column_value_lengths_to_equal", "column value", _EACH),
        ("expect_column_value_z_scores_to_be_less_than", "column threshold double_sided", _EACH),
        ("expect_column_values_to_be_between", "column", f"{_BOUNDS} {_EACH}"),
        ("expect_column_values_to_be_dateutil_parseable", "column", _EACH),
        ("expect_column_values_to_be_decreasing", "column", f"strictly {_EACH}"),
        ("expect_column_values_to_be_in_set", "column value_set", _EACH),
        ("expect_column_values_to_be_in_type_list", "column type_list", _EACH),
        ("expect_column_values_to_be_increasing", "column", f"strictly {_EACH}"),
        ("expect_column_values_to_be_json_parseable", "column", _EACH),
        ("expect_column_values_to_be_null", "column", _EACH),
        ("expect_column_values_to_be_of_type", "column type_", _EACH),
        ("expect_column_values_to_be_unique", "column", _EACH),
        ("expect_column_values_to_match_json_schema", "column json_schema", _EACH),
        ("expect_column_values_to_match_like_pattern", "column like_pattern", f"escape {_EACH}"),
        ("expect_column_values_to_match_like_pattern_list", "column like_pattern_list", f"match_on escape {_EACH}"),
        ("expect_column_values_to_match_regex", "column regex", _EACH),
        ("expect_column_values_to_match_regex_list", "column regex_list", f"match_on {_EACH}"),
        ("expect_column_values_to_match_strftime_format", "column strftime_format", _EACH),
        ("expect_column_values_to_not_be_in_set", "column value_set", _EACH),
        ("expect_column_values_to_not_be_null", "column", _EACH),
        ("expect_column_values_to_not_match_like_pattern", "column like_pattern", f"escape {_EACH}"),
        ("expect_column_values_to_not_match_like_pattern_list", "column like_pattern_list", f"escape {_EACH}"),
        ("expect_column_values_to_not_match_regex", "column regex", _EACH),
        ("expect_column_values_to_not_match_regex_list", "column regex_list", _EACH),
        ("expect_compound_columns_to_be_unique", "column_list", _PAIR),
        ("expect_multicolumn_sum_to_equal", "column_list sum_total", _PAIR),
        ("expect_multicolumn_values_to_be_equal", "column_list", _PAIR),
        ("expect_select_column_values_to_be_unique_within_record", "column_list", _PAIR),
        ("expect_table_column_count_to_be_between", "", "min_value max_value"),
        ("expect_table_column_count_to_equal", "value", ""),
        ("expect_table_columns_to_match_ordered_list", "column_list", ""),
        ("expect_table_columns_to_match_set", "column_set", "exact_match"),
        ("expect_table_row_count_to_be_between", "", f"{_BOUNDS} {_ROWS}"),
        ("expect_table_row_count_to_equal", "value", _ROWS),
    )
}
_ONE_COLUMN = ("column", "column_A", "column_B")
_COLUMNS = ("column_list", "column_set")


def expectation_problems(path: str, rule: Document, columns: list[str]) -> Iterator[Problem]:
    """Find what is wrong with a rule that names an expectation.

    :param path: place of the rule in the document
    :param rule: an entry of ``quality`` of engine greatExpectations
    :param columns: names of the table's columns
    """
    rule_id, implementation = rule.get("id"), rule.get("implementation")
    path = f"{path}.implementation"
    example = "Write {type: expect_..., kwargs: {...}}."
    if not isinstance(implementation, dict) or not str(implementation.get("type", "")).startswith("expect_"):
        yield Problem(path, f"rule {rule_id} is no expectation", example)
        return
    kind, kwargs = str(implementation["type"]), implementation.get("kwargs", {})
    if not isinstance(kwargs, dict):
        yield Problem(f"{path}.kwargs", f"rule {rule_id} has kwargs {kwargs!r}", example)
        return
    if unknown := sorted(map(str, implementation.keys() - {"type", "kwargs"})):
        yield Problem(path, f"rule {rule_id} has {', '.join(unknown)}", example)
    if kind not in ARGUMENTS:
        nearest = get_close_matches(kind, ARGUMENTS, n=1)
        fix = f"Did you mean {nearest[0]}?" if nearest else "Those known are in lake/contracts/expectation_types.py."
        yield Problem(f"{path}.type", f"rule {rule_id} uses {kind}, which is not known", fix)
        return
    yield from _argument_problems(f"{path}.kwargs", f"rule {rule_id}: {kind}", kwargs, *ARGUMENTS[kind])
    for name in _ONE_COLUMN:
        if name in kwargs:
            yield from _column_problems(f"{path}.kwargs.{name}", rule_id, [kwargs[name]], columns)
    for name in _COLUMNS:
        if name in kwargs:
            yield from _column_problems(f"{path}.kwargs.{name}", rule_id, kwargs[name], columns)


def _argument_problems(
    path: str, what: str, kwargs: Document, needed: frozenset[str], possible: frozenset[str]
) -> Iterator[Problem]:
    for name in sorted(set(map(str, kwargs)) - needed - possible):
        yield Problem(path, f"{what} takes no {name!r}", known_instead(name, needed | possible))
    for name in sorted(needed - kwargs.keys()):
        yield Problem(path, f"{what} needs {name}", f"Write kwargs: {{{name}: ...}}.")
    for name in sorted({"regex", "row_condition"} & kwargs.keys()):
        if not isinstance(kwargs[name], str):
            yield Problem(path, f"{what} has {kwargs[name]!r} as {name}", "Write a text.")
    share = kwargs.get("mostly", 1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        yield Problem(path, f"{what} has {share!r} as mostly", "Write a share from 0 to 1.")


def library_problems(path: str, rule: Document, columns: list[str]) -> Iterator[Problem]:
    """Find arguments of a library rule that name no column, and a number of rows that is none.

    :param path: place of the rule in the document
    :param rule: an entry of ``quality`` of type library
    :param columns: names of the table's columns
    """
    arguments = rule.get("arguments", {})
    rows = rule.get("mustBe", 0)
    if rule.get("metric") == "rowCount" and (isinstance(rows, bool) or not isinstance(rows, int)):
        yield Problem(f"{path}.mustBe", f"rule {rule.get('id')} expects {rows!r} rows", "Write a whole number.")
    if "property" in arguments:
        yield from _column_problems(f"{path}.arguments.property", rule.get("id"), [arguments["property"]], columns)
    if "properties" in arguments:
        yield from _column_problems(f"{path}.arguments.properties", rule.get("id"), arguments["properties"], columns)


def _column_problems(path: str, rule_id: Any, given: Any, columns: list[str]) -> Iterator[Problem]:
    if not isinstance(given, list) or not given:
        yield Problem(path, f"rule {rule_id} has {given!r} in place of columns", "Write a list of names.")
        return
    for name in given:
        if name not in columns:
            yield Problem(path, f"rule {rule_id}: {name!r} is no column", known_instead(str(name), columns))
