"""Bucket settings kept by moto and reached through the control plane, beside the data in SeaweedFS.

Two kinds: what SeaweedFS does not have (it takes PutBucketLogging for CreateBucket and answers
BucketAlreadyOwnedByYou), and what it would apply to the laptop's own traffic (a policy that demands TLS would lock
everybody out of http://127.0.0.1). They are stored and given back, so that a template which sets them deploys and can
be compared; they have no effect on data. Everything else of S3 is refused here, because an object written to the
control plane would be where no engine looks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.s3 import urls as moto_urls
from moto.s3.models import S3Backend
from werkzeug.exceptions import NotFound

from local.errors import AwsError
from local.services.s3.destinations import check_log_target, check_queues
from local.services.s3.notifications import SENT_EVENTS

_READ_AND_WRITTEN = (
    "BucketEncryption",
    "BucketLogging",
    "BucketNotificationConfiguration",
    "BucketPolicy",
    "BucketWebsite",
    "PublicAccessBlock",
)
# Destinations that the local AWS has not, or does not send to.
_NEVER_TOLD = frozenset({"CloudFunctionConfiguration", "EventBridgeConfiguration"})
_DELETED = ("BucketEncryption", "BucketPolicy", "BucketWebsite", "PublicAccessBlock")
SERVED = frozenset(
    {"CreateBucket", "DeleteBucket", "HeadBucket", "ListBuckets"}
    | {f"{verb}{setting}" for verb in ("Get", "Put") for setting in _READ_AND_WRITTEN}
    | {f"Delete{setting}" for setting in _DELETED}
)


class BucketSettingsBackend(S3Backend):
    """moto's buckets without their objects."""

    s3_endpoint_url = ""

    @property
    def _url_module(self) -> Any:
        return _Paths

    def put_bucket_logging(self, bucket_name: str, logging_config: dict[str, Any]) -> None:
        """moto's own check stops at a policy that is about everybody.

        :raises AwsError: the target does not take logs.
        """
        bucket = self.get_bucket(bucket_name)
        if logging_config:
            target = self.buckets.get(logging_config["TargetBucket"])
            check_log_target(target, logging_config.get("TargetPrefix") or "")
        bucket.logging = logging_config or {}

    def put_bucket_notification_configuration(self, bucket_name: str, notification_config: dict[str, Any]) -> None:
        """:raises AwsError: a queue does not exist or does not let S3 send, or nobody here would send what is asked."""
        rules = notification_config or {}
        queues = rules.get("QueueConfiguration") or []
        asked = {event for rule in (*queues, *(rules.get("TopicConfiguration") or [])) for event in rule["Event"]}
        others = sorted(asked - SENT_EVENTS | (rules.keys() & _NEVER_TOLD))
        if others:
            raise AwsError(
                "NotImplemented",
                f"The local AWS sends {', '.join(sorted(SENT_EVENTS))} to queues and topics, not {', '.join(others)}.",
                400,
            )
        check_queues([queue["Queue"] for queue in queues], self.account_id)
        super().put_bucket_notification_configuration(bucket_name, notification_config)

    @classmethod
    def require_served(cls, request: Request) -> None:
        """:raises AwsError: any call but those about the settings kept here."""
        try:
            operation = str(get_service_router("s3").match(request)[0].name)
        except (NotFound, NotImplementedError):
            operation = f"{request.method} {request.path}"
        if operation not in SERVED:
            raise AwsError(
                "MethodNotAllowed",
                f"s3:{operation} went to the control plane, but the local AWS keeps S3 at {cls.s3_endpoint_url}. "
                "Set AWS_ENDPOINT_URL_S3 to it (`python -m local env` prints all settings).",
                405,
            )


def _guarded(handler: Any) -> Any:
    def handle(request: Request, full_url: str, headers: Any) -> Any:
        BucketSettingsBackend.require_served(request)
        return handler(request, full_url, headers)

    return handle


class _Paths:
    """moto's S3 paths, each behind the guard. Paths of virtual-hosted buckets cannot occur on 127.0.0.1."""

    url_bases: ClassVar[list[str]] = list(moto_urls.url_bases)
    url_paths: ClassVar[dict[str, Any]] = {path: _guarded(handler) for path, handler in moto_urls.url_paths.items()}
