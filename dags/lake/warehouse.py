"""What a load of the warehouse consists of: which days, which files, and whether the sums agree afterwards."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# Parameter of a curated partition that names its version (lake.operators.partitions writes it).
VERSION = "version"
# A day no shop was open: keeps `invoice_day IN (...)` valid SQL when there is no day at all.
NO_DAY = "'1900-01-01'"
EXACT_NUMBER = re.compile(r"smallint|int|bigint|decimal")


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
class Totals:
    """What one day, or one group of rows, adds up to.

    :param names: what is measured, for messages
    :param values: one number per name
    """

    names: tuple[str, ...]
    values: tuple[Decimal, ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:f}" for name, value in zip(self.names, self.values, strict=True))


def totals_by_key(names: Iterable[str], records: Iterable[list[Any]]) -> dict[str, Totals]:
    """:param names: column names of the records, the key's first
    :param records: key and measures; as text or as numbers, no value counts as zero
    """
    measured = tuple(names)[1:]
    return {
        str(key): Totals(measured, tuple(Decimal(str(value or 0)).normalize() for value in values))
        for key, *values in records
    }


def disagreements(lake: Mapping[str, Totals], warehouse: Mapping[str, Totals]) -> list[str]:
    """:return: one line for each key whose totals differ"""
    lines = []
    for key in sorted({*lake, *warehouse}):
        ours, theirs = lake.get(key), warehouse.get(key)
        if ours is None or theirs is None or ours.values != theirs.values:
            lines.append(f"{key}: lake {ours or 'has no rows'}; warehouse {theirs or 'has no rows'}")
    return lines


def table_values(compiled: Mapping[str, Any], schema: str) -> dict[str, str]:
    """:param compiled: the compiled contract
    :param schema: schema of the warehouse
    :return: what the statements below ``sql/redshift/load/`` are written with: ``schema``, ``table``,
        ``partition_column``, ``columns`` (those of the Parquet files, in their order), ``stage_columns`` (with types)
        and ``measures`` (the sums of every whole or decimal number, exact in both engines)
    """
    partition = compiled["partition_column"]
    columns = [column for column in compiled["columns"] if column["name"] != partition]
    numbers = [column["name"] for column in columns if EXACT_NUMBER.match(column["athena_type"])]
    sums = [f"SUM(CAST({name} AS DECIMAL(38, 4))) AS {name}" for name in numbers]
    return {
        "schema": schema,
        "table": compiled["product"],
        "partition_column": partition,
        "columns": ", ".join(column["name"] for column in columns),
        "stage_columns": ", ".join(f"{column['name']} {column['redshift_type']}" for column in columns),
        "measures": ", ".join(["COUNT(*) AS row_count", *sums]),
    }
