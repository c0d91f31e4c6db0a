"""Rules on a day that need other tables or history, as one Athena statement, and what its answer means.

Each rule is one branch of a UNION and answers one row: how many values fail, how many were looked at, what was seen.
Names come from compiled contracts, which lint has confined to plain identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lake.anomaly import compare
from lake.run_key import RUN_KEY

METRICS_TABLE = '"governance"."quality_metrics"'
RESULTS_TABLE = '"governance"."quality_results"'
FAILED_BEFORE = "failed_before:"
LOOK_BACK_DAYS = 14
SHOWN_KEYS = 5
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Day:
    """The day under test, as it lies in staging.

    :param table: database and name of the staging table
    :param day: ``YYYY-MM-DD``
    :param run_key: run whose rows are looked at
    """

    table: tuple[str, str]
    day: str
    run_key: str

    def __post_init__(self) -> None:
        if not (_DAY.fullmatch(self.day) and RUN_KEY.fullmatch(self.run_key)):
            raise ValueError(f"{self.day!r} and {self.run_key!r} are not a day and a run key")

    def before(self, days: Iterable[int]) -> str:
        """:return: earlier days as SQL literals"""
        today = date.fromisoformat(self.day)
        return ", ".join(f"'{today - timedelta(days=back)}'" for back in days)


@dataclass(frozen=True)
class Target:
    """The published rows of another product that a rule compares with.

    :param table: database and name
    :param condition: SQL that selects the partitions that count
    """

    table: tuple[str, str]
    condition: str

    @property
    def sql(self) -> str:
        """The rows, as a relation."""
        return f"(SELECT * FROM {_name(self.table)} WHERE {self.condition})"


@dataclass(frozen=True)
class Answer:
    """One row of the statement.

    :param rule_id: rule, or ``failed_before:<rule>``
    :param failing: values that break the rule
    :param total: values looked at
    :param observed: what was seen, in the rule's own words
    """

    rule_id: str
    failing: int
    total: int
    observed: str | None


def statement(product: str, rules: list[dict[str, Any]], day: Day, targets: Mapping[str, Target]) -> str:
    """Return the statement.

    :param product: data product under test
    :param rules: ``lake_rules`` of its compiled contract
    :param day: the day under test
    :param targets: rows to compare with, by the product they belong to
    """
    branches = [_BRANCHES[rule["check"]](product, rule, day, targets) for rule in rules if _can_run(rule, targets)]
    branches.append(_failed_before(product, day))
    rows = "\nUNION ALL\n".join(branches)
    return (
        f"WITH day AS (\nSELECT * FROM {_name(day.table)}\n"
        f"WHERE ingest_date = '{day.day}' AND run_key = '{day.run_key}'\n)\n{rows}"
    )


def outcomes(
    rules: list[dict[str, Any]], answers: Mapping[str, Answer], targets: Mapping[str, Target], age_days: int
) -> list[dict[str, Any]]:
    """Return each rule as a check, in the layout of the job's ``checks``.

    :param rules: ``lake_rules`` of the compiled contract
    :param answers: what the statement answered, by rule
    :param targets: as given to :func:`statement`
    :param age_days: days since the day under test ended; a foreign key within its grace period only warns
    """
    return [_outcome(rule, answers.get(rule["id"]), targets, age_days) for rule in rules]


def failed_before(answers: Iterable[Answer]) -> dict[str, int]:
    """Return on how many of the ``LOOK_BACK_DAYS`` days before each rule failed, if on any.

    :param answers: what the statement answered
    """
    return {
        answer.rule_id.removeprefix(FAILED_BEFORE): answer.failing
        for answer in answers
        if answer.rule_id.startswith(FAILED_BEFORE)
    }


def _outcome(
    rule: dict[str, Any], answer: Answer | None, targets: Mapping[str, Target], age_days: int
) -> dict[str, Any]:
    check = {name: rule[name] for name in ("id", "name", "severity", "dimension")}
    if not _can_run(rule, targets):
        product = rule["arguments"]["product" if rule["check"] == "reconciliation" else "to_product"]
        observed = f"{product} has no published day yet"
        return {**check, "success": None, "observed": observed, "expected": rule["name"], "rows": 0, "failed_rows": 0}
    if answer is None:
        raise ValueError(f"Athena answered nothing about rule {rule['id']}")
    success, observed, expected = _JUDGES[rule["check"]](rule, answer)
    if rule["check"] == "referential_integrity" and age_days <= rule["arguments"]["grace_days"]:
        check["severity"] = min(check["severity"], "warning", key=("info", "warning", "error").index)
    return {
        **check,
        "success": success,
        "observed": observed,
        "expected": expected,
        "rows": answer.total,
        "failed_rows": answer.failing,
    }


def _can_run(rule: dict[str, Any], targets: Mapping[str, Target]) -> bool:
    needed = target_product(rule)
    return needed is None or needed in targets


def target_product(rule: dict[str, Any]) -> str | None:
    """Return the product that a rule compares with, None if it needs none.

    :param rule: one of ``lake_rules``
    """
    name = {"referential_integrity": "to_product", "reconciliation": "product"}.get(rule["check"])
    return str(rule["arguments"][name]) if name else None


# --- one branch per kind of rule --------------------------------------------------------------------------------------


def _references(product: str, rule: dict[str, Any], day: Day, targets: Mapping[str, Target]) -> str:
    arguments = rule["arguments"]
    own = ", ".join(f'"{name}"' for name in arguments["columns"])
    there = ", ".join(f'"{name}"' for name in arguments["to_columns"])
    # A key with a missing part refers to nothing: whether it may be missing is a rule of its own.
    present = " AND ".join(f'"{name}" IS NOT NULL' for name in arguments["columns"])
    pairs = zip(arguments["columns"], arguments["to_columns"], strict=True)
    match = " AND ".join(f't."{to}" = o."{name}"' for name, to in pairs)
    text = " || '/' || ".join(f'CAST(o."{name}" AS varchar)' for name in arguments["columns"])
    orphans = f'ARRAY_AGG({text} ORDER BY {text}) FILTER (WHERE t."_found" IS NULL)'
    # Names of contracts begin with a letter, so these two never meet a column.
    return f"""\
