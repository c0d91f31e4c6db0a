"""All rules of a rule set, one after the other."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from local.services.glue.data_quality.dqdl.rules import Analyzer, Composite, Rule
from local.services.glue.data_quality.evaluation import (
    comparisons,
    custom_sql,
    keys,
    schema_rules,
    shares,
    statistics,
    values,
)
from local.services.glue.data_quality.evaluation.datasets import Database
from local.services.glue.data_quality.evaluation.outcomes import ERROR, FAIL, PASS, Outcome, Unmeasurable, judged

log = logging.getLogger(__name__)

Evaluator = Callable[[Database, Rule, dt.datetime], Outcome]


def _measured(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    assert rule.condition is not None
    name, value = statistics.MEASURES[rule.kind](database, rule.columns, rule.where)
    return judged(rule.condition, value, {name: value})


EVALUATORS: dict[str, Evaluator] = {
    **dict.fromkeys(statistics.MEASURES, _measured),
    "AggregateMatch": comparisons.aggregate_match,
    "ColumnDataType": shares.column_data_type,
    "ColumnExists": schema_rules.column_exists,
    "ColumnLength": values.column_length,
    "ColumnNamesMatchPattern": schema_rules.column_names_match_pattern,
    "ColumnValues": values.column_values,
    "CustomSql": custom_sql.custom_sql,
    "DataFreshness": shares.data_freshness,
    "DatasetMatch": comparisons.dataset_match,
    "IsComplete": keys.is_complete,
    "IsPrimaryKey": keys.is_primary_key,
    "IsUnique": keys.is_unique,
    "ReferentialIntegrity": comparisons.referential_integrity,
    "RowCountMatch": comparisons.row_count_match,
    "SchemaMatch": schema_rules.schema_match,
}


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a table.

    :param now: the moment that ``now()`` means, in UTC.
    """

    database: Database
    now: dt.datetime

    def rule(self, rule: Rule | Composite) -> Outcome:
        """PASS or FAIL; ERROR when the local AWS could not evaluate the rule.

        :raises duckdb.InterruptException: the run was cancelled.
        """
        if isinstance(rule, Composite):
            return self._composite(rule)
        try:
            return EVALUATORS[rule.kind](self.database, rule, self.now)
        except Unmeasurable as reason:
            return Outcome(FAIL, str(reason))
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            log.warning("data quality rule %s: %s", rule, error)
            first_line = str(error).split("\n", 1)[0]
            return Outcome(ERROR, f"Exception thrown while evaluating rule: {first_line}")

    def _composite(self, rule: Composite) -> Outcome:
        outcomes = [self.rule(part) for part in rule.rules]
        passed = [outcome.result == PASS for outcome in outcomes]
        result = PASS if (all(passed) if rule.operator == "AND" else any(passed)) else FAIL
        if result == FAIL and any(outcome.result == ERROR for outcome in outcomes):
            result = ERROR
        message = "\n".join(outcome.message for outcome in outcomes if outcome.message)
        metrics = {name: value for outcome in outcomes for name, value in outcome.metrics.items()}
        return Outcome(result, message, metrics)

    def analyzer(self, analyzer: Analyzer) -> dict[str, float]:
        """The metrics of an analyzer; empty if the data has none."""
        try:
            return dict(self._metrics(analyzer.kind, [parameter.value for parameter in analyzer.parameters]))
        except Unmeasurable:
            return {}

    def _metrics(self, kind: str, columns: list[str]) -> Iterator[tuple[str, float]]:
        database = self.database
        if kind in statistics.MEASURES:
            yield statistics.MEASURES[kind](database, columns, None)
            return
        column = database.primary.column(columns[0])
        if kind == "AllStatistics":
            for measure in ("RowCount", "Completeness", "Uniqueness"):
                yield statistics.MEASURES[measure](database, columns, None)
        if kind in ("ColumnLength", "AllStatistics") and column.is_text:
            low, high = statistics.extremes(database, statistics.length(column.name), None)
            yield from _known(f"Column.{columns[0]}.MinimumLength", low)
            yield from _known(f"Column.{columns[0]}.MaximumLength", high)
        if kind in ("ColumnValues", "AllStatistics") and column.is_numeric:
            low, high = statistics.extremes(database, column.sql, None)
            yield from _known(f"Column.{columns[0]}.Minimum", low)
            yield from _known(f"Column.{columns[0]}.Maximum", high)


def _known(name: str, value: float | None) -> Iterator[tuple[str, float]]:
    if value is not None:
        yield name, value
