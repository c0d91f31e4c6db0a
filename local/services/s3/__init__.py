"""S3: the data is SeaweedFS' (`seaweedfs`); the control plane keeps SeaweedFS' identities equal to the IAM roles.

The control plane itself answers only the bucket settings that SeaweedFS does not have (`bucket_settings`).
"""

from __future__ import annotations

from local.settings import LocalSettings


def install(settings: LocalSettings) -> None:
    from moto.s3.models import s3_backends

    from local import persistence
    from local.services.iam import s3_audit
    from local.services.s3.bucket_settings import BucketSettingsBackend
    from local.services.s3.notifications import Notifier
    from local.services.s3.role_rights import follow_roles

    s3_backends.backend = BucketSettingsBackend
    s3_backends.clear()
    BucketSettingsBackend.s3_endpoint_url = settings.s3_endpoint_url
    s3_audit.listeners.append(Notifier(settings).request_ended)
    persistence.when_changed("iam", lambda: follow_roles(settings))
