"""What the contract of online_retail cannot say in one expression per row. Pure: DataFrame in, DataFrame out."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

# Every delivered column takes part: rows that tie are equal, so their order does not matter.
_LINE_ORDER = ("stock_code", "invoice_date", "quantity", "unit_price", "description", "customer_id", "country")


def number_lines(rows: DataFrame) -> DataFrame:
    """Add ``line_no``, the position of a line within its invoice, in the order of its values.

    :param rows: publishable lines with the columns of the contract
    """
    within_invoice = Window.partitionBy("invoice_no").orderBy(*_LINE_ORDER)
    return rows.withColumn("line_no", F.row_number().over(within_invoice))
