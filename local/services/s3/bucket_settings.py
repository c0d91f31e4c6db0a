"""The bucket settings that SeaweedFS does not have: kept by moto, reached through the control plane.

SeaweedFS takes a call for one of these as CreateBucket (BucketAlreadyOwnedByYou) or refuses it. They are stored and given
back, so that a template or a tool that sets them works; they have no effect on data. Everything else of S3 is refused here,
because an object written to the control plane would be in a place where no engine looks.
"""

from __future__ import annotations

from typing import Any

from moto.core.request import Request
from moto.core.routing import NotFound, get_service_router
from moto.s3 import urls as moto_urls
from moto.s3.models import S3Backend

from local.errors import AwsError

_SETTINGS = (
    "BucketLogging",
    "BucketNotificationConfiguration",
    "BucketWebsite",
    "PublicAccessBlock",
)
SERVED = frozenset(
    {"CreateBucket", "DeleteBucket", "HeadBucket"}
    | {f"{verb}{setting}" for verb in ("Get", "Put") for setting in _SETTINGS}
    | {"DeleteBucketWebsite", "DeletePublicAccessBlock"}
)


class BucketSettingsBackend(S3Backend):
    """moto's buckets without their objects."""

    s3_endpoint_url = ""

    @property
    def _url_module(self) -> Any:
        return _Paths

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

    url_bases = moto_urls.url_bases
    url_paths = {path: _guarded(handler) for path, handler in moto_urls.url_paths.items()}
