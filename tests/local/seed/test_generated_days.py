"""Generated invoice days look like the real ones, and equal options give equal bytes."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from local.seed.online_retail import HEADER, generate

REPOSITORY = Path(__file__).resolve().parents[3]
REAL_DAYS = REPOSITORY.parent / "shared" / "data" / "online_retail"
DAYS = [f"2011-03-{day:02d}" for day in range(1, 11)]
Rows = list[dict[str, str]]

# Percent of the lines: lowest and highest share that still looks like a day of the shop.
# Ten days are measured together, so that one large guest invoice does not decide.
SHARES = {
    "exact duplicate": (0.7, 4),
    "no customer": (10, 38),
    "cancellation": (0.5, 2),
    "stock movement": (0.15, 1.2),
    "no description": (0.05, 0.8),
    "no price": (0.05, 1.2),
    "not goods": (0.2, 1.2),
    "abroad": (3, 13),
    "blanks around": (15, 26),
    "comma in text": (0.8, 2.5),
}


def _read(path: Path) -> Rows:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _shares(rows: Rows) -> dict[str, float]:
    found = {
        "exact duplicate": len(rows) - len({tuple(row.values()) for row in rows}),
        "no customer": sum(not row["CustomerID"] for row in rows),
        "cancellation": sum(row["InvoiceNo"].startswith("C") for row in rows),
        "stock movement": sum(float(row["UnitPrice"]) == 0 and not row["CustomerID"] for row in rows),
        "no description": sum(not row["Description"] for row in rows),
        "no price": sum(float(row["UnitPrice"]) == 0 for row in rows),
        "not goods": sum(not row["StockCode"][:5].isdigit() for row in rows),
        "abroad": sum(row["Country"] != "United Kingdom" for row in rows),
        "blanks around": sum(row["Description"] != row["Description"].strip() for row in rows),
        "comma in text": sum("," in row["Description"] for row in rows),
    }
    return {name: 100 * count / len(rows) for name, count in found.items()}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    files = generate(tmp_path_factory.mktemp("days"), DAYS, rows_per_day=3_000, seed=1)
    return [row for path in files for row in _read(path)]


@pytest.mark.parametrize("share", SHARES)
def test_generated_dirt_has_its_share(share: str, rows: Rows) -> None:
    low, high = SHARES[share]
    assert low <= _shares(rows)[share] <= high


@pytest.mark.skipif(not REAL_DAYS.is_dir(), reason="needs ../shared/data/online_retail")
@pytest.mark.parametrize("share", SHARES)
def test_real_days_have_the_same_shares(share: str) -> None:
    """The table above is about the shop, not about the generator."""
    low, high = SHARES[share]
    real = [row for path in sorted(REAL_DAYS.glob("*.csv")) for row in _read(path)]
    assert low <= _shares(real)[share] <= high


def test_formats_are_those_of_the_shop(rows: Rows) -> None:
    for row in rows:
        number = row["InvoiceNo"].lstrip("CA")
        assert number.isdigit()
        assert len(number) == 6
        datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
        assert int(row["Quantity"]) != 0
        assert repr(float(row["UnitPrice"])) == row["UnitPrice"]
        assert not row["CustomerID"] or (row["CustomerID"].endswith(".0") and len(row["CustomerID"]) == 7)


def test_negative_quantities_are_returns_or_stock_movements(rows: Rows) -> None:
    for row in rows:
        if row["InvoiceNo"].startswith("C"):
            assert int(row["Quantity"]) < 0
        elif int(row["Quantity"]) < 0:
            assert (float(row["UnitPrice"]), row["CustomerID"]) == (0, "")


def test_returned_goods_were_sold_before(rows: Rows) -> None:
    sold: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        goods = (row["CustomerID"], row["StockCode"], row["UnitPrice"])
        if row["InvoiceNo"].startswith("C") and row["StockCode"] != "D":
            assert sold[goods] >= -int(row["Quantity"])
        else:
            sold[goods] += max(0, int(row["Quantity"]))


def test_invoices_of_a_day_stay_together_and_numbers_are_not_shared(rows: Rows) -> None:
    day_of: dict[str, str] = {}
    for row in rows:
        assert day_of.setdefault(row["InvoiceNo"], row["InvoiceDate"]) == row["InvoiceDate"]


@pytest.mark.parametrize("count", [0, 1, 17, 5_000])
def test_exact_number_of_rows(count: int, tmp_path: Path) -> None:
    path = generate(tmp_path, ["2010-12-01"], rows_per_day=count)[0]
    lines = path.read_text().splitlines()
    assert lines[0] == ",".join(HEADER)
    assert len(lines) == count + 1


def test_same_options_same_bytes_in_another_process(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", ["2010-12-01", "2010-12-02"], rows_per_day=500, seed=3, compress=True)
    command = [
        "generate",
        "online_retail",
        "2010-12-02",
        "--rows",
        "500",
        "--seed",
        "3",
        "--gzip",
        "--out",
        str(tmp_path / "two"),
    ]
    script = (
        "import argparse, sys; from local.seed.command import add_arguments; parser = argparse.ArgumentParser();"
        "add_arguments(parser); options = parser.parse_args(sys.argv[2:]); sys.exit(options.run(options))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    two = Path(done.stdout.strip())
    assert two.read_bytes() == one[1].read_bytes()
    assert one[0].read_bytes() != one[1].read_bytes()
    assert gzip.decompress(two.read_bytes()).startswith(b"InvoiceNo,")


def test_other_seed_other_shop(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", ["2010-12-01"], rows_per_day=200, seed=1)[0]
    two = generate(tmp_path / "two", ["2010-12-01"], rows_per_day=200, seed=2)[0]
    shared = {row["StockCode"] for row in _read(one)} & {row["StockCode"] for row in _read(two)}
    assert len(shared) < 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["online_retail", "yesterday"], "is not a date"),
        (["online_retail", "2010-12-01", "--rows", "-5"], "is not a number of rows"),
        (["2010-12-01"], "invalid choice"),
    ],
)
def test_wrong_options_say_what_is_wrong(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    from local.seed.command import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(options)
    assert words in capsys.readouterr().err
