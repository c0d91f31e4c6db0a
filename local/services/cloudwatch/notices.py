"""What an alarm tells its topics, and whether a topic lets CloudWatch in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

from local.services.cloudwatch.models import Change

_SERVICE = "cloudwatch.amazonaws.com"
_REGION_NAMES = {"us-east-1": "US East (N. Virginia)"}
_SUBJECT_LIMIT = 100


def subject(change: Change) -> str:
    """The subject line, as AWS writes it."""
    alarm = change.alarm
    return f'{alarm.state_value}: "{alarm.name}" in {_region(alarm.region_name)}'[:_SUBJECT_LIMIT]


def message(change: Change, account_id: str) -> str:
    """The JSON that AWS sends to a topic.

    :param account_id: of the alarm.
    """
    alarm = change.alarm
    return json.dumps(
        {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": account_id,
            "AlarmConfigurationUpdatedTimestamp": _time(alarm.configuration_updated_timestamp),
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "StateChangeTime": _time(alarm.state_updated_timestamp),
            "Region": _region(alarm.region_name),
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": change.before,
            "OKActions": alarm.ok_actions,
            "AlarmActions": alarm.alarm_actions,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            "Trigger": {
                "MetricName": alarm.metric_name,
                "Namespace": alarm.namespace,
                "StatisticType": "Statistic",
                "Statistic": alarm.statistic.upper(),
                "Unit": alarm.unit,
                "Dimensions": [{"value": item.value, "name": item.name} for item in alarm.dimensions],
                "Period": int(alarm.period),
                "EvaluationPeriods": int(alarm.evaluation_periods),
                "DatapointsToAlarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
                "ComparisonOperator": alarm.comparison_operator,
                "Threshold": float(alarm.threshold),
                "TreatMissingData": alarm.treat_missing_data or "missing",
                "EvaluateLowSampleCountPercentile": "",
            },
        }
    )


def lets_cloudwatch_publish(policy: Mapping[str, Any], topic_arn: str, alarm_arn: str, account_id: str) -> bool:
    """Whether a topic's policy lets alarms of the account in (CloudWatch User Guide, "Notify Amazon SNS").

    A policy that names only the account's own principals does not: CloudWatch is none of them.

    :param policy: the topic's attribute ``Policy``.
    :param alarm_arn: for conditions on ``aws:SourceArn``.
    """
    known = {"aws:sourceaccount": account_id, "aws:sourceowner": account_id, "aws:sourcearn": alarm_arn}
    statements = [item for item in _listed(policy.get("Statement")) if _applies(item, topic_arn, known)]
    effects = {item["Effect"] for item in statements}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], topic_arn: str, known: Mapping[str, str]) -> bool:
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else [*_listed(principal.get("AWS")), *_listed(principal.get("Service"))]
    actions = {str(action).lower() for action in _listed(statement.get("Action"))}
    return (
        bool({"*", _SERVICE} & set(named))
        and bool(actions & {"sns:publish", "sns:*", "*"})
        and bool({topic_arn, "*"} & set(_listed(statement.get("Resource"))))
        and all(_holds(test, keys, known) for test, keys in statement.get("Condition", {}).items())
    )


def _holds(test: str, keys: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """CloudWatch calls over TLS, from its own account; a condition on anything else does not hold."""
    from fnmatch import fnmatchcase

    for key, wanted in keys.items():
        if test == "Bool" and key.lower() == "aws:securetransport":
            if "true" not in _listed(wanted):
                return False
        elif test in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
            if not any(fnmatchcase(known.get(key.lower(), ""), str(pattern)) for pattern in _listed(wanted)):
                return False
        else:
            return False
    return True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]


def _region(name: str) -> str:
    return _REGION_NAMES.get(name, name)


def _time(moment: Any) -> str:
    return str(moment.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000")
