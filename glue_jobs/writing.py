"""Writing rows: personal data protected, generated columns added, as many files as wanted, nothing that says "done"."""

from __future__ import annotations

import math
from collections.abc import Collection

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs.conform import RESCUED_COLUMN, SOURCE_FILE, SOURCE_LINE
from glue_jobs.contracts import Contract
from glue_jobs.generated import Finish
from glue_jobs.masking import mask_columns
from glue_jobs.pseudonyms import PseudonymKey

ROWS_PER_FILE = 500_000


def protected(rows: DataFrame, contract: Contract, key: PseudonymKey, withheld: Collection[str] = ()) -> DataFrame:
    """Protect personal data, before the generated columns are made: a replay makes them again from published rows.

    :param rows: rows to publish, without their generated columns
    :param contract: the compiled contract
    :param key: key of the environment
    :param withheld: names of further columns that are not published
    """
    return mask_columns(rows, tuple(column for column in contract.columns if not column.generated_by), key, withheld)


def with_generated(rows: DataFrame, contract: Contract, finish: Finish, key: PseudonymKey) -> DataFrame:
    """Add the generated columns, protected if the contract says so.

    :param rows: result of :func:`protected`
    :param contract: the compiled contract
    :param finish: adds the generated columns
    :param key: key of the environment
    """
    return mask_columns(finish(rows), tuple(column for column in contract.columns if column.generated_by), key)


def distributed(rows: DataFrame, contract: Contract, count: int) -> DataFrame:
    """Spread rows over as many partitions as files are wanted, by the first key column that is not generated.

    Without one, rows are numbered within the day: that needs them in one place anyway.

    :param rows: rows to publish, without their generated columns
    :param contract: the compiled contract
    :param count: number of rows
    """
    known = [name for name in contract.primary_key if name in rows.columns]
    if not known:
        return rows.repartition(1)
    return rows.repartition(max(1, math.ceil(count / ROWS_PER_FILE)), known[0])


def write_published(spark: SparkSession, rows: DataFrame, contract: Contract, target: str) -> DataFrame:
    """Write the published rows and return what was written, read back.

    :param spark: session
    :param rows: the contract's columns and ``rescued``
    :param contract: the compiled contract
    :param target: folder of the run in staging
    """
    columns = [F.col(column.name).cast(column.spark_type) for column in contract.columns]
    ordered = rows.select(*columns, RESCUED_COLUMN).sortWithinPartitions(*contract.primary_key)
    _write(ordered, target)
    return spark.read.schema(ordered.schema).parquet(target)


def write_quarantine(rows: DataFrame, target: str) -> None:
    """Write quarantined rows as one file, in the order in which they were delivered.

    :param rows: rows with the columns of ``quarantine.SCHEMA``
    :param target: folder of the run in quarantine
    """
    _write(rows.repartition(1).sortWithinPartitions(SOURCE_FILE, SOURCE_LINE), target)


def _write(rows: DataFrame, target: str) -> None:
    # Completeness is told by the result JSON; a marker file here would say it too early.
    writer = rows.write.mode("overwrite").option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    writer.parquet(target)
