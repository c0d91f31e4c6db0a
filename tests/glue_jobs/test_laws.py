"""Laws of the job: the same delivery gives the same rows, however it is cut, ordered or repeated."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from glue_jobs.arguments import CleaningArguments
from glue_jobs.cleaning import clean_day, write_rows
from glue_jobs.contracts import Contract
from glue_jobs.problems import RowsOutOfBalance
from glue_jobs.report import Balance
from local.seed.online_retail import generate
from tests.glue_jobs.conftest import DAY, KEY, Clean, job_arguments
from tests.glue_jobs.days import SALE, csv_bytes, sale

ROWS = 400


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A generated day with a few broken lines; the first line is the header."""
    path = generate(tmp_path_factory.mktemp("day"), [DAY], rows_per_day=ROWS, seed=11)[0]
    broken = [sale(Quantity="six"), sale(InvoiceNo=""), "one,two", sale(InvoiceDate="2011-01-01 00:00:00")]
    return [*path.read_text().splitlines(), *broken]


def _file(lines: list[str], chosen: list[str]) -> bytes:
    return ("\n".join([lines[0], *chosen]) + "\n").encode()


def _reordered(lines: list[str]) -> bytes:
    """The same records with the columns backwards. Records that cannot be split stay as they are."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in csv.reader(lines):
        writer.writerow(reversed(row) if len(row) == 8 else row)
    return text.getvalue().encode()


CUTS: dict[str, Callable[[list[str]], dict[str, bytes]]] = {
    "shuffled": lambda lines: {"a.csv": _file(lines, random.Random(3).sample(lines[1:], len(lines) - 1))},
    "in three files": lambda lines: {f"{n}.csv": _file(lines, lines[1 + n :: 3]) for n in range(3)},
    "compressed": lambda lines: {"a.csv.gz": gzip.compress(_file(lines, lines[1:]))},
    "columns backwards": lambda lines: {"a.csv": _reordered(lines)},
    "delivered twice": lambda lines: {"a.csv": _file(lines, lines[1:]), "b.csv": _file(lines, lines[1:])},
}


@pytest.mark.parametrize("cut", CUTS)
def test_rows_do_not_depend_on_the_cut(cut: str, lines: list[str], clean: Clean) -> None:
    plain = clean({"a.csv": _file(lines, lines[1:])}, folder="plain")
    other = clean(CUTS[cut](lines), folder="other")
    assert other.published_rows() == plain.published_rows()
    assert Counter(map(tuple, other.reasons())) == Counter(map(tuple, plain.reasons()))
    assert plain.rows.balance.quarantined >= 4


def test_running_twice_is_running_once(lines: list[str], clean: Clean) -> None:
    files = {"a.csv": _file(lines, lines[1:])}
    first = clean(files)
    rows, quarantine = first.published_rows(), first.quarantined_rows()
    second = clean(files)
    assert second.published_rows() == rows
    assert second.quarantined_rows() == quarantine


def test_published_rows_are_ordered_by_key(lines: list[str], clean: Clean) -> None:
    keys = [row[:2] for row in clean({"a.csv": _file(lines, lines[1:])}).published_rows()]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_balance_that_does_not_add_up_stops_the_job() -> None:
    Balance(landed=10, published=7, quarantined=2, duplicates=1).verify()
    with pytest.raises(RowsOutOfBalance, match=r"10 rows landed, but 7 published \+ 1 quarantined"):
        Balance(landed=10, published=7, quarantined=1, duplicates=1).verify()


def test_rows_lost_between_the_files_are_noticed(spark: SparkSession, contract: Contract, tmp_path: Path) -> None:
    """The balance is counted on what was written, so a defect in a product's own step cannot hide."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_bytes(csv_bytes(SALE, sale(Quantity="7")))

    def loses_a_row(rows: DataFrame) -> DataFrame:
        from glue_jobs.online_retail.transforms import number_lines

        return number_lines(rows).limit(1)

    with pytest.raises(RowsOutOfBalance):
        write_rows(spark, job_arguments(tmp_path), contract, loses_a_row, KEY)


def test_killed_rerun_leaves_no_result_that_looks_complete(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.csv").write_bytes(csv_bytes(SALE))
    arguments: CleaningArguments = job_arguments(tmp_path)
    Path(arguments.result).write_text('{"rows": "of the first run"}')

    def dies(rows: DataFrame) -> DataFrame:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clean_day(spark, arguments, dies, KEY)
    assert not Path(arguments.result).exists()
