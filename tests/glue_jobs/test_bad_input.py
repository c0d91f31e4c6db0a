"""Whatever is delivered, nothing is lost: each record is published, quarantined with its text, or a counted copy."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.glue_jobs.bad_input import BAD_INPUT
from tests.glue_jobs.conftest import CleanedDay, clean_files
from tests.glue_jobs.days import SALE, csv_bytes

GOOD = "good.csv"


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """A plain file name for each case."""
    return {case: f"{number:03}.csv" for number, case in enumerate(BAD_INPUT)}


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession, names: dict[str, str]) -> CleanedDay:
    """All of it in one delivery, beside a good file that must not suffer."""
    files = {names[case]: bad.content for case, bad in BAD_INPUT.items()}
    good = csv_bytes(SALE.replace("536365", "555555"))
    return clean_files(spark, tmp_path_factory.mktemp("delivery"), {**files, GOOD: good})


def test_these_are_at_least_sixty_kinds() -> None:
    assert len({bad.content for bad in BAD_INPUT.values()}) >= 60


@pytest.mark.parametrize("case", BAD_INPUT)
def test_nothing_of_it_is_lost(case: str, delivery: CleanedDay, names: dict[str, str]) -> None:
    bad, found = BAD_INPUT[case], delivery.file(names[case])
    assert found.landed == bad.landed == found.published + found.quarantined + found.duplicates
    if found.state == "refused":
        assert found.message
        assert Path(found.kept_at).read_bytes() == bad.content
    rows = [row for row in delivery.quarantined_rows() if row["source_file"].endswith(f"/{names[case]}")]
    assert len(rows) == found.quarantined
    for row in rows:
        assert row["failed_rules"]
        assert row["raw"]
        for value in row["raw"].values():
            assert value.replace('"', "") in _text(bad.content)
        assert row["source_line"] >= 2


def _text(content: bytes) -> str:
    """:return: the file without its quotes: fields are kept as they were delivered, but not how they were quoted"""
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    return plain.decode(errors="backslashreplace").replace('"', "")


def test_the_good_neighbour_is_published(delivery: CleanedDay) -> None:
    found = delivery.file(GOOD)
    assert (found.landed, found.published) == (1, 1)
    assert "555555" in {row[0] for row in delivery.published().select("invoice_no").collect()}


def test_the_day_balances_and_each_row_is_in_one_place(delivery: CleanedDay) -> None:
    balance = delivery.rows.balance
    assert balance.landed == sum(bad.landed for bad in BAD_INPUT.values()) + 1
    assert balance.landed == balance.published + balance.quarantined + balance.duplicates
    assert delivery.published().count() == balance.published
    rows = delivery.quarantined_rows()
    assert len(rows) == balance.quarantined
    places = Counter((row["source_file"], row["source_line"]) for row in rows)
    assert max(places.values()) == 1
