"""Documents and pages in S3, read and written as the lake's tasks do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lake.failures import refused_call

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

HTML = "text/html; charset=utf-8"


def read_result(hook: S3Hook, address: str) -> dict[str, Any]:
    """Return what a Glue job wrote about its run.

    :param hook: S3 hook of the task
    :param address: S3 address of the document
    :raises AirflowException: if S3 refuses
    """
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = json.loads(hook.read_key(*reversed(hook.parse_s3_url(address))))
    except ClientError as error:
        raise refused_call(error, f"read {address}", "The Glue job writes it as its last act.") from error
    return found


def write_object(s3: Any, address: str, body: bytes, content_type: str) -> None:
    """Write an object that browsers and other tools know by its type.

    :param s3: boto3 S3 client
    :param address: ``s3://bucket/key``
    :param body: its bytes
    :param content_type: its media type
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
