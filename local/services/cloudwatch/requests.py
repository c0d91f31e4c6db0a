"""Which alarms are taken: those on one metric with a fixed threshold that tell an SNS topic. Others are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.services.cloudwatch.evaluation import COMPARISONS, MISSING_DATA, STATISTICS

# Parameters that make an alarm of a kind that nothing here evaluates.
_NOT_SERVED = {
    "Metrics": "metric math and metrics of other accounts",
    "ThresholdMetricId": "anomaly detection",
    "ExtendedStatistic": "percentiles and trimmed means",
    "EvaluateLowSampleCountPercentile": "percentiles",
    "AlarmRule": "composite alarms",
}
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_ACTION_LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_DAY, _HOUR = 86_400, 3_600
_SHORT_PERIODS = (10, 20, 30)
_MOST_ACTIONS, _MOST_DIMENSIONS = 5, 30


def refuse_unserved(request: Mapping[str, Any]) -> None:
    """:raises AwsError: for an alarm that AWS would take and nothing here would evaluate."""
    for name, kind in _NOT_SERVED.items():
        if request.get(name):
            raise AwsError(
                "ValidationError",
                f"{name}: Sluice's local AWS does not evaluate {kind}; it evaluates alarms on one metric with a fixed "
                "threshold (docs/local-aws/cloudwatch.md).",
            )


def check_alarm(request: Mapping[str, Any]) -> None:
    """:raises AwsError: for what PutMetricAlarm refuses (API reference)."""
    for name in ("AlarmName", "MetricName", "Namespace", "Statistic"):
        if not request.get(name):
            raise AwsError("ValidationError", f"The parameter {name} is required.")
    if request.get("Threshold") is None:
        raise AwsError("ValidationError", "The parameter Threshold is required.")
    _member("Statistic", request["Statistic"], STATISTICS)
    _member("ComparisonOperator", request.get("ComparisonOperator"), COMPARISONS)
    _member("TreatMissingData", request.get("TreatMissingData") or "missing", MISSING_DATA)
    _check_periods(request)
    if len(request.get("Dimensions") or ()) > _MOST_DIMENSIONS:
        raise AwsError("ValidationError", f"An alarm has at most {_MOST_DIMENSIONS} dimensions.")
    for name in _ACTION_LISTS:
        _check_actions(name, request.get(name) or [])


def _check_periods(request: Mapping[str, Any]) -> None:
    period, periods = int(request.get("Period") or 0), int(request.get("EvaluationPeriods") or 0)
    if period not in _SHORT_PERIODS and (period <= 0 or period % 60):
        raise AwsError("ValidationError", f"Period {period} must be 10, 20, 30 or a multiple of 60 seconds.")
    if periods < 1:
        raise AwsError("ValidationError", "EvaluationPeriods must be at least 1.")
    longest = 7 * _DAY if period >= _HOUR else _DAY
    if period * periods > longest:
        raise AwsError(
            "ValidationError",
            f"Metrics cannot be checked across more than {longest // _DAY} day(s) "
            f"(EvaluationPeriods * Period must be <= {longest}).",
        )
    to_alarm = request.get("DatapointsToAlarm")
    if to_alarm is not None and not 1 <= int(to_alarm) <= periods:
        raise AwsError("ValidationError", "DatapointsToAlarm must be between 1 and EvaluationPeriods.")


def _check_actions(name: str, actions: list[str]) -> None:
    if len(actions) > _MOST_ACTIONS:
        raise AwsError("ValidationError", f"{name}: an alarm has at most {_MOST_ACTIONS} actions per state.")
    for action in actions:
        if not _TOPIC.fullmatch(action):
            raise AwsError(
                "ValidationError",
                f"Invalid arn syntax: {action}. Of the actions of alarms, Sluice's local AWS performs SNS topics.",
            )


def _member(name: str, value: Any, allowed: Any) -> None:
    if value not in allowed:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]",
        )
