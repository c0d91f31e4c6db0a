"""Measures of the rows: counts, completeness, uniqueness, sums. Each is one number for a rule or an analyzer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from local.services.athena.names import identifier
from local.services.glue.data_quality.evaluation.datasets import Database
from local.services.glue.data_quality.evaluation.outcomes import Unmeasurable

Measure = Callable[[Database, Sequence[str], str | None], tuple[str, float]]


def _empty(analyzer: str, columns: Sequence[str]) -> Unmeasurable:
    listed = ",".join(columns)
    return Unmeasurable(f"Empty state for analyzer {analyzer}({listed}), all input values were NULL.")


def row_count(database: Database, _columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Number of rows."""
    (rows,) = database.row(f"SELECT count(*) FROM {database.filtered(where)}")
    return "Dataset.*.RowCount", float(rows)


def column_count(database: Database, _columns: Sequence[str], _where: str | None) -> tuple[str, float]:
    """Number of columns, partition keys included."""
    return "Dataset.*.ColumnCount", float(len(database.primary.columns))


def completeness(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Share of rows in which a column is not NULL."""
    column = database.primary.column(columns[0])
    rows, filled = database.row(f"SELECT count(*), count({column.sql}) FROM {database.filtered(where)}")
    if not rows:
        raise _empty("Completeness", columns)
    return f"Column.{columns[0]}.Completeness", filled / rows


def uniqueness(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Share of rows whose values occur exactly once; rows in which all columns are NULL do not count."""
    once, rows, _ = _frequencies(database, columns, where)
    if not rows:
        raise _empty("Uniqueness", columns)
    entity = "Column" if len(columns) == 1 else "Multicolumn"
    return f"{entity}.{','.join(columns)}.Uniqueness", once / rows


def unique_value_ratio(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Share of the distinct values that occur exactly once."""
    once, _, distinct = _frequencies(database, columns, where)
    if not distinct:
        raise _empty("UniqueValueRatio", columns)
    return f"Column.{columns[0]}.UniqueValueRatio", once / distinct


def _frequencies(database: Database, columns: Sequence[str], where: str | None) -> tuple[int, int, int]:
    """Values that occur once, rows, distinct values."""
    names = [database.primary.column(name).sql for name in columns]
    some_value = " OR ".join(f"{name} IS NOT NULL" for name in names)
    groups = (
        f"SELECT count(*) AS n__ FROM {database.filtered(where)} AS t__ WHERE {some_value} GROUP BY {', '.join(names)}"
    )
    once, rows, distinct = database.row(
        f"SELECT count(*) FILTER (n__ = 1), coalesce(sum(n__), 0), count(*) FROM ({groups})"
    )
    return int(once), int(rows), int(distinct)


def distinct_values_count(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Number of distinct values; NULL is one of them, as in AWS's library (``Histogram``)."""
    column = database.primary.column(columns[0])
    (values,) = database.row(
        f"SELECT count(DISTINCT {column.sql}) + CAST(count(*) > count({column.sql}) AS INTEGER) "
        f"FROM {database.filtered(where)}"
    )
    return f"Column.{columns[0]}.DistinctValuesCount", float(values)


def entropy(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """-sum(p ln p) over the values that are not NULL."""
    column = database.primary.column(columns[0])
    counts = database.rows(
        f"SELECT count(*) FROM {database.filtered(where)} AS t__ WHERE {column.sql} IS NOT NULL GROUP BY {column.sql}"
    )
    rows = sum(count for (count,) in counts)
    if not rows:
        raise _empty("Entropy", columns)
    return f"Column.{columns[0]}.Entropy", math.fsum(-(n / rows) * math.log(n / rows) for (n,) in counts) + 0.0


def column_sum(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Sum of a column of numbers."""
    return f"Column.{columns[0]}.Sum", _aggregate(database, "Sum", columns, where)


def mean(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Average of the values that are not NULL."""
    column = database.primary.numeric(columns[0])
    total = _aggregate(database, "Mean", columns, where)
    (values,) = database.row(f"SELECT count({column.sql}) FROM {database.filtered(where)}")
    return f"Column.{columns[0]}.Mean", total / values


def _aggregate(database: Database, analyzer: str, columns: Sequence[str], where: str | None) -> float:
    column = database.primary.numeric(columns[0])
    # Exact for decimals and integers; for floats in an order that does not matter.
    function = "fsum" if column.type in ("FLOAT", "DOUBLE") else "sum"
    (value,) = database.row(f"SELECT CAST({function}({column.sql}) AS DOUBLE) FROM {database.filtered(where)}")
    if value is None:
        raise _empty(analyzer, columns)
    return float(value)


def standard_deviation(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Standard deviation of the population."""
    column = database.primary.numeric(columns[0])
    (value,) = database.row(f"SELECT stddev_pop(CAST({column.sql} AS DOUBLE)) FROM {database.filtered(where)}")
    if value is None:
        raise _empty("StandardDeviation", columns)
    return f"Column.{columns[0]}.StandardDeviation", float(value)


def column_correlation(database: Database, columns: Sequence[str], where: str | None) -> tuple[str, float]:
    """Pearson's correlation over the rows in which both columns have a value."""
    first, second = (database.primary.numeric(name) for name in columns)
    (value,) = database.row(
        f"SELECT corr(CAST({first.sql} AS DOUBLE), CAST({second.sql} AS DOUBLE)) FROM {database.filtered(where)}"
    )
    if value is None:
        raise _empty("Correlation", columns)
    return f"Multicolumn.{columns[0]},{columns[1]}.ColumnCorrelation", float(value)


MEASURES: dict[str, Measure] = {
    "ColumnCorrelation": column_correlation,
    "ColumnCount": column_count,
    "Completeness": completeness,
    "DistinctValuesCount": distinct_values_count,
    "Entropy": entropy,
    "Mean": mean,
    "RowCount": row_count,
    "StandardDeviation": standard_deviation,
    "Sum": column_sum,
    "UniqueValueRatio": unique_value_ratio,
    "Uniqueness": uniqueness,
}


def extremes(database: Database, expression: str, where: str | None) -> tuple[float | None, float | None]:
    """Smallest and largest value of an expression of numbers; None when there is none."""
    low, high = database.row(
        f"SELECT CAST(min({expression}) AS DOUBLE), CAST(max({expression}) AS DOUBLE) FROM {database.filtered(where)}"
    )
    return low, high


def length(column: str) -> str:
    """Length of a text in characters; NULL has length 0, as documented ("Null behavior" of ColumnLength)."""
    return f"coalesce(length({identifier(column)}), 0)"
