"""CustomSql: one number compared with a condition, or the rows that pass."""

from __future__ import annotations

import datetime as dt

import duckdb

from local.services.athena.names import identifier
from local.services.glue.data_quality.dqdl.rules import Rule
from local.services.glue.data_quality.evaluation import spark_sql
from local.services.glue.data_quality.evaluation.datasets import Database
from local.services.glue.data_quality.evaluation.outcomes import Outcome, Unmeasurable, compliance, judged


def custom_sql(database: Database, rule: Rule, _now: dt.datetime) -> Outcome:
    """With a condition the statement gives one number; without one it gives the rows that pass."""

    def relation_of(name: str) -> str:
        try:
            return database.reference(name).name
        except Unmeasurable as error:
            raise Unmeasurable(f"Error executing SQL statement: Table or view not found: {name} ({error})") from error

    sql = spark_sql.query(rule.columns[0], relation_of)
    try:
        return _single_value(database, rule, sql) if rule.condition is not None else _rows(database, rule, sql)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        first_line = str(error).split("\n", 1)[0]
        raise Unmeasurable(f"Error executing SQL statement: {first_line}") from error


def _single_value(database: Database, rule: Rule, sql: str) -> Outcome:
    assert rule.condition is not None
    if len(database.described(sql)) != 1:
        raise Unmeasurable("Custom SQL did not return exactly 1 column")
    rows = database.rows(sql)
    if len(rows) != 1:
        raise Unmeasurable("Custom SQL did not return exactly 1 row")
    try:
        value = float(rows[0][0])
    except (TypeError, ValueError):
        raise Unmeasurable(f"Custom SQL did not return a number: {rows[0][0]}") from None
    return judged(rule.condition, value, {"Dataset.*.CustomSQL": value})


def _rows(database: Database, rule: Rule, sql: str) -> Outcome:
    primary = database.primary
    (total,) = database.row(f"SELECT count(*) FROM {primary.relation}")
    if not total:
        raise Unmeasurable("Custom SQL rule could not be evaluated due to data frame being empty")
    names = database.described(sql)
    foreign = primary.missing(names)
    if len(foreign) == len(names):
        raise Unmeasurable(
            "The output from CustomSQL must contain at least one column that matches the input dataset. Ensure that "
            "matching columns are returned from the SQL."
        )
    if foreign:
        raise Unmeasurable(
            "The columns returned from the SQL statement should only belong to the primary table. "
            f"Columns not found: {', '.join(foreign)}"
        )
    on = " AND ".join(f"p__.{primary.column(n).sql} IS NOT DISTINCT FROM q__.{identifier(n)}" for n in names)
    (passing,) = database.row(
        f"SELECT count(*) FILTER (EXISTS (SELECT 1 FROM ({sql}) AS q__ WHERE {on})) FROM {primary.relation} AS p__"
    )
    ratio = passing / total
    return compliance(ratio, rule.threshold, {"Dataset.*.CustomSQL.Compliance": ratio})
