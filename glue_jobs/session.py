"""The Spark session of a cleaning job: where it runs is the launcher's business, how SQL behaves is ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

# Session settings only; master, S3 and memory come from Glue, or from the local runner.
SQL_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Spark 3 refuses dates its old parser read differently; CORRECTED gives NULL for them.
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A day is small. Adaptive execution merges what is left over, and splits when a day is not.
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "true",
}


@contextmanager
def cleaning_session() -> Iterator[SparkSession]:
    """Give the launcher's session with our SQL settings, and stop it at the end."""
    spark = SparkSession.builder.getOrCreate()
    apply_settings(spark)
    try:
        yield spark
    finally:
        spark.stop()


def apply_settings(spark: SparkSession) -> None:
    """Apply the SQL settings to a session.

    :param spark: a running session
    """
    for name, value in SQL_SETTINGS.items():
        spark.conf.set(name, value)
