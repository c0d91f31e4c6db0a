"""What the configuration section [lake] means."""

from __future__ import annotations

import pytest

from lake.settings import LakeSettings, read_settings


@pytest.mark.parametrize(("poll_seconds", "looks"), [(30.0, 120), (0.25, 14_400), (7200.0, 1)])
def test_something_is_watched_for_as_long_whatever_the_interval(poll_seconds: float, looks: int) -> None:
    settings = LakeSettings(prefix="acme", env="test", poll_seconds=poll_seconds, alerts_topic_arn="")
    assert settings.polls(3600) == looks


def test_the_interval_may_be_a_fraction_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__LAKE__POLL_SECONDS", "0.25")
    assert read_settings().poll_seconds == 0.25
    monkeypatch.delenv("AIRFLOW__LAKE__POLL_SECONDS")
    assert read_settings().poll_seconds == 30
