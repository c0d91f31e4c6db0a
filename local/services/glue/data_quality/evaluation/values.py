"""ColumnValues and ColumnLength."""

from __future__ import annotations

import datetime as dt

from local.services.glue.data_quality.dqdl import conditions
from local.services.glue.data_quality.dqdl.conditions import Condition
from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation import row_predicates, statistics
from local.services.glue.data_quality.evaluation.datasets import Database
from local.services.glue.data_quality.evaluation.outcomes import (
    NULL_UNMET,
    Outcome,
    Unmeasurable,
    compliance,
    from_complaints,
    unmet,
)

# Which extremes AWS measures for a comparison.
_LOW, _HIGH = (">", ">=", "="), ("<", "<=", "=")


def column_values(database: Database, rule: Rule, now: dt.datetime) -> Outcome:
    """Every value meets the condition, or, with a threshold, a certain share of them."""
    name, condition = rule.columns[0], rule.condition
    assert condition is not None
    column = database.primary.column(name)
    predicate = row_predicates.values(condition, column, now)
    extremes_asked = condition.operator in _LOW + _HIGH and condition.kind == conditions.NUMBER and condition.numbers
    if extremes_asked and rule.threshold is None:
        return _by_extremes(database, rule, condition)
    ratio, nulls = _passing(database, predicate, column.sql, rule.where)
    matched = condition.operator.endswith("matches")
    metric = f"Column.{name}.PatternMatch" if matched else f"Column.{name}.ColumnValues.Compliance"
    outcome = compliance(ratio, rule.threshold, {metric: ratio})
    if outcome.result == "FAIL" and condition.operator == "between" and condition.kind == conditions.NUMBER and nulls:
        return Outcome(outcome.result, f"{outcome.message}\n{NULL_UNMET}", outcome.metrics)
    return outcome


def _by_extremes(database: Database, rule: Rule, condition: Condition) -> Outcome:
    name = rule.columns[0]
    column = database.primary.numeric(name)
    low, high = statistics.extremes(database, column.sql, rule.where)
    rows, filled = database.row(f"SELECT count(*), count({column.sql}) FROM {database.filtered(rule.where)}")
    metrics, complaints = {}, []
    for metric, value, operators in (("Minimum", low, _LOW), ("Maximum", high, _HIGH)):
        if condition.operator not in operators:
            continue
        if value is None:
            complaints.append(f"Empty state for analyzer {metric}({name}), all input values were NULL.")
            continue
        metrics[f"Column.{name}.{metric}"] = value
        if not condition.holds(value):
            complaints.append(unmet(value))
    if filled < rows:
        complaints.append(NULL_UNMET)
    return from_complaints(complaints, metrics)


def column_length(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """The length of every value meets the condition."""
    name, condition = rule.columns[0], rule.condition
    assert condition is not None
    column = database.primary.column(name)
    if not column.is_text:
        raise Unmeasurable(f"Expected type of column {name} to be StringType, but found {column.hive_type} instead!")
    length = statistics.length(column.name)
    numbers = [f"CAST({number!r} AS DOUBLE)" for number in condition.numbers]
    predicate = row_predicates.compared(condition, length, numbers)
    ratio, _ = _passing(database, predicate, column.sql, rule.where)
    if condition.operator in ("in", "not in", "not between"):
        return compliance(ratio, None, {f"Column.{name}.LengthCompliance": ratio})
    low, high = statistics.extremes(database, length, rule.where)
    assert low is not None
    assert high is not None
    measured = {"Minimum": low} if condition.operator in (">", ">=") else {"Maximum": high}
    if condition.operator in ("=", "!=", "between"):
        measured = {"Maximum": high, "Minimum": low}
    metrics = {f"Column.{name}.{metric}Length": value for metric, value in measured.items()}
    complaints = [unmet(value) for value in dict.fromkeys(measured.values()) if not condition.holds(value)]
    # "!=": a value in between may be the wrong one.
    return from_complaints(complaints or ([unmet(ratio)] if ratio != 1.0 else []), metrics)


def _passing(database: Database, predicate: str, column: str, where: str | None) -> tuple[float, int]:
    """Share of rows that pass, and how many have no value.

    :raises Unmeasurable: there are no rows.
    """
    rows, passing, filled = database.row(
        f"SELECT count(*), count(*) FILTER ({predicate}), count({column}) FROM {database.filtered(where)}"
    )
    if not rows:
        raise Unmeasurable("Empty state for analyzer Compliance, all input values were NULL.")
    return passing / rows, rows - filled
