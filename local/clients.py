"""boto3 clients of a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.identity import FOR_SOMEBODY_HEADER, LOCAL_ADMIN, access_key_for, secret_key_for
from local.settings import LocalSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient

# A server on this machine answers at once or not at all. One retry bridges a connection that the server closed while
# it was idle; a 4xx is never retried by botocore.
_CONNECT_TIMEOUT_SECONDS = 3
_READ_TIMEOUT_SECONDS = 60


def acting_for(client: Any, service: str, role_arn: str) -> Any:
    """Let an engine's client (it must be local-admin's) ask for somebody: the other engine uses that role's rights.

    :param service: who asks, such as ``redshift``.
    """

    def add_header(request: Any, **_: object) -> None:
        request.headers[FOR_SOMEBODY_HEADER] = f"{service} {role_arn}"

    client.meta.events.register("before-sign", add_header)
    return client


def service_client(service: str, settings: LocalSettings, principal: str = LOCAL_ADMIN, **config: Any) -> BaseClient:
    """A client that signs as one principal; S3 goes to SeaweedFS, everything else to the control plane.

    :param service: boto3's service name.
    :param principal: IAM role name (``settings.name("glue")``), or ``local-admin``.
    :param config: further botocore Config options.
    """
    import boto3
    from botocore.config import Config

    options: dict[str, Any] = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "read_timeout": _READ_TIMEOUT_SECONDS,
        "retries": {"mode": "standard", "max_attempts": 2},
        "s3": {"addressing_style": "path"},
        # MWAA's client would put "api." or "env." before the host, and 127.0.0.1 has no subdomains.
        "inject_host_prefix": False,
    } | config
    # An own session: boto3's default one is shared between threads and would read the user's AWS profile.
    session = boto3.session.Session(
        aws_access_key_id=access_key_for(principal),
        aws_secret_access_key=secret_key_for(principal),
        region_name=settings.region,
    )
    endpoint = settings.s3_endpoint_url if service == "s3" else settings.endpoint_url
    return session.client(service, endpoint_url=endpoint, config=Config(**options))  # type: ignore[call-overload, no-any-return]
