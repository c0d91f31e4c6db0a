"""Outcomes as members of the API's results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from local.services.glue.data_quality.dqdl.rules import Analyzer, Composite, Rule
from local.services.glue.data_quality.evaluation.outcomes import Outcome

# Of DataQualityRuleResultDescription.
_LONGEST = 2048


def rule_result(position: int, rule: Rule | Composite, outcome: Outcome) -> dict[str, Any]:
    """:param position: of the rule in its rule set, from 1."""
    text = str(rule)[:_LONGEST]
    found: dict[str, Any] = {
        "Name": f"Rule_{position}",
        "Description": text,
        "Result": outcome.result,
        "EvaluatedMetrics": _finite(outcome.metrics),
        "EvaluatedRule": text,
    }
    if outcome.message:
        found["EvaluationMessage"] = outcome.message[:_LONGEST]
    if rule.labels:
        found["Labels"] = dict(rule.labels)
    return found


def analyzer_result(position: int, analyzer: Analyzer, metrics: Mapping[str, float]) -> dict[str, Any]:
    """:param position: of the analyzer in its rule set, from 1."""
    text = str(analyzer)[:_LONGEST]
    return {"Name": f"Analyzer_{position}", "Description": text, "EvaluatedMetrics": _finite(metrics)}


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """JSON has no NaN and no infinity; the message of the rule tells them."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
