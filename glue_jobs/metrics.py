"""Numbers about the published rows of a day: the history that later days are compared with."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contracts import Column, Contract

_NUMBERS = ("smallint", "int", "bigint", "double", "decimal")
_TIMES = ("date", "timestamp")


def day_metrics(published: DataFrame, contract: Contract) -> list[dict[str, Any]]:
    """Measure the rows in one pass: how many, and by column what is missing, how many values there are, their range.

    Values themselves are told of numbers and times only: a name or a number of a customer never gets into the history.
    ``distinct`` is approximate (HyperLogLog, 5 % standard deviation).

    :param published: published rows
    :param contract: the compiled contract
    :return: entries ``column`` (None for the table), ``metric``, ``value`` (a number) or ``text`` (a time)
    """
    wanted = [(column, name, measure) for column in contract.columns for name, measure in _measures(column)]
    found = published.agg(F.count(F.lit(1)), *(measure for _, _, measure in wanted)).first()
    assert found is not None  # an aggregation without groups always has one row
    rows, values = found[0], found[1:]
    entries = [_entry(None, "rows", rows)]
    for (column, name, _), value in zip(wanted, values, strict=True):
        if name == "null_percent":
            value = round(100 * value / rows, 4) if rows else 0.0
        entries.append(_entry(column.name, name, value))
    return entries


def _measures(column: Column) -> list[tuple[str, SparkColumn]]:
    value = F.col(column.name)
    measures = [("null_percent", F.count_if(value.isNull())), ("distinct", F.approx_count_distinct(value))]
    kind = column.spark_type.split("(")[0]
    if kind in _NUMBERS + _TIMES:
        measures += [("minimum", F.min(value)), ("maximum", F.max(value))]
    if kind in _NUMBERS:
        measures.append(("sum", F.sum(value.cast("double"))))
    return measures


def _entry(column: str | None, metric: str, value: Any) -> dict[str, Any]:
    is_text = value is not None and not hasattr(value, "__float__")
    return {
        "column": column,
        "metric": metric,
        "value": None if value is None or is_text else float(value),
        "text": str(value) if is_text else None,
    }
