"""SQL quoting and S3 addresses."""

from __future__ import annotations

import re
from typing import NamedTuple

from local.services.athena.errors import QueryFailed

_S3_URI = re.compile(r"^s3[an]?://(?P<bucket>[^/]+)(?:/(?P<key>.*))?$", re.S)


def literal(value: object) -> str:
    """A SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class S3Address(NamedTuple):
    bucket: str
    key: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def s3_address(uri: str) -> S3Address:
    """Bucket and key of an ``s3://`` address.

    :raises QueryFailed: not an S3 address.
    """
    found = _S3_URI.match(uri)
    if found is None:
        raise QueryFailed("INVALID_TABLE_PROPERTY", f"'{uri}' is not an Amazon S3 location. Use s3://bucket/prefix/.")
    return S3Address(found["bucket"], found["key"] or "")


def as_folder(uri: str) -> str:
    """The location with exactly one slash at its end, as the catalog stores it."""
    return uri.rstrip("/") + "/"
