"""What a load of the warehouse consists of: which days, which files, and whether the sums agree afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# Parameter of a curated partition that names its version (lake.operators.partitions writes it).
VERSION = "version"
# A day no shop was open: keeps `invoice_day IN (...)` valid SQL when there is no day at all.
NO_DAY = "'1900-01-01'"


@dataclass(frozen=True)
class PublishedDay:
    """A day as readers of the lake see it.

    :param day: ``YYYY-MM-DD``
    :param version: run key of the published version
    :param location: S3 folder of the version, ending with a slash
    """

    day: str
    version: str
    location: str


def pending_days(published: Iterable[PublishedDay], loaded: Mapping[str, str]) -> list[PublishedDay]:
    """:param loaded: version by day, as the warehouse's load ledger has it
    :return: the days whose published version the warehouse does not hold, by day
    """
    return sorted((day for day in published if loaded.get(day.day) != day.version), key=lambda day: day.day)


def load_name(days: Iterable[PublishedDay]) -> str:
    """:return: a name for the load of exactly these versions: a repeated load has the same name"""
    text = "|".join(f"{day.day}={day.version}" for day in days)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def manifest(files: Iterable[tuple[str, int]]) -> str:
    """:param files: S3 address and bytes of each Parquet file
    :return: a COPY manifest. Every file is mandatory, and COPY from Parquet requires content_length (Redshift
        developer guide, "Using a manifest to specify data files")
    """
    entries = [{"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sorted(files)]
    return json.dumps({"entries": entries}, indent=1)


def days_file(days: Iterable[PublishedDay]) -> str:
    """:return: CSV lines day,version, which go into the load ledger with the rows"""
    return "".join(f"{day.day},{day.version}\n" for day in days)


def quoted_days(days: Iterable[str]) -> str:
    """:return: days as a SQL list"""
    return ", ".join(f"'{day}'" for day in sorted(days)) or NO_DAY


@dataclass(frozen=True)
class DayTotals:
    """What one day adds up to.

    :param rows: invoice lines
    :param pieces: sum of quantity
    :param revenue: sum of line_amount in pounds
    """

    rows: int
    pieces: int
    revenue: Decimal


def totals_by_day(records: Iterable[list[Any]]) -> dict[str, DayTotals]:
    """:param records: day, rows, pieces, revenue; as text or as numbers"""
    return {
        str(day): DayTotals(int(rows), int(pieces), Decimal(str(revenue)).normalize())
        for day, rows, pieces, revenue in records
    }


def disagreements(lake: Mapping[str, DayTotals], warehouse: Mapping[str, DayTotals]) -> list[str]:
    """:return: one line for each day whose totals differ"""
    lines = []
    for day in sorted({*lake, *warehouse}):
        ours, theirs = lake.get(day), warehouse.get(day)
        if ours != theirs:
            lines.append(f"{day}: lake {_told(ours)}; warehouse {_told(theirs)}")
    return lines


def _told(totals: DayTotals | None) -> str:
    if totals is None:
        return "has no rows"
    return f"{totals.rows} rows, {totals.pieces} pieces, revenue {totals.revenue:f}"
