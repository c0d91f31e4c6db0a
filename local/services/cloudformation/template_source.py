"""Where a request's template comes from: the request itself, or an object in S3.

Sources: AWS CloudFormation API reference (CreateStack), user guide ("CloudFormation quotas"), S3 user guide ("Virtual
hosting of buckets"). The errors are CloudFormation's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import ClientError

from local.services.cloudformation.failures import template_error

_LONGEST_BODY = 51_200
_LONGEST_OBJECT = 1_000_000
# bucket.s3.region.amazonaws.com, or s3.region.amazonaws.com with the bucket in the path; also the old names.
_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com")


class TemplateSource:
    """Reads the templates of requests."""

    def __init__(self, s3_as: Callable[[str], Any]) -> None:
        """Remember how S3 is reached.

        :param s3_as: an S3 client that signs as a principal.
        """
        self._s3_as = s3_as

    def text(self, body: str | None, url: str | None, caller: str) -> str:
        """The template's text.

        :param body: `TemplateBody` of the request.
        :param url: `TemplateURL` of the request.
        :param caller: who calls; the object is read with the caller's rights, as on AWS.
        :raises ValidationError: none or both are given, it is too long, or it cannot be read.
        """
        if bool(body) == bool(url):
            raise template_error("Either Template URL or Template Body must be specified.")
        if url:
            return self._object(url, caller)
        assert body is not None
        if len(body.encode()) > _LONGEST_BODY:
            raise template_error(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {_LONGEST_BODY}"
            )
        return body

    def _object(self, url: str, caller: str) -> str:
        address = _address(url)
        try:
            found = self._s3_as(caller).get_object(**address)
        except ClientError as error:
            raise template_error(f"S3 error: {_s3_message(error)}") from error
        if found["ContentLength"] > _LONGEST_OBJECT:
            raise template_error(f"Template may not exceed {_LONGEST_OBJECT} bytes in size.")
        try:
            return str(found["Body"].read().decode())
        except UnicodeDecodeError:
            raise template_error("Template format error: the object is not UTF-8 text.") from None


def _address(url: str) -> dict[str, str]:
    """Bucket, key and perhaps version of an object's URL, as GetObject takes them."""
    parts = urlsplit(url)
    host = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme != "https":
        raise template_error("TemplateURL must be a supported URL.")
    if host is None:
        raise template_error(f"S3 error: Domain name specified in {parts.hostname} is not a valid S3 domain")
    path = unquote(parts.path.removeprefix("/"))
    bucket, key = (host["bucket"], path) if host["bucket"] else path.split("/", 1) if "/" in path else (path, "")
    if not bucket or not key:
        raise template_error("TemplateURL must reference a valid S3 object to which you have access.")
    version = parse_qs(parts.query).get("versionId")
    return {"Bucket": bucket, "Key": key} | ({"VersionId": version[0]} if version else {})


def _s3_message(error: ClientError) -> str:
    code, message = (error.response["Error"].get(name, "") for name in ("Code", "Message"))
    if code in {"AccessDenied", "403"}:
        return "Access Denied"
    return str(message or code)
