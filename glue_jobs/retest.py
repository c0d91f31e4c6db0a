"""Testing quarantined rows again: from the kept payload to typed rows with the rules they break by now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.conform import (
    COPIES,
    FAILED_RULES,
    NOTED_RULES,
    RAW,
    SOURCE_FILE,
    SOURCE_LINE,
    add_rule_results,
    add_typed_columns,
    publishable,
)
from glue_jobs.contracts import Contract
from glue_jobs.landing import delivered_schema, to_batch
from glue_jobs.quarantine import NEW, RECORD, RESCUED_VALUES, STATUS
from glue_jobs.records import HAS_NUL, NUL, Record

if TYPE_CHECKING:
    import pyarrow as pa

ALL_RULES = "all"


@dataclass(frozen=True)
class Verdicts:
    """What the current contract says about the selected rows.

    :param tested: the selected rows with the columns of ``conform.conform``, cached
    :param selected: how many they are
    :param passing: how many of them break no rule of severity error any more
    :param failing: the others by rule
    :param noted: passing rows by rule of severity warning or info
    """

    tested: DataFrame
    selected: int
    passing: int
    failing: dict[str, int]
    noted: dict[str, int]


def retest(rows: DataFrame, contract: Contract, ingest_date: date) -> Verdicts:
    """Test quarantined rows by the current contract.

    A record that could not be split into columns has nothing to test: it keeps its reason. One with a NUL character
    gets that reason, also when it was quarantined before there was such a rule.

    :param rows: quarantined rows
    :param contract: the compiled contract
    :param ingest_date: delivery day
    """
    delivered = rows.select(RAW, SOURCE_FILE, SOURCE_LINE, F.element_at(FAILED_RULES, 1).alias("reason"))
    records = delivered.mapInArrow(_reader(list(contract.landing.columns)), delivered_schema(contract.landing))
    typed = add_typed_columns(records.withColumn(COPIES, F.lit(1)), contract, ingest_date)
    tested = add_rule_results(typed, contract.row_rules, ingest_date).persist(StorageLevel.MEMORY_AND_DISK)
    return Verdicts(
        tested=tested,
        selected=tested.count(),
        passing=publishable(tested).count(),
        failing=count_by(tested, FAILED_RULES),
        noted=count_by(tested, NOTED_RULES),
    )


def record_of(raw: str, reason: str, line: int, columns: list[str]) -> Record:
    """Return a quarantined row as the record that was delivered.

    :param raw: its payload
    :param reason: its first reason, which a record that could not be split keeps
    :param line: line in its file
    :param columns: delivered columns of the current contract; one that was unknown before is found among the rescued
    """
    delivered: dict[str, str] = json.loads(raw)
    if RECORD in delivered:
        return Record(line, [None] * len(columns), None, reason, delivered[RECORD])
    rescued: dict[str, str] = json.loads(delivered.pop(RESCUED_VALUES, "{}"))
    found = {name.lower(): value for name, value in {**rescued, **delivered}.items()}
    known = {name.lower() for name in columns}
    unknown = {name: value for name, value in {**delivered, **rescued}.items() if name.lower() not in known}
    values = [found.get(name.lower()) for name in columns]
    has_nul = any(NUL in value for value in found.values() if value is not None)
    return Record(line, values, json.dumps(unknown) if unknown else None, HAS_NUL if has_nul else None, None)


def _reader(columns: list[str]) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pylist()
            records = [record_of(row[RAW], row["reason"], row[SOURCE_LINE], columns) for row in rows]
            yield to_batch([row[SOURCE_FILE] for row in rows], records, columns)

    return read


def is_selected(rule: str) -> SparkColumn:
    """Return whether a quarantined row is tested again: nobody has decided about it, and it broke the rule.

    :param rule: id of a rule, or ``all``
    """
    is_open = F.col(STATUS) == NEW
    return is_open if rule == ALL_RULES else is_open & F.array_contains(FAILED_RULES, rule)


def count_by(rows: DataFrame, reasons: str) -> dict[str, int]:
    """Count rows by rule.

    :param rows: any rows
    :param reasons: their column with ids of rules
    """
    counted = rows.select(F.explode(reasons).alias("rule")).groupBy("rule").count().collect()
    return {row["rule"]: row["count"] for row in sorted(counted)}
