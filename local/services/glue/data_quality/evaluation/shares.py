"""DataFreshness and ColumnDataType: the share of rows that pass, by a rule about one column."""

from __future__ import annotations

import datetime as dt
import re

from local.services.athena.names import literal
from local.services.glue.data_quality.dqdl.conditions import Condition, Duration, Text
from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation.datasets import ColumnInfo, Database
from local.services.glue.data_quality.evaluation.outcomes import FAIL, PASS, Outcome, Unmeasurable, compliance
from local.services.glue.data_quality.evaluation.row_predicates import compared

_CASTS = {"INTEGER": "INTEGER", "LONG": "BIGINT", "DOUBLE": "DOUBLE", "FLOAT": "FLOAT"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
# Spark's words for true and false.
_BOOLEANS = "('t', 'true', 'y', 'yes', '1', 'f', 'false', 'n', 'no', '0')"
# Formats that AWS takes, and what is put before and after a date that lacks its day or year.
_DATE_FORMATS = {
    **{f: ("", "", f) for f in ("dd-MM-yyyy", "MM-dd-yyyy", "yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy", "yyyy/MM/dd")},
    **{f: ("01-", "", f"dd-{f}") for f in ("MM-yyyy",)},
    **{f: ("01/", "", f"dd/{f}") for f in ("MM/yyyy",)},
    **{f: ("", "-01", f"{f}-dd") for f in ("yyyy-MM",)},
    **{f: ("", "/01", f"{f}/dd") for f in ("yyyy/MM",)},
    **{f: ("", "-2000", f"{f}-yyyy") for f in ("dd-MM", "MM-dd")},
    **{f: ("", "/2000", f"{f}/yyyy") for f in ("dd/MM", "MM/dd")},
}


def data_freshness(database: Database, rule: Rule, now: dt.datetime) -> Outcome:
    """The age of every value, in hours with two digits, meets the condition."""
    name, condition = rule.columns[0], rule.condition
    assert condition is not None
    column = database.primary.column(name)
    if not (column.is_text or column.type.startswith(("DATE", "TIMESTAMP"))):
        raise Unmeasurable(f"Column {name} of type {column.hive_type} holds no dates")
    moment = literal(now.replace(tzinfo=None).isoformat(sep=" "))
    seconds = f"epoch(CAST({moment} AS TIMESTAMP)) - epoch(TRY_CAST({column.sql} AS TIMESTAMP))"
    age = f"round(({seconds}) / 3600, 2)"
    hours = [f"CAST({item.in_hours!r} AS DOUBLE)" for item in condition.operands if isinstance(item, Duration)]
    ratio = _share(database, compared(condition, age, hours), rule.where)
    if ratio is None:
        return Outcome(PASS, "No rows matched the filter")
    metrics = {f"Column.{name}.DataFreshness.Compliance": ratio}
    if ratio == 1.0:
        return Outcome(PASS, metrics=metrics)
    return Outcome(FAIL, f"{ratio * 100:.2f}% of rows passed", metrics)


def column_data_type(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """Every value can be read as the type, or, with a threshold, a certain share of them."""
    name, condition = rule.columns[0], rule.condition
    assert condition is not None
    column = database.primary.column(name)
    readable = _readable(condition, column, rule.tags.get("format"))
    ratio = _share(database, f"NOT ({readable})" if condition.operator == "!=" else readable, rule.where)
    if ratio is None:
        return Outcome(PASS, "No rows matched the filter")
    return compliance(ratio, rule.threshold, {f"Column.{name}.ColumnDataType.Compliance": ratio})


def _readable(condition: Condition, column: ColumnInfo, date_format: str | None) -> str:
    if condition.operator not in ("=", "!=") or not isinstance(condition.operands[0], Text):
        raise Unmeasurable("Rule (or nested rule) not supported due to: Unsupported operator")
    wanted = condition.operands[0].value.upper()
    text = f"trim(CAST({column.sql} AS VARCHAR))"
    decimal = _DECIMAL.fullmatch(wanted)
    if decimal:
        return f"TRY_CAST({text} AS DECIMAL({decimal[1]},{decimal[2]})) IS NOT NULL"
    if wanted in _CASTS:
        return f"TRY_CAST({text} AS {_CASTS[wanted]}) IS NOT NULL"
    if wanted == "BOOLEAN":
        return f"coalesce(lower({text}) IN {_BOOLEANS}, false)"
    if wanted == "DATE" and date_format is not None:
        return _formatted_date(text, date_format)
    if wanted in ("DATE", "TIMESTAMP"):
        # Spark also reads a year, or a year and a month.
        short = rf"coalesce(regexp_full_match({text}, '\d{{4}}(-(0?[1-9]|1[0-2]))?'), false)"
        return f"({short} OR TRY_CAST({text} AS TIMESTAMP) IS NOT NULL)"
    raise Unmeasurable(
        f"Rule (or nested rule) not supported due to: Unrecognized data type: {condition.operands[0].value}"
    )


def _formatted_date(text: str, date_format: str) -> str:
    if date_format not in _DATE_FORMATS:
        return "false"
    before, after, full = _DATE_FORMATS[date_format]
    directives = full.replace("yyyy", "%Y").replace("MM", "%m").replace("dd", "%d")
    whole = f"{literal(before)} || {text} || {literal(after)}"
    return f"try_strptime({whole}, {literal(directives)}) IS NOT NULL"


def _share(database: Database, predicate: str, where: str | None) -> float | None:
    """Share of rows that pass; None when there are none."""
    rows, passing = database.row(f"SELECT count(*), count(*) FILTER ({predicate}) FROM {database.filtered(where)}")
    return passing / rows if rows else None
