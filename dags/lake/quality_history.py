"""What a run leaves in the quality history: results by rule, metrics by column, scores by dimension. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lake.score import OVERALL, RuleOutcome, scores

Row = dict[str, Any]


def results(result: Mapping[str, Any], checks: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return one row per rule.

    :param result: the job's result JSON
    :param checks: every check of the day, each with the ``engine`` that evaluated it
    """
    noted = {check["id"] for check in checks}
    rows = [
        _result(rule, "spark", rule["status"], rule["rows"], f"{rule['rows']} rows break it")
        for rule in result["row_rules"]
        if rule["id"] not in noted
    ]
    for check in checks:
        rows.append(_result(check, check["engine"], status_of(check), check.get("failed_rows"), check["observed"],
                            check["expected"]))  # fmt: skip
    return rows


def metrics(result: Mapping[str, Any]) -> list[Row]:
    """Return one row per measured number.

    :param result: the job's result JSON
    """
    return [
        {"column_name": entry["column"], "metric": entry["metric"], "value": entry["value"], "text": entry["text"]}
        for entry in result["metrics"]
    ]


def score_rows(
    result: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], contract: Mapping[str, Any]
) -> list[Row]:
    """Return one row per dimension, and the overall score. A dimension without rules has no score.

    :param result: the job's result JSON
    :param checks: every check of the day
    :param contract: the compiled contract
    """
    outcomes = _outcomes(result, checks, contract)
    counted = {name: sum(outcome.dimension == name for outcome in outcomes) for name in scores([])}
    counted[OVERALL] = len(outcomes)
    return [{"dimension": name, "score": score, "rules": counted[name]} for name, score in scores(outcomes).items()]


def lines(rows: Iterable[Row], run: Mapping[str, Any], recorded_at: datetime) -> bytes:
    """Return rows as JSON lines, each with what all rows of a run have in common.

    :param rows: result of one of the functions above
    :param run: product, run_key, contract_version, published
    :param recorded_at: now, UTC
    """
    # Athena's JSON SerDe reads timestamps without a zone.
    shared = {**run, "recorded_at": recorded_at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]}
    return "".join(json.dumps({**row, **shared}, ensure_ascii=False) + "\n" for row in rows).encode()


def status_of(check: Mapping[str, Any]) -> str:
    """Return passed, failed, or error for a check that could not be evaluated.

    :param check: one check of the day
    """
    if check["success"] is None:
        return "error"
    return "passed" if check["success"] else "failed"


def _result(
    rule: Mapping[str, Any],
    engine: str,
    status: str,
    failed_rows: int | None,
    observed: object,
    expected: object = None,
) -> Row:
    return {
        "rule": rule["id"],
        "name": rule["name"],
        "severity": rule["severity"],
        "dimension": rule["dimension"],
        "engine": engine,
        # A row rule that sent rows to quarantine failed for them and held for what is published.
        "status": {"held": "passed", "noted": "failed", "quarantined": "failed"}.get(status, status),
        "failed_rows": failed_rows,
        "observed": str(observed),
        "expected": str(expected if expected is not None else rule["name"]),
    }


def _outcomes(
    result: Mapping[str, Any], checks: Sequence[Mapping[str, Any]], contract: Mapping[str, Any]
) -> list[RuleOutcome]:
    critical = {column["name"] for column in contract["columns"] if column["critical"]}
    about = {rule["id"]: rule["column"] in critical for rule in contract["row_rules"]}
    rows = result["row_rules"]
    outcomes = [
        RuleOutcome(rule["severity"], rule["dimension"], 1 - rule["percent"] / 100, about.get(rule["id"], False))
        for rule in rows
    ]
    by_rows = {rule["id"] for rule in rows}
    worst: dict[str, RuleOutcome] = {}
    for check in checks:
        if check["id"] in by_rows or check["success"] is None:
            continue
        ratio = 1.0 if check["success"] else 0.0
        if not check["success"] and check.get("rows"):
            ratio = 1 - check["failed_rows"] / check["rows"]
        outcome = RuleOutcome(check["severity"], check["dimension"], ratio, broken=not check["success"])
        # A rule that two engines evaluated is one rule: the worse of the two counts.
        known = worst.setdefault(check["id"], outcome)
        if outcome.ratio < known.ratio:
            worst[check["id"]] = outcome
    return [*outcomes, *worst.values()]
