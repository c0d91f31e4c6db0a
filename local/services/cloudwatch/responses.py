"""CloudWatch's API: moto's, with the alarms that are not evaluated refused, and with the history of those that are."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from local.errors import AwsError
from local.services.cloudwatch.evaluation import STATES
from local.services.cloudwatch.models import Change
from local.services.cloudwatch.requests import check_alarm, refuse_unserved

_HISTORY_TYPES = ("StateUpdate", "Action")


class AlarmsResponse(CloudWatchResponse):
    """All requests to CloudWatch."""

    def put_metric_alarm(self) -> ActionResult:
        request = self._get_params()
        refuse_unserved(request)
        check_alarm(request)
        return super().put_metric_alarm()

    def put_composite_alarm(self) -> ActionResult:
        refuse_unserved(self._get_params() | {"AlarmRule": "given"})
        raise AssertionError("unreachable: composite alarms are refused")

    def set_alarm_state(self) -> ActionResult:
        """Give an alarm a state by hand. It acts on it, and has its own state again at the next evaluation."""
        from local.services.cloudwatch import clock

        alarm = self._alarm(str(self._get_param("AlarmName")))
        state = self._get_param("StateValue")
        if state not in STATES:
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(STATES)}]",
            )
        with clock.evaluating:
            before = alarm.state_value
            super().set_alarm_state()
            change = Change.of(alarm, before)
        if before != state:
            clock.tell_at_once([change])
        return EmptyResult()

    def describe_alarm_history(self) -> ActionResult:
        """State changes and actions, newest first."""
        name, kind = self._get_param("AlarmName"), self._get_param("HistoryItemType")
        if kind and kind not in (*_HISTORY_TYPES, "ConfigurationUpdate"):
            raise AwsError("ValidationError", f"HistoryItemType {kind} is not one of {', '.join(_HISTORY_TYPES)}.")
        alarms = [self._alarm(name)] if name else list(self.cloudwatch_backend.alarms.values())
        items = [_history_item(alarm, entry) for alarm in alarms for entry in alarm.history]
        chosen = [item for item in items if not kind or item["HistoryItemType"] == kind]
        return ActionResult({"AlarmHistoryItems": chosen[::-1]})

    def _alarm(self, name: str) -> Alarm:
        if name not in self.cloudwatch_backend.alarms:
            raise AwsError("ResourceNotFound", f"Alarm {name} does not exist", 404)
        return self.cloudwatch_backend.alarms[name]


def _history_item(alarm: Alarm, entry: tuple[Any, ...]) -> dict[str, Any]:
    kind, summary, data, state, moment = entry
    return {
        "AlarmName": alarm.name,
        "AlarmType": "MetricAlarm",
        "Timestamp": moment,
        "HistoryItemType": kind,
        "HistorySummary": summary if kind == "Action" else f"Alarm left {state}: {summary}",
        "HistoryData": data,
    }
