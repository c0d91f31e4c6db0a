"""Looks at the alarms once a second, and tells the topics of those whose state has changed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import persistence
from local.clients import service_client
from local.services.cloudwatch.models import AlarmsBackend, Change
from local.services.cloudwatch.notices import lets_cloudwatch_publish, message, subject
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_stopped = threading.Event()
# Whoever changes a state holds it.
evaluating = threading.Lock()
_settings: LocalSettings | None = None


def start(settings: LocalSettings) -> None:
    """Start looking.

    :param settings: of the local AWS.
    """
    global _settings  # one control plane a process, as its back ends
    _settings = settings
    _stopped.clear()
    threading.Thread(target=_run, args=(settings,), name="alarms", daemon=True).start()


def stop() -> None:
    """Stop looking; what is being told is told."""
    _stopped.set()


def _run(settings: LocalSettings) -> None:
    while not _stopped.wait(_EVERY_SECONDS):
        try:
            look(settings, datetime.now(UTC))
        except Exception:  # one broken round must not end all alarms
            log.exception("the alarms could not be evaluated")


def look(settings: LocalSettings, now: datetime) -> None:
    """Evaluate every alarm and act on those that changed.

    :param now: the moment, with a time zone.
    """
    changes: list[Change] = []
    with evaluating:
        for backend in _backends():
            backend.forget_old_data(now)
            changes += backend.evaluate_alarms(now)
    if changes:
        tell(settings, changes)
        persistence.persist("cloudwatch")


def tell_at_once(changes: list[Change]) -> None:
    """For a state that was set by hand: `tell`, with the settings of the running control plane."""
    assert _settings is not None, "install() starts the clock"
    tell(_settings, changes)


def tell(settings: LocalSettings, changes: list[Change]) -> None:
    """Publish to the topics of alarms whose state has changed, and write down how that went.

    :param changes: of alarms that have their new state already.
    """
    for change in changes:
        alarm = change.alarm
        log.info("alarm %s: %s -> %s (%s)", alarm.name, change.before, alarm.state_value, alarm.state_reason)
        for topic in change.topics:
            outcome = _publish(settings, topic, change)
            alarm.history.append(("Action", outcome, "{}", alarm.state_value, alarm.state_updated_timestamp))
            log.info("alarm %s: %s", alarm.name, outcome)


def _publish(settings: LocalSettings, topic: str, change: Change) -> str:
    sns: Any = service_client("sns", settings)
    try:
        policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
        if not lets_cloudwatch_publish(policy, topic, change.alarm.alarm_arn, settings.account_id):
            return (
                f'Failed to execute action {topic}. Received error: "CloudWatch Alarms is not authorized to perform: '
                f'SNS:Publish on resource: {topic} because no resource-based policy allows the SNS:Publish action"'
            )
        sns.publish(TopicArn=topic, Subject=subject(change), Message=message(change, settings.account_id))
    except (BotoCoreError, ClientError) as error:
        return f'Failed to execute action {topic}. Received error: "{error}"'
    return f"Successfully executed action {topic}"


def _backends() -> Iterator[AlarmsBackend]:
    from moto.cloudwatch.models import cloudwatch_backends

    for _, _, backend in list(cloudwatch_backends.iter_backends()):
        assert isinstance(backend, AlarmsBackend)
        yield backend
