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
# The first run whose rows the version holds, when it is a replay. A run leaves replays of its own rows alone.
ROOT_VERSION = "root_version"
# A day no shop was open: keeps `invoice_day IN (...)` valid SQL when there is no day at all.
NO_DAY = "'1900-01-01'"
# Types of Glue tables that Redshift calls otherwise ("Data types" in its developer guide).
REDSHIFT_TYPES = {"int": "integer", "float": "real", "double": "double precision", "string": "varchar(65535)"}
EXACT_NUMBER = re.compile(r"smallint|int|bigint|decimal")


@dataclass(frozen=True)
class PublishedDay:
    """A day as readers of the lake see it.

    :param day: ``YYYY-MM-DD``
    :param version: run key of the published version
    :param location: S3 folder of the version, ending with a slash
    :param columns: name and type of the columns in its files, in their order
    """

    day: str
    version: str
    location: str
    columns: tuple[tuple[str, str], ...] = ()


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
        ``partition_column`` and ``measures`` (the sums of every whole or decimal number, exact in both engines)
    """
    partition = compiled["partition_column"]
    columns = [column for column in compiled["columns"] if column["name"] != partition]
    numbers = [column["name"] for column in columns if EXACT_NUMBER.match(column["athena_type"])]
    sums = [f"SUM(CAST({name} AS DECIMAL(38, 4))) AS {name}" for name in numbers]
    return {
        "schema": schema,
        "table": compiled["product"],
        "partition_column": partition,
        "measures": ", ".join(["COUNT(*) AS row_count", *sums]),
    }


def stage_values(compiled: Mapping[str, Any], files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fit the stage of a load to the files: COPY from Parquet goes by position and converts no type.

    A version that was published before a column was added or widened has fewer columns or narrower ones; the insert
    widens them, and what is missing is NULL.

    :param compiled: the compiled contract
    :param files: name and type of the columns in the files, in their order
    :return: ``stage_columns`` (with types, in the order of the files) and ``columns`` (those the contract still has)
    """
    contracted = {column["name"]: column for column in compiled["columns"]}
    staged, kept = [], []
    for name, kind in files:
        column = contracted.get(name)
        as_contracted = column is not None and column["athena_type"] == kind
        staged.append(
            f"{name} {column['redshift_type'] if column and as_contracted else REDSHIFT_TYPES.get(kind, kind)}"
        )
        if column is not None:
            kept.append(name)
    return {"stage_columns": ", ".join(staged), "columns": ", ".join(kept)}
