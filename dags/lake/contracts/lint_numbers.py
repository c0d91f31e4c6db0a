"""Numbers of a contract that decide what is deleted, stopped or warned about: each within the range that makes sense.

YAML's ``true`` is an ``int`` to Python, so truth values are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.contracts.odcs import Document, Problem, custom_property, server

# ODCS, section Data Quality: comparisons of library metrics.
_BOUNDS = ("mustBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo")
_BETWEEN = "mustBeBetween"
# A record is read into memory as a whole; beyond this the job's reader and Spark's rows have no room for it.
MOST_RECORD_BYTES = 2**30
_MOST_DAYS = 36_500


def is_whole(value: object, least: int, most: int | None = None) -> bool:
    """Tell whether a value is a whole number within bounds, and no truth value.

    :param value: as YAML gives it
    :param least: smallest allowed
    :param most: greatest allowed, None for any
    """
    return type(value) is int and value >= least and (most is None or value <= most)


def is_number(value: object, least: float | None = None, most: float | None = None) -> bool:
    """Tell whether a value is a finite number within bounds, and no truth value.

    :param value: as YAML gives it
    :param least: smallest allowed, None for any
    :param most: greatest allowed, None for any
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or value - value != 0:
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def quarantine_problems(policy: Document) -> Iterator[Problem]:
    """Find numbers of the quarantine that cannot be meant.

    :param policy: value of the custom property ``quarantine``
    """
    low, high = policy.get("warnPercent"), policy.get("maxPercent")
    if not (is_number(low, 0, 100) and is_number(high, 0, 100) and low <= high):  # type: ignore[operator]
        what = f"quarantine has warnPercent {low!r} and maxPercent {high!r}"
        yield Problem("customProperties", what, "Write two numbers with 0 <= warnPercent <= maxPercent <= 100.")
    days = policy.get("retentionDays")
    if days is None:
        yield Problem(
            "customProperties", "quarantine has no retentionDays", "Say after how many days rows are deleted."
        )
    elif not is_whole(days, 1, _MOST_DAYS):
        fix = f"Write a whole number of days from 1 to {_MOST_DAYS}: older quarantined rows are deleted for good."
        yield Problem("customProperties", f"quarantine has retentionDays {days!r}", fix)


def number_problems(document: Document) -> Iterator[Problem]:
    """Find the other numbers that cannot be meant: of the CSV files, of rules, and of columns.

    :param document: the contract, with one table
    """
    csv = custom_property(server(document, "landing"), "csv", {})
    size = csv.get("maxRecordBytes", 1) if isinstance(csv, dict) else 1
    if not is_whole(size, 1, MOST_RECORD_BYTES):
        fix = f"Write a whole number of bytes from 1 to {MOST_RECORD_BYTES}: a longer record is quarantined."
        yield Problem("servers", f"csv has maxRecordBytes {size!r}", fix)
    table = document["schema"][0]
    for position, rule in enumerate(table.get("quality", [])):
        path = f"schema[0].quality[{position}]"
        if rule.get("type") == "library":
            yield from _library_problems(path, rule)
        elif isinstance(rule.get("implementation"), dict) and "check" in rule["implementation"]:
            yield from _check_problems(f"{path}.implementation", rule["implementation"])
    for position, column in enumerate(table.get("properties", [])):
        yield from _bound_problems(f"schema[0].properties[{position}].logicalTypeOptions", column)


def _library_problems(path: str, rule: Document) -> Iterator[Problem]:
    percent = rule.get("unit") == "percent"
    for name in _BOUNDS:
        if name in rule and not _is_bound(rule[name], percent):
            yield Problem(f"{path}.{name}", f"is {rule[name]!r}", _bound_fix(percent))
    pair = rule.get(_BETWEEN)
    if pair is not None and not (
        isinstance(pair, list)
        and len(pair) == 2
        and all(_is_bound(bound, percent) for bound in pair)
        and pair[0] <= pair[1]
    ):
        yield Problem(f"{path}.{_BETWEEN}", f"is {pair!r}", f"Write [low, high]. {_bound_fix(percent)}")


def _is_bound(value: object, percent: bool) -> bool:
    return is_number(value, 0, 100) if percent else is_whole(value, 0)


def _bound_fix(percent: bool) -> str:
    return "Write a share from 0 to 100." if percent else "Rows are counted: write a whole number, 0 or more."


def _check_problems(path: str, arguments: Document) -> Iterator[Problem]:
    wanted: dict[str, tuple[bool, str]] = {
        "weeks": (is_whole(arguments.get("weeks"), 1, 520), "a whole number of weeks from 1 to 520"),
        "tolerance": (_positive(arguments.get("tolerance")), "a number above 0"),
        "floorPercent": (is_number(arguments.get("floorPercent"), 0, 100), "a share from 0 to 100"),
        "tolerancePercent": (is_number(arguments.get("tolerancePercent"), 0, 100), "a share from 0 to 100"),
    }
    for name, (is_meant, words) in wanted.items():
        if name in arguments and not is_meant:
            yield Problem(f"{path}.{name}", f"is {arguments[name]!r}", f"Write {words}.")


def _positive(value: object) -> bool:
    return is_number(value, 0) and value != 0


def _bound_problems(path: str, column: Document) -> Iterator[Problem]:
    options: dict[str, Any] = column.get("logicalTypeOptions", {})
    numeric = column.get("logicalType") in ("integer", "number")
    for name in ("minimum", "maximum"):
        if numeric and name in options and not is_number(options[name]):
            yield Problem(f"{path}.{name}", f"is {options[name]!r}", "Write a number.")
    low, high = options.get("minimum"), options.get("maximum")
    if is_number(low) and is_number(high) and low > high:  # type: ignore[operator]
        yield Problem(path, f"minimum {low} is above maximum {high}", "No value could keep both: exchange them.")
