"""The canary record's types. Pure: DataFrame in, DataFrame out."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# As landed; dags/lake/canary.py writes these columns in this order.
LANDED_SCHEMA = "run_key STRING, sent_at STRING, pieces STRING, amount STRING, note STRING, sender STRING"


def typed(rows: DataFrame) -> DataFrame:
    """Give the landed texts the types of staging. What cannot be read fails the job: nothing here is optional.

    :param rows: columns of ``LANDED_SCHEMA``
    """
    return rows.select(
        "run_key",
        F.to_timestamp("sent_at", "yyyy-MM-dd HH:mm:ss").alias("sent_at"),
        F.col("pieces").cast("int").alias("pieces"),
        F.col("amount").cast("decimal(12,3)").alias("amount"),
        "note",
        "sender",
    )