SELECT '{rule["id"]}' AS rule_id, COALESCE(SUM(IF(t."_found" IS NULL, o."_n", 0)), 0) AS failing,
COALESCE(SUM(o."_n"), 0) AS total, ARRAY_JOIN(SLICE({orphans}, 1, {SHOWN_KEYS}), ', ') AS observed
FROM (SELECT {own}, COUNT(*) AS "_n" FROM day WHERE {present} GROUP BY {own}) AS o
LEFT JOIN (SELECT DISTINCT {there}, TRUE AS "_found" FROM {targets[arguments["to_product"]].sql} AS r) AS t
ON {match}"""


def _freshness(product: str, rule: dict[str, Any], day: Day, targets: Mapping[str, Target]) -> str:
    column, hours = f'"{rule["arguments"]["column"]}"', rule["arguments"]["hours"]
    end = date.fromisoformat(day.day) + timedelta(days=1)
    oldest = f"TIMESTAMP '{end} 00:00:00' - INTERVAL '{round(hours * 60)}' MINUTE"
    return (
        f"SELECT '{rule['id']}', CAST(IF(MAX(CAST({column} AS timestamp)) >= {oldest}, 0, 1) AS bigint),\n"
        f"CAST(1 AS bigint), CAST(MAX({column}) AS varchar) FROM day"
    )


def _volume(product: str, rule: dict[str, Any], day: Day, targets: Mapping[str, Target]) -> str:
    weeks = day.before(7 * week for week in range(1, rule["arguments"]["weeks"] + 1))
    ignored = ", ".join(f"'{ignored}'" for ignored in rule["arguments"]["ignoreDays"])
    unless = f" AND ingest_date NOT IN ({ignored})" if ignored else ""
    # A day that was stopped is no example of an ordinary day; of a day that ran twice the last run counts.
    return (
        f"SELECT '{rule['id']}', CAST(0 AS bigint), (SELECT COUNT(*) FROM day),\n"
        "ARRAY_JOIN(ARRAY_AGG(CAST(v AS varchar)), ' ') FROM (\n"
        f"SELECT MAX_BY(value, recorded_at) AS v FROM {METRICS_TABLE}\n"
        f"WHERE product = '{product}' AND metric = 'rows' AND published\n"
        f"AND ingest_date IN ({weeks}){unless} GROUP BY ingest_date) AS h"
    )


def _reconciliation(product: str, rule: dict[str, Any], day: Day, targets: Mapping[str, Target]) -> str:
    arguments = rule["arguments"]
    other = targets[arguments["product"]].sql
    return (
        f"SELECT '{rule['id']}', CAST(0 AS bigint), CAST(1 AS bigint),\n"
        f"COALESCE(CAST((SELECT {arguments['measure']} FROM day) AS varchar), '0') || ' '\n"
        f"|| COALESCE(CAST((SELECT {arguments['productMeasure']} FROM {other} AS r) AS varchar), '0')"
    )


def _failed_before(product: str, day: Day) -> str:
    days = day.before(range(1, LOOK_BACK_DAYS + 1))
    return (
        f"SELECT '{FAILED_BEFORE}' || rule, COUNT(DISTINCT ingest_date), CAST({LOOK_BACK_DAYS} AS bigint),\n"
        f"CAST(NULL AS varchar) FROM {RESULTS_TABLE}\n"
        f"WHERE product = '{product}' AND status IN ('failed', 'error') AND ingest_date IN ({days}) GROUP BY rule"
    )


_BRANCHES = {
    "referential_integrity": _references,
    "freshness": _freshness,
    "volume_anomaly": _volume,
    "reconciliation": _reconciliation,
}


# --- what an answer means ---------------------------------------------------------------------------------------------


def _judge_references(rule: dict[str, Any], answer: Answer) -> tuple[bool, str, str]:
    observed = f"{answer.failing} of {answer.total} rows refer to nothing"
    return answer.failing == 0, f"{observed}: {answer.observed}" if answer.failing else observed, rule["name"]


def _judge_freshness(rule: dict[str, Any], answer: Answer) -> tuple[bool, str, str]:
    return answer.failing == 0, f"the latest is of {answer.observed or 'no time at all'}", rule["name"]


def _judge_volume(rule: dict[str, Any], answer: Answer) -> tuple[bool, str, str]:
    arguments = rule["arguments"]
    history = [float(value) for value in (answer.observed or "").split()]
    verdict = compare(answer.total, history, tolerance=arguments["tolerance"], floor_percent=arguments["floorPercent"])
    if not verdict.known:
        return True, f"{answer.total} rows; {len(history)} earlier days are too few to compare", rule["name"]
    expected = f"{verdict.low:.0f} to {verdict.high:.0f} rows, by {len(history)} earlier days of this weekday"
    return not verdict.unusual, f"{answer.total} rows", expected


def _judge_reconciliation(rule: dict[str, Any], answer: Answer) -> tuple[bool, str, str]:
    own, other = (float(value) for value in str(answer.observed).split())
    allowed = abs(other) * rule["arguments"]["tolerancePercent"] / 100
    expected = f"{other:g} ({rule['arguments']['productMeasure']} of {rule['arguments']['product']})"
    return abs(own - other) <= allowed, f"{own:g} ({rule['arguments']['measure']})", expected


_JUDGES = {
    "referential_integrity": _judge_references,
    "freshness": _judge_freshness,
    "volume_anomaly": _judge_volume,
    "reconciliation": _judge_reconciliation,
}


def _name(table: tuple[str, str]) -> str:
    return ".".join(f'"{part}"' for part in table)
