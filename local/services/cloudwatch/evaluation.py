"""What state an alarm on one metric has, given its data points. Pure: no clock, no metric store.

The rules are those of the CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat
missing data"; the tables there are the cases of ``tests/local/cloudwatch/test_evaluation.py``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
STATES = (INSUFFICIENT_DATA, ALARM, OK)
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
MISSING_DATA = ("missing", "ignore", "breaching", "notBreaching")
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# CloudWatch looks at some more data points than it evaluates; the guide's tables show five for three periods.
_MORE_PERIODS = 2
_MINUTE = 60


@dataclass(frozen=True)
class Rule:
    """When a metric is out of bounds.

    :param period: seconds that one data point stands for.
    :param periods: data points that are evaluated (EvaluationPeriods).
    :param to_alarm: how many of them must breach (DatapointsToAlarm).
    :param missing: TreatMissingData.
    """

    period: int
    periods: int
    to_alarm: int
    comparison: str
    threshold: float
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison](value, self.threshold)

    def windows(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """The spans of time of the data points that are looked at, newest first; the newest is over.

        They move with the minute, not with the period: an alarm on an hour notices within a minute.
        """
        step = min(self.period, _MINUTE)
        end = datetime.fromtimestamp(now.timestamp() // step * step, UTC)
        length = timedelta(seconds=self.period)
        return [(end - (n + 1) * length, end - n * length) for n in range(self.periods + _MORE_PERIODS)]


@dataclass(frozen=True)
class Verdict:
    """:param state: OK, ALARM or INSUFFICIENT_DATA.
    :param reason: CloudWatch's sentence.
    """

    state: str
    reason: str


def evaluate(rule: Rule, points: Sequence[float | None], current: str) -> Verdict:
    """Judge an alarm.

    :param points: one value for each window of the rule, newest first; None where there is no data.
    :param current: the state the alarm has, for when it is to be kept.
    """
    present = [(age, value) for age, value in enumerate(points, start=1) if value is not None]
    # With enough data the missing ones among them do not count: the most recent are evaluated.
    used = present[: rule.periods]
    breaching = [(age, value) for age, value in used if rule.breaches(value)]
    filled = rule.periods - len(used)
    state = _state(rule, used, breaching, filled, current)
    return Verdict(state, _reason(rule, used, breaching, filled, state))


def _state(
    rule: Rule,
    used: Sequence[tuple[int, float]],
    breaching: Sequence[tuple[int, float]],
    filled: int,
    current: str,
) -> str:
    if not used:
        return {"missing": INSUFFICIENT_DATA, "ignore": current, "breaching": ALARM, "notBreaching": OK}[rule.missing]
    if len(breaching) >= rule.to_alarm:
        return ALARM
    if rule.missing == "breaching":
        return ALARM if len(breaching) + filled >= rule.to_alarm else OK
    if rule.missing == "notBreaching" or filled == 0 or len(breaching) < len(used):
        return OK
    # All there is breaches, but it is too little. Old enough, it counts for the missing ones after it.
    oldest = breaching[-1][0]
    return ALARM if rule.missing == "missing" and oldest >= rule.to_alarm else current


def _reason(
    rule: Rule,
    used: Sequence[tuple[int, float]],
    breaching: Sequence[tuple[int, float]],
    filled: int,
    state: str,
) -> str:
    values = ", ".join(f"{value:g}" for _, value in used)
    words = {
        "GreaterThanOrEqualToThreshold": "greater than or equal to",
        "GreaterThanThreshold": "greater than",
        "LessThanThreshold": "less than",
        "LessThanOrEqualToThreshold": "less than or equal to",
    }[rule.comparison]
    if not used:
        text = f"no datapoints were received for {rule.periods} period(s)"
        if rule.missing in ("breaching", "notBreaching"):
            text += f" and {rule.periods} missing datapoint(s) were treated as [{_filling(rule)}]"
        return f"{_crossed(state)}: {text}."
    text = f"{len(used)} datapoint(s) [{values}]"
    if state == ALARM:
        text += f": {len(breaching)} of them {words} the threshold ({rule.threshold:g})"
    else:
        text += f": {len(used) - len(breaching)} of them not {words} the threshold ({rule.threshold:g})"
    if filled:
        text += f"; {filled} missing datapoint(s) were treated as [{_filling(rule)}]"
    return f"{_crossed(state)}: out of the last {rule.periods} datapoints, {text}."


def _filling(rule: Rule) -> str:
    return {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(rule.missing, rule.missing.capitalize())


def _crossed(state: str) -> str:
    return "Insufficient Data" if state == INSUFFICIENT_DATA else "Threshold Crossed"
