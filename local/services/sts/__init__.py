"""STS: who a key belongs to, and whether one role may assume another."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    from moto.sts.models import sts_backends

    from local.services.sts.responses import SecurityTokenBackend

    sts_backends.backend = SecurityTokenBackend
    sts_backends.clear()
