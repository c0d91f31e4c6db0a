"""KMS: keys, their policies and aliases, as templates make them. Nothing is encrypted with a key of it here."""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    """Put our back end behind moto's KMS. Called once, before the first request."""
    from moto.kms.models import kms_backends

    from local.services.kms.models import LocalKmsBackend

    kms_backends.backend = LocalKmsBackend
    kms_backends.clear()
