"""What the template's jobs and the tasks read from the artifacts bucket: job scripts, their package, contracts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.settings import REPOSITORY, LocalSettings
from mwaa.archives import zipped

if TYPE_CHECKING:
    from botocore.client import BaseClient

_PACKAGE_KEY = "glue_jobs/glue_jobs.zip"


def upload(settings: LocalSettings, s3: BaseClient, repository: Path = REPOSITORY) -> int:
    """Upload what has changed since the last upload, and remove what is gone.

    :param s3: client of the local S3.
    :returns: how many objects were written or removed.
    """
    bucket = settings.name("artifacts")
    wanted = dict(_artifacts(repository))
    present = dict(_present(s3, bucket))
    stale = present.keys() - wanted.keys()
    changed = {key for key, body in wanted.items() if present.get(key) != _etag(body)}
    for key in sorted(changed):
        s3.put_object(Bucket=bucket, Key=key, Body=wanted[key])
    for key in sorted(stale):
        s3.delete_object(Bucket=bucket, Key=key)
    return len(changed) + len(stale)


def _artifacts(repository: Path) -> Iterator[tuple[str, bytes]]:
    jobs = repository / "glue_jobs"
    sources = sorted(path for path in jobs.rglob("*.py") if "__pycache__" not in path.parts)
    for source in sources:
        if source.parent != jobs and source.name != "__init__.py":
            yield f"glue_jobs/{source.relative_to(jobs).as_posix()}", source.read_bytes()
    # Equal content gives an equal zip: an unchanged package is not uploaded (a job's run key contains its hash).
    yield _PACKAGE_KEY, zipped({source.relative_to(repository).as_posix(): source.read_bytes() for source in sources})
    for contract in sorted((repository / "dags" / "contracts").glob("*.json")):
        if contract.name == "index.json":  # read by DAG files only
            continue
        yield f"contracts/{contract.name}", contract.read_bytes()


def _present(s3: BaseClient, bucket: str) -> Iterator[tuple[str, str]]:
    for prefix in ("glue_jobs/", "contracts/"):
        pages: Any = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                yield entry["Key"], entry["ETag"].strip('"')


def _etag(body: bytes) -> str:
    # S3's ETag of an object uploaded in one part.
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
