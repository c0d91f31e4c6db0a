"""The state of CloudWatch: moto's metrics, and alarms with the state that their data gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, Dimension, MetricDatumBase, Statistics

from local.services.cloudwatch.evaluation import INSUFFICIENT_DATA, Rule, Verdict, evaluate

# CloudWatch keeps data points of a minute for 15 days (API reference, PutMetricData).
_KEPT = timedelta(days=15)


@dataclass(frozen=True)
class Change:
    """An alarm that has got another state.

    :param alarm: as it was then: by the time its topics are told it may have the next state.
    :param before: the state it had.
    """

    alarm: Alarm
    before: str

    @classmethod
    def of(cls, alarm: Alarm, before: str) -> Change:
        """The change that an alarm has just made; its history stays the alarm's own."""
        return cls(copy(alarm), before)

    @property
    def topics(self) -> list[str]:
        """ARNs of what is to be told."""
        if not self.alarm.actions_enabled:
            return []
        actions: dict[str, list[str]] = {
            "OK": self.alarm.ok_actions,
            "ALARM": self.alarm.alarm_actions,
            INSUFFICIENT_DATA: self.alarm.insufficient_data_actions,
        }
        return list(actions[self.alarm.state_value])


class AlarmsBackend(CloudWatchBackend):
    """moto's back end, with alarms that are evaluated (``clock`` calls `evaluate_alarms`)."""

    def put_metric_alarm(self, *arguments: Any, **settings: Any) -> Alarm:
        """Make or change an alarm; the state of one that exists stays until it is evaluated, as on AWS."""
        before = self.alarms.get(settings["name"])
        alarm: Alarm = super().put_metric_alarm(*arguments, **settings)
        if before is None:
            alarm.state_value = INSUFFICIENT_DATA
        else:
            for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, name, getattr(before, name))
        return alarm

    def evaluate_alarms(self, now: datetime) -> list[Change]:
        """Give every alarm the state that its data gives it.

        :param now: the moment, with a time zone.
        :returns: the alarms whose state is another one now.
        """
        changes = []
        for alarm in list(self.alarms.values()):
            before = alarm.state_value
            verdict = self._judged(alarm, now)
            if verdict.state != before:
                alarm.update_state(verdict.reason, json.dumps({"version": "1.0", "evaluatedAt": now.isoformat()}),
                                   verdict.state)  # fmt: skip
                changes.append(Change.of(alarm, before))
        return changes

    def forget_old_data(self, now: datetime) -> None:
        """Drop the data points that CloudWatch would not keep either.

        :param now: the moment, with a time zone.
        """
        if any(_moment(datum) < now - _KEPT for datum in self.metric_data):
            self.metric_data = [datum for datum in self.metric_data if _moment(datum) >= now - _KEPT]

    def _judged(self, alarm: Alarm, now: datetime) -> Verdict:
        rule = Rule(
            period=int(alarm.period),
            periods=int(alarm.evaluation_periods),
            to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
            comparison=alarm.comparison_operator,
            threshold=float(alarm.threshold),
            missing=alarm.treat_missing_data or "missing",
        )
        data = [datum for datum in list(self.metric_data) if _belongs(datum, alarm)]
        points = [_statistic(alarm.statistic, data, begin, end) for begin, end in rule.windows(now)]
        return evaluate(rule, points, alarm.state_value)


def _belongs(datum: MetricDatumBase, alarm: Alarm) -> bool:
    """A metric is its namespace, its name and exactly its dimensions."""
    return (
        (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
        and _pairs(datum.dimensions) == _pairs(alarm.dimensions)
        and (not alarm.unit or datum.unit == alarm.unit)
    )


def _pairs(dimensions: Sequence[Dimension]) -> set[tuple[str | None, str | None]]:
    return {(dimension.name, dimension.value) for dimension in dimensions}


def _statistic(name: str, data: list[MetricDatumBase], begin: datetime, end: datetime) -> float | None:
    within = [datum for datum in data if begin <= _moment(datum) < end]
    if not within:
        return None
    statistics = Statistics([name], begin)
    statistics.metric_data = within
    value: Any = statistics.get_statistics_for_type(name)
    return None if value is None else float(value)


def _moment(datum: MetricDatumBase) -> datetime:
    # moto keeps UTC without a zone for data points that come without a timestamp.
    return datum.timestamp if datum.timestamp.tzinfo else datum.timestamp.replace(tzinfo=UTC)
