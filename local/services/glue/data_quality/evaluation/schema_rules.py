"""Rules about columns, not rows."""

from __future__ import annotations

import datetime as dt
import re

from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation.datasets import Database, Dataset
from local.services.glue.data_quality.evaluation.outcomes import FAIL, PASS, Outcome, Unmeasurable


def column_exists(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    name = rule.columns[0]
    if database.primary.missing([name]):
        return Outcome(FAIL, f"Input data does not include column {name}!", {f"Dataset.{name}.ColumnExists": 0.0})
    return Outcome(PASS, metrics={f"Dataset.{name}.ColumnExists": 1.0})


def column_names_match_pattern(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """The expression is found somewhere in every name."""
    try:
        pattern = re.compile(rule.columns[0])
    except re.error as error:
        raise Unmeasurable(
            f"Invalid regex pattern '{rule.columns[0]}' for ColumnNamesMatchPattern rule: {error}"
        ) from error
    names = [column.name for column in database.primary.columns.values()]
    others = [name for name in names if not pattern.search(name)]
    metrics = {"Dataset.*.ColumnNamesPatternMatchRatio": (len(names) - len(others)) / len(names)}
    if others:
        return Outcome(FAIL, f"Columns that do not match the pattern: {', '.join(others)}", metrics)
    return Outcome(PASS, metrics=metrics)


def schema_match(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Share of the columns that the reference has with the same name and type."""
    alias, condition = rule.columns[0], rule.condition
    assert condition is not None
    primary, reference = _types(database.primary), _types(database.reference(alias))
    metric = f"Dataset.{alias}.SchemaMatch"
    if len(primary) != len(reference):
        return Outcome(FAIL, "Column counts do not match", {metric: 0.0})
    ratio = len(primary.items() & reference.items()) / len(primary)
    if condition.holds(ratio):
        return Outcome(PASS, metrics={metric: ratio})
    return Outcome(FAIL, f"{ratio * 100:.2f}% of columns passed the threshold", {metric: ratio})


def _types(dataset: Dataset) -> dict[str, str]:
    return {name: column.type for name, column in dataset.columns.items()}
