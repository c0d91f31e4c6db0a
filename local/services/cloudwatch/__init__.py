"""CloudWatch: metrics as moto keeps them, and alarms on one metric that are really evaluated and really notify."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Put our back end in moto's place and start looking at the alarms.

    :param settings: of the local AWS.
    """
    from moto.cloudwatch.models import cloudwatch_backends

    from local.services.cloudwatch import clock
    from local.services.cloudwatch.models import AlarmsBackend

    cloudwatch_backends.backend = AlarmsBackend
    cloudwatch_backends.clear()
    clock.start(settings)


def close() -> None:
    """Stop looking at the alarms."""
    from local.services.cloudwatch import clock

    clock.stop()
