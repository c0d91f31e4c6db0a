"""What the template's jobs and the tasks read from the artifacts bucket: job scripts, their package, contracts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.settings import REPOSITORY, LocalSettings
from mwaa.artifacts import PREFIXES, artifacts

if TYPE_CHECKING:
    from botocore.client import BaseClient


def upload(settings: LocalSettings, s3: BaseClient, repository: Path = REPOSITORY) -> int:
    """Upload what has changed since the last upload, and remove what is gone.

    :param s3: client of the local S3.
    :returns: how many objects were written or removed.
    """
    bucket = settings.name("artifacts")
    wanted = dict(artifacts(repository))
    present = dict(_present(s3, bucket))
    stale = present.keys() - wanted.keys()
    changed = {key for key, body in wanted.items() if present.get(key) != _etag(body)}
    for key in (key for key in wanted if key in changed):
        s3.put_object(Bucket=bucket, Key=key, Body=wanted[key])
    for key in sorted(stale):
        s3.delete_object(Bucket=bucket, Key=key)
    return len(changed) + len(stale)


def _present(s3: BaseClient, bucket: str) -> Iterator[tuple[str, str]]:
    for prefix in PREFIXES:
        pages: Any = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"], entry["ETag"].strip('"')


def _etag(body: bytes) -> str:
    # S3's ETag of an object uploaded in one part.
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
