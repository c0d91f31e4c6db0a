"""Rules that a table's rows suggest. Each holds on the rows it was made from.

The bounds are AWS's where its examples show them (rows between half and twice as many, lengths one less and one more,
completeness less its 95 % confidence interval).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from local.services.glue.data_quality.evaluation import statistics
from local.services.glue.data_quality.evaluation.datasets import ColumnInfo, Database

# A column with no more values than this, each of them several times, is taken for a list of allowed values.
_MOST_VALUES = 20
_ROWS_PER_VALUE = 3
_Z = 1.96


def recommended_ruleset(database: Database) -> str:
    """The rule set as text; empty for a table without rows."""
    (rows,) = database.row(f"SELECT count(*) FROM {database.primary.relation}")
    if not rows:
        return ""
    rules = [f"RowCount between {math.ceil(rows / 2) - 1} and {rows * 2 + 1}"]
    for column in database.primary.columns.values():
        if "[" not in column.type and "(" not in column.type.removeprefix("DECIMAL("):
            rules += _of_column(database, column, int(rows))
    lines = ",\n".join(f"    {rule}" for rule in rules)
    return f"Rules = [\n{lines}\n]"


def _of_column(database: Database, column: ColumnInfo, rows: int) -> Iterator[str]:
    name = f'"{column.name}"'
    _, complete = statistics.completeness(database, [column.name], None)
    if complete == 1.0:
        yield f"IsComplete {name}"
    elif complete > 0:
        bound = complete - _Z * math.sqrt(complete * (1 - complete) / rows)
        yield f"Completeness {name} >= {max(0.0, math.floor(bound * 100) / 100)}"
    if complete == 0:
        return
    _, unique = statistics.uniqueness(database, [column.name], None)
    if unique == 1.0 and rows > 1:
        yield f"IsUnique {name}"
    elif unique > 0.95:
        yield f"Uniqueness {name} > 0.95"
    if column.is_text:
        yield from _of_text(database, column, rows)
    elif column.is_numeric and complete == 1.0:
        low, high = statistics.extremes(database, column.sql, None)
        if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
            yield f"ColumnValues {name} >= {math.floor(low)}"
            yield f"ColumnValues {name} <= {math.ceil(high)}"


def _of_text(database: Database, column: ColumnInfo, rows: int) -> Iterator[str]:
    name = f'"{column.name}"'
    found = database.rows(
        f"SELECT {column.sql}, count(*) AS n__ FROM {database.primary.relation} GROUP BY 1 "
        f"ORDER BY n__ DESC, 1 LIMIT {_MOST_VALUES + 1}"
    )
    values = [value for value, _ in found if value is not None]
    plain = all(value and '"' not in value and "\\" not in value and not _reads_as_date(value) for value in values)
    if len(found) <= _MOST_VALUES and rows >= _ROWS_PER_VALUE * len(found) and plain:
        listed = [f'"{value}"' for value in sorted(values)] + ["NULL"] * (len(values) < len(found))
        yield f"ColumnValues {name} in [{', '.join(listed)}]"
        return
    low, high = statistics.extremes(database, statistics.length(column.name), None)
    if low is not None and high is not None:
        yield f"ColumnLength {name} between {int(low) - 1} and {int(high) + 1}"


def _reads_as_date(value: str) -> bool:
    """Whether the quoted value would be a date or a time for DQDL, which does not mix with strings."""
    return value[:1].isdigit() and ("-" in value or ":" in value)
