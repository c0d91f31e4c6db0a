"""Partition projection: partitions computed from table properties (Athena user guide, "Partition projection")."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence

from local.services.athena.catalog import Partition, Table
from local.services.athena.errors import QueryFailed
from local.services.athena.functions.nodes import Node
from local.services.athena.names import as_folder
from local.services.athena.scan.conditions import equal_values

_NOW = re.compile(r"^NOW(?:\s*(?P<sign>[+-])\s*(?P<count>\d+)\s*(?P<unit>[A-Z]+))?$", re.I)
_JAVA_DATE = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"))
_MAX_PARTITIONS = 1_000_000


def is_projected(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "").lower() == "true"


def projected_partitions(table: Table, conditions: Sequence[Node]) -> list[Partition]:
    """All combinations of the keys' values that the conditions leave.

    :raises QueryFailed: a property is missing or wrong, or an injected key is not given by the query.
    """
    domains = [_domain(table, key.name, conditions) for key in table.partition_keys]
    total = 1
    for domain in domains:
        total *= max(len(domain), 1)
    if total > _MAX_PARTITIONS:
        raise QueryFailed(
            "GENERIC_USER_ERROR",
            f"Partition projection of {table.database}.{table.name} yields {total} partitions; restrict them in WHERE",
        )
    names = [key.name for key in table.partition_keys]
    return [Partition(values, _location(table, names, values)) for values in itertools.product(*domains)]


def _domain(table: Table, key: str, conditions: Sequence[Node]) -> list[str]:
    kind = _required(table, key, "type").lower()
    given = equal_values(conditions, key)
    if kind == "injected":
        if given is None:
            raise QueryFailed(
                "CONSTRAINT_VIOLATION",
                f"For the injected projected partition column {key}, the WHERE clause must contain "
                f"only static equality "
                "conditions, and at least one such condition must be present.",
            )
        return given
    if kind == "enum":
        return [value.strip() for value in _required(table, key, "values").split(",")]
    if kind == "integer":
        return _integers(table, key)
    if kind == "date":
        return _dates(table, key, given)
    raise _wrong(table, key, "type", kind)


def _integers(table: Table, key: str) -> list[str]:
    try:
        first, last = (int(bound) for bound in _required(table, key, "range").split(","))
    except ValueError as error:
        raise _wrong(table, key, "range", _required(table, key, "range")) from error
    digits = int(_optional(table, key, "digits", "0"))
    step = int(_optional(table, key, "interval", "1"))
    return [str(number).zfill(digits) for number in range(first, last + 1, step)]


def _dates(table: Table, key: str, given: list[str] | None) -> list[str]:
    pattern = _required(table, key, "format")
    for java, python in _JAVA_DATE:
        pattern = pattern.replace(java, python)
    bounds = _required(table, key, "range").split(",")
    try:
        current, last = (_moment(bound.strip(), pattern) for bound in bounds)
        if given is not None:
            # Saves the walk through the whole range; values of another format are no partition.
            return [value for value in given if current <= dt.datetime.strptime(value, pattern) <= last]  # noqa: DTZ007
    except ValueError as error:
        if given is not None:
            return []
        raise _wrong(table, key, "range", ",".join(bounds)) from error
    finest = next(
        (
            unit
            for code, unit in (("%S", "SECONDS"), ("%M", "MINUTES"), ("%H", "HOURS"), ("%d", "DAYS"))
            if code in pattern
        ),
        "MONTHS",
    )
    unit = _optional(table, key, "interval.unit", finest).upper()
    step = int(_optional(table, key, "interval", "1"))
    values = []
    while current <= last:
        values.append(current.strftime(pattern))
        current = _later(current, unit, step)
    return values


def _moment(bound: str, pattern: str) -> dt.datetime:
    found = _NOW.match(bound)
    if found is None:
        return dt.datetime.strptime(bound, pattern)  # noqa: DTZ007 (projected dates are in UTC)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    if not found["count"]:
        return now
    return _later(now, found["unit"].upper(), int(found["count"]) * (-1 if found["sign"] == "-" else 1))


def _later(moment: dt.datetime, unit: str, count: int) -> dt.datetime:
    name = unit if unit.endswith("S") else unit + "S"
    if name in ("YEARS", "MONTHS"):
        months = moment.year * 12 + moment.month - 1 + count * (12 if name == "YEARS" else 1)
        return moment.replace(year=months // 12, month=months % 12 + 1, day=min(moment.day, 28))
    sizes = {"WEEKS": 604800, "DAYS": 86400, "HOURS": 3600, "MINUTES": 60, "SECONDS": 1}
    if name not in sizes:
        raise ValueError(unit)
    return moment + dt.timedelta(seconds=sizes[name] * count)


def _location(table: Table, names: Sequence[str], values: Sequence[str]) -> str:
    template = table.parameters.get("storage.location.template")
    if template:
        for name, value in zip(names, values, strict=True):
            template = template.replace("${" + name + "}", value)
        return as_folder(template)
    folders = "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    return as_folder(as_folder(table.location) + folders)


def _required(table: Table, key: str, setting: str) -> str:
    value = table.parameters.get(f"projection.{key}.{setting}")
    if value is None:
        raise QueryFailed(
            "INVALID_TABLE_PROPERTY",
            f"Table {table.database}.{table.name} is missing projection.{key}.{setting} in its properties",
        )
    return value


def _optional(table: Table, key: str, setting: str, default: str) -> str:
    return table.parameters.get(f"projection.{key}.{setting}", default)


def _wrong(table: Table, key: str, setting: str, value: str) -> QueryFailed:
    return QueryFailed(
        "INVALID_TABLE_PROPERTY",
        f"Invalid value for projection.{key}.{setting} of table {table.database}.{table.name}: {value}",
    )
