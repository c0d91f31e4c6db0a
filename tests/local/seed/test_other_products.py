"""Deliveries of flights are the source's rows, those of tickit hold what their contract must find."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from local.errors import LocalAwsError
from local.seed import flights, tickit
from local.seed.products import GENERATORS

Rows = list[dict[str, str]]


def _read(folder: Path, table: str, day: str, delimiter: str = ",") -> Rows:
    with (folder / table / f"{day}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_every_flight_of_a_day_and_its_tables(tmp_path: Path) -> None:
    files = flights.generate(tmp_path, ["2013-02-08", "2013-02-09"])
    assert len(files) == 10
    day = _read(tmp_path, "flights", "2013-02-09")
    # Counted in the source: the day of the blizzard, on which more than half of the flights were cancelled.
    assert len(day) == 684
    assert sum(row["dep_time"] == "NA" for row in day) == 393
    assert {(row["month"], row["day"]) for row in day} == {("2", "9")}
    assert len(_read(tmp_path, "flights_weather", "2013-02-09")) == 72
    sizes = {table: len(_read(tmp_path, f"flights_{table}", "2013-02-08")) for table in flights.SNAPSHOTS}
    assert sizes == {"airlines": 16, "airports": 1458, "planes": 3322}


def test_fewer_flights_are_taken_over_the_whole_day(tmp_path: Path) -> None:
    flights.generate(tmp_path / "all", ["2013-01-01"])
    flights.generate(tmp_path / "few", ["2013-01-01"], rows=50)
    every, few = _read(tmp_path / "all", "flights", "2013-01-01"), _read(tmp_path / "few", "flights", "2013-01-01")
    assert len(few) == 50
    assert [row for row in every if row in few] == few
    assert int(few[-1]["hour"]) - int(few[0]["hour"]) > 12


def test_flights_of_another_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match="2013, not 2014-01-01"):
        flights.generate(tmp_path, ["2013-01-01", "2014-01-01"])
    assert list(tmp_path.iterdir()) == []


def test_tickit_holds_the_dirt_the_contract_finds(tmp_path: Path) -> None:
    day = "2008-03-02"
    tickit.generate(tmp_path, [day], rows=4_000)
    lines = _read(tmp_path, "tickit_sales", day, "\t")
    events = {row["eventid"]: row for row in _read(tmp_path, "tickit_event", day, "|")}
    categories = {row["catid"] for row in _read(tmp_path, "tickit_category", day, "|")}
    assert len(lines) == 4_000
    assert {row["catid"] for row in events.values()} <= categories
    shares = {
        "repeated": len(lines) - len({tuple(row.values()) for row in lines}),
        "nothing sold": sum(row["qtysold"] == "0" for row in lines),
        "commission": sum(Decimal(row["commission"]) * 100 != 15 * Decimal(row["pricepaid"]) for row in lines),
        "withdrawn": sum(row["eventid"] not in events for row in lines),
    }
    assert all(4 <= count <= 60 for count in shares.values()), shares
    assert {row["saletime"][:10] for row in lines} == {"03/02/2008"}
    assert {row["dateid"] for row in lines} == {str(1827 + 31 + 29 + 1)}


def test_a_new_year_sells_events_of_its_list(tmp_path: Path) -> None:
    day = "2009-12-31"
    tickit.generate(tmp_path, [day], rows=300)
    events = {row["eventid"] for row in _read(tmp_path, "tickit_event", day, "|")}
    sold = {row["eventid"] for row in _read(tmp_path, "tickit_sales", day, "\t") if int(row["eventid"]) > 0}
    assert sold <= events


@pytest.mark.parametrize("product", sorted(GENERATORS))
def test_the_same_seed_gives_the_same_bytes_also_beside_other_days(product: str, tmp_path: Path) -> None:
    one = GENERATORS[product](tmp_path / "one", ["2013-03-01"], 40, 3, True)
    two = GENERATORS[product](tmp_path / "two", ["2013-02-28", "2013-03-01"], 40, 3, True)[len(one) :]
    assert [path.parent.name for path in one] == [path.parent.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.parametrize(
    ("day", "rows", "words"), [("2007-12-31", 10, "begins on 2008-01-01"), ("2008-01-01", 100_000, "would overlap")]
)
def test_tickit_refuses_what_its_numbers_do_not_allow(day: str, rows: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match=words):
        tickit.generate(tmp_path, [day], rows=rows)
