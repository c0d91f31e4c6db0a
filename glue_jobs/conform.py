"""From delivered text to typed rows with the rules they break. Pure: DataFrame in, DataFrame out."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.contracts import Contract, Rule
from glue_jobs.landing import FILE, LINE, PROBLEM, RESCUED, TEXT

RAW = "raw"
FAILED_RULES = "failed_rules"
NOTED_RULES = "noted_rules"
COPIES = "copies"
SOURCE_FILE = "source_file"
SOURCE_LINE = "source_line"
RESCUED_COLUMN = "rescued"


def conform(records: DataFrame, contract: Contract, ingest_date: date) -> DataFrame:
    """Return one typed row per distinct record: contract columns, what was delivered, and the rules it breaks.

    :param records: result of ``landing.delivered_records``
    :param contract: the compiled contract
    :param ingest_date: delivery day, for rules that compare with it
    """
    distinct = remove_duplicates(records, list(contract.landing.columns))
    typed = add_typed_columns(distinct, contract, ingest_date)
    return add_rule_results(typed, contract.row_rules, ingest_date)


def remove_duplicates(records: DataFrame, delivered: list[str]) -> DataFrame:
    """Keep one of the records that are equal in everything delivered: the first by file and line.

    :param records: delivered records
    :param delivered: names of the delivered columns
    """
    origin = F.struct(F.col(FILE), F.col(LINE))
    counted = records.groupBy(*map(_column, delivered), RESCUED, PROBLEM, TEXT).agg(
        F.min(origin).alias("_origin"), F.count(F.lit(1)).alias(COPIES)
    )
    return counted.select("*", f"_origin.{FILE}", f"_origin.{LINE}").drop("_origin")


def add_typed_columns(records: DataFrame, contract: Contract, ingest_date: date) -> DataFrame:
    """Compute the contract's columns; the delivered ones move into the struct column ``raw``.

    :param records: distinct records
    :param contract: the compiled contract
    :param ingest_date: value of ``${ingest_date}`` in expressions of derived columns
    """
    delivered = list(contract.landing.columns)
    read = [F.expr(str(column.expression)).alias(column.name) for column in contract.columns if column.source]
    typed = records.select(
        *read,
        F.struct(*map(_column, delivered)).alias(RAW),
        F.col(RESCUED).alias(RESCUED_COLUMN),
        F.col(FILE).alias(SOURCE_FILE),
        F.col(LINE).alias(SOURCE_LINE),
        COPIES,
        PROBLEM,
        TEXT,
    )
    for column in contract.columns:
        if column.derived:
            computed = F.expr(_with_day(str(column.expression), ingest_date)).cast(column.spark_type)
            typed = typed.withColumn(column.name, computed)
    return typed


def add_rule_results(typed: DataFrame, rules: tuple[Rule, ...], ingest_date: date) -> DataFrame:
    """Add every broken rule of a row: errors in ``failed_rules``, warnings and notes in ``noted_rules``.

    A record that breaks a structure rule breaks that one rule only: its values are not tested.

    :param typed: result of :func:`add_typed_columns`
    :param rules: row rules of the contract
    :param ingest_date: value of ``${ingest_date}`` in predicates
    """
    failed = _broken([rule for rule in rules if rule.severity == "error"], ingest_date)
    noted = _broken([rule for rule in rules if rule.severity != "error"], ingest_date)
    is_split = F.col(PROBLEM).isNull()
    nothing = F.array().cast("array<string>")
    return typed.withColumn(FAILED_RULES, F.when(is_split, failed).otherwise(F.array(PROBLEM))).withColumn(
        NOTED_RULES, F.when(is_split & (F.size(FAILED_RULES) == 0), noted).otherwise(nothing)
    )


def publishable(conformed: DataFrame) -> DataFrame:
    """Return the rows that break no rule of severity error.

    :param conformed: result of :func:`conform`
    """
    return conformed.where(F.size(FAILED_RULES) == 0)


def _broken(rules: list[Rule], ingest_date: date) -> SparkColumn:
    if not rules:
        return F.array().cast("array<string>")
    tests = [F.expr(_with_day(str(rule.fails_when), ingest_date)) for rule in rules]
    ids = [F.when(test, F.lit(rule.id)) for test, rule in zip(tests, rules, strict=True)]
    return F.array_compact(F.array(*ids))


def _column(name: str) -> SparkColumn:
    """Return a delivered column; header names may hold dots and blanks."""
    return F.col(f"`{name.replace('`', '``')}`")


def _with_day(expression: str, ingest_date: date) -> str:
    return expression.replace("${ingest_date}", f"DATE'{ingest_date.isoformat()}'")
