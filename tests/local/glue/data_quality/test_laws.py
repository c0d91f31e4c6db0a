"""Laws that hold for any rows, on DuckDB directly: what a measure means, and that opposites are opposites."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.services.glue.data_quality.dqdl.errors import DqdlError
from local.services.glue.data_quality.dqdl.parser import parse
from local.services.glue.data_quality.evaluation.datasets import PRIMARY, ColumnInfo, Database, Dataset
from local.services.glue.data_quality.evaluation.engine import Evaluation
from local.services.glue.data_quality.evaluation.outcomes import Outcome, number_text
from local.services.glue.data_quality.evaluation.row_predicates import define_java_matches
from local.services.glue.data_quality.recommendation import recommended_ruleset

NUMBERS = st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=12)
TEXTS = st.lists(st.one_of(st.none(), st.text("ab ", max_size=3)), min_size=1, max_size=12)
COLUMNS = {"n": ColumnInfo("n", "BIGINT", "bigint"), "s": ColumnInfo("s", "VARCHAR", "string")}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect(":memory:")
    opened.execute("CREATE TABLE t (n BIGINT, s VARCHAR)")
    define_java_matches(opened)
    return opened


def evaluate(connection: duckdb.DuckDBPyConnection, rules: str, rows: list[tuple[Any, Any]]) -> list[Outcome]:
    connection.execute("DELETE FROM t")
    if rows:
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    evaluation = Evaluation(Database(connection, {PRIMARY: Dataset("t", COLUMNS)}), dt.datetime.now(dt.UTC))
    return [evaluation.rule(rule) for rule in parse(f"Rules = [ {rules} ]").rules]


def numbers(values: list[int | None]) -> list[tuple[Any, Any]]:
    return [(value, None) for value in values]


def texts(values: list[str | None]) -> list[tuple[Any, Any]]:
    return [(None, value) for value in values]


@given(values=NUMBERS)
def test_measures(connection: duckdb.DuckDBPyConnection, values: list[int | None]) -> None:
    found = [value for value in values if value is not None]
    rules = 'Completeness "n" >= 0, Uniqueness "n" >= 0, UniqueValueRatio "n" >= 0, DistinctValuesCount "n" > 0'
    complete, unique, ratio, distinct = evaluate(connection, rules, numbers(values))
    assert complete.metrics["Column.n.Completeness"] == pytest.approx(1 - values.count(None) / len(values))
    assert distinct.metrics["Column.n.DistinctValuesCount"] == len(set(values))
    once = [value for value in set(found) if found.count(value) == 1]
    if found:
        assert unique.metrics["Column.n.Uniqueness"] == len(once) / len(found)
        assert ratio.metrics["Column.n.UniqueValueRatio"] == len(once) / len(set(found))
    else:
        assert (unique.result, ratio.result) == ("FAIL", "FAIL")


@given(values=NUMBERS, bound=st.integers(-9, 9))
def test_numbers_and_their_opposites(
    connection: duckdb.DuckDBPyConnection, values: list[int | None], bound: int
) -> None:
    rows = numbers(values)
    pairs = {f"> {bound}": f"<= {bound}", f"= {bound}": f"!= {bound}", f"in [{bound}]": f"not in [{bound}]"}
    for condition, opposite in pairs.items():
        share, other = (
            float(outcome.metrics["Column.n.ColumnValues.Compliance"])
            for outcome in evaluate(
                connection,
                f'ColumnValues "n" {condition} with threshold >= 0, ColumnValues "n" {opposite} with threshold >= 0',
                rows,
            )
        )
        nulls = 0 if opposite.startswith(("!=", "not")) else values.count(None)
        assert share + other == pytest.approx(1 - nulls / len(values))


@given(values=NUMBERS, low=st.integers(-9, 9), high=st.integers(-9, 9))
def test_a_rule_is_what_it_says_of_each_row(
    connection: duckdb.DuckDBPyConnection, values: list[int | None], low: int, high: int
) -> None:
    expected = {
        f"> {low}": all(v is not None and v > low for v in values),
        f">= {low}": all(v is not None and v >= low for v in values),
        f"< {high}": all(v is not None and v < high for v in values),
        f"= {low}": all(v == low for v in values),
        f"!= {low}": all(v != low for v in values),
        f"between {low} and {high}": all(v is not None and low < v < high for v in values),
        f"not between {low} and {high}": all(v is not None and not low < v < high for v in values),
        f"in [{low}, {high}]": all(v in (low, high) for v in values),
        f"in [{low}, NULL]": all(v is None or v == low for v in values),
        f"not in [{low}, {high}]": all(v not in (low, high) for v in values),
        f"not in [{low}, NULL]": all(v not in (low, None) for v in values),
        "= NULL": all(v is None for v in values),
        "!= NULL": all(v is not None for v in values),
    }
    rules = ", ".join(f'ColumnValues "n" {condition}' for condition in expected)
    for condition, outcome in zip(expected, evaluate(connection, rules, numbers(values)), strict=True):
        assert (condition, outcome.result == "PASS") == (condition, expected[condition])


@given(values=TEXTS)
def test_texts_keywords_and_lengths(connection: duckdb.DuckDBPyConnection, values: list[str | None]) -> None:
    def blank(value: str) -> bool:
        return value != "" and value.strip(" ") == ""

    expected = {
        'ColumnValues "s" in ["a", EMPTY]': all(v in ("a", "") for v in values),
        'ColumnValues "s" in ["a", WHITESPACES_ONLY, NULL]': all(v in (None, "a") or blank(v) for v in values),
        'ColumnValues "s" not in ["a", EMPTY]': all(v is None or v not in ("a", "") for v in values),
        'ColumnValues "s" not in [WHITESPACES_ONLY, NULL]': all(v is not None and not blank(v) for v in values),
        # An empty match is none
        'ColumnValues "s" matches "[ab]*"': all(v is not None and v != "" and " " not in v for v in values),
        'ColumnValues "s" matches "(?=a)[ab]+"': all(v is not None and v[:1] == "a" and " " not in v for v in values),
        'ColumnLength "s" >= 1': all(len(v or "") >= 1 for v in values),
        'ColumnLength "s" = 2': all(len(v or "") == 2 for v in values),
        'ColumnLength "s" != 2': all(len(v or "") != 2 for v in values),
        'ColumnLength "s" between 0 and 3': all(0 < len(v or "") < 3 for v in values),
        'ColumnLength "s" not in [0, 3]': all(len(v or "") not in (0, 3) for v in values),
    }
    for rule, outcome in zip(expected, evaluate(connection, ", ".join(expected), texts(values)), strict=True):
        assert (rule, outcome.result == "PASS") == (rule, expected[rule])


@given(values=NUMBERS, first=st.integers(-3, 12), second=st.integers(-3, 12))
def test_composite_rules_are_and_and_or(
    connection: duckdb.DuckDBPyConnection, values: list[int | None], first: int, second: int
) -> None:
    a, b, both, either = evaluate(
        connection,
        f"RowCount > {first}, RowCount < {second}, (RowCount > {first}) and (RowCount < {second}), "
        f"(RowCount > {first}) or (RowCount < {second})",
        numbers(values),
    )
    passed = [outcome.result == "PASS" for outcome in (a, b)]
    assert (both.result == "PASS", either.result == "PASS") == (all(passed), any(passed))


@given(values=NUMBERS, words=TEXTS)
def test_recommended_rules_hold(
    connection: duckdb.DuckDBPyConnection, values: list[int | None], words: list[str | None]
) -> None:
    rows = [(values[i % len(values)], words[i % len(words)]) for i in range(max(len(values), len(words)))]
    evaluate(connection, "RowCount > 0", rows)
    text = recommended_ruleset(Database(connection, {PRIMARY: Dataset("t", COLUMNS)}))
    outcomes = evaluate(connection, text.removeprefix("Rules = [").removesuffix("]"), rows)
    assert {outcome.result for outcome in outcomes} == {"PASS"}, text


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_spelled_as_in_java_and_can_be_read_back(value: float) -> None:
    assert float(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.0, "9.0"), (0.75, "0.75"), (1e7, "1.0E7"), (123456789.5, "1.234567895E8"), (0.0001, "1.0E-4"),
     (0.001, "0.001"), (-2.5e10, "-2.5E10"), (float("nan"), "NaN"), (float("inf"), "Infinity")],
)  # fmt: skip
def test_spelling_of_numbers(value: float, text: str) -> None:
    assert number_text(value) == text


RULES = [
    'IsPrimaryKey "a" "b"',
    "RowCount between 1 and 5",
    'Completeness "a" >= 0.5 where "b > 1"',
    'ColumnValues "a" in ["x","y",NULL] with threshold > 0.9',
    'ColumnValues "a" > (now() - 3 days)',
    'ColumnValues "a" not matches "[a-z]+"',
    'ColumnDataType "a" = "Date" with format = "dd/MM/yyyy"',
    'DataFreshness "a" <= 24 hours',
    "(RowCount > 1) AND (ColumnCount = 2) AND (RowCount < 9)",
    '(RowCount > 1) OR ((ColumnCount = 2) AND (IsComplete "a"))',
    'RowCount > 0 labels=["team"="lake"]',
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_printed_as_it_is_written(rule: str) -> None:
    (parsed,) = parse(f"Rules = [ {rule} ]").rules
    assert str(parsed) == rule
    assert parse(f"Rules = [ {parsed} ]").rules == (parsed,)


@given(text=st.text('Rules=[]()"ab1. ,><#\n\\$-', max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(DqdlError):
        assert parse(text).rules
