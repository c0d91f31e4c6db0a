"""The four real days, counted a second time in plain Python. Skipped where the data set is not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.glue_jobs.conftest import REAL_DAYS, clean_files

DAYS = sorted(path.stem for path in REAL_DAYS.glob("*.csv"))


@pytest.mark.skipif(not DAYS, reason="needs ../shared/data/online_retail")
@pytest.mark.parametrize("day", DAYS or ["none"])
def test_real_day(day: str, spark: SparkSession, tmp_path: Path) -> None:
    content = (REAL_DAYS / f"{day}.csv").read_bytes()
    delivered = [tuple(row) for row in csv.reader(content.decode().splitlines())][1:]
    distinct = set(delivered)
    expected: dict[str, int] = {}
    bad = 0
    for invoice, _, _, quantity, _, price, customer, _ in distinct:
        reasons = []
        if int(quantity) < 0 and not invoice.startswith("C"):
            reasons.append("negative_quantity_without_cancellation")
        if float(price) == 0 and not customer:
            reasons.append("nobody_paid")
        bad += bool(reasons)
        for reason in reasons:
            expected[reason] = expected.get(reason, 0) + 1

    cleaned = clean_files(spark, tmp_path, {f"{day}.csv": content}, day)
    balance = cleaned.rows.balance
    assert balance.landed == len(delivered)
    assert balance.duplicates == len(delivered) - len(distinct)
    assert (balance.published, balance.quarantined) == (len(distinct) - bad, bad)
    assert cleaned.rows.outcomes.failed == expected

    published = cleaned.published()
    returns = sum(row[0].startswith("C") for row in distinct)
    assert published.where("is_return").count() == returns > 0
    customers = {row[6] for row in distinct if row[6]}
    assert published.select("customer_id").distinct().dropna().count() == len(customers)
