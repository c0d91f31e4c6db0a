"""The objects of the lake with all their versions: listing, reading, replacing, and removing for good."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from glue_jobs.contracts import Contract

# What an object is made of, and so how somebody is found in it.
DELIVERED, QUARANTINED, PROTECTED, QUERY_RESULT, REPORT = "delivered", "quarantined", "protected", "result", "report"
REWRITTEN = frozenset({DELIVERED, QUARANTINED, PROTECTED})  # the others are removed as a whole
_DAY = re.compile(r"/[a-z][a-z0-9_]*=(\d{4}-\d\d-\d\d)/")
# Below governance: what this job itself writes.
OWN_FOLDERS = ("erasures/", "erasure_requests/", "erased_subjects/", "loads/forget_subject/")
_DELETE_BATCH = 1000  # keys in a DeleteObjects request


@dataclass(frozen=True)
class Version:
    """One version of an object.

    :param zone: landing, staging, curated, quarantine, governance or athena
    :param product: data product, empty for objects of no product
    :param kind: see the constants of this module
    :param is_latest: True for the version that readers see
    :param size: bytes
    """

    zone: str
    product: str
    bucket: str
    key: str
    version_id: str
    is_latest: bool
    kind: str
    size: int = 0

    def __str__(self) -> str:
        """Address, version and size, for messages."""
        return f"s3://{self.bucket}/{self.key} (version {self.version_id}, {self.size} bytes)"

    @property
    def day(self) -> str | None:
        """Day of the folder, or None."""
        match = _DAY.search(f"/{self.key}")
        return match[1] if match else None


def versions_of_product(s3: Any, buckets: dict[str, str], contract: Contract, landing_prefix: str) -> Iterator[Version]:
    """List every version of every object of a product.

    :param s3: boto3 client
    :param buckets: bucket by zone
    :param contract: the product's contract
    :param landing_prefix: its folder in landing
    """
    for zone, prefix in (
        ("landing", landing_prefix),
        ("staging", f"{contract.product}/"),
        ("curated", f"{contract.product}/"),
        ("quarantine", f"{contract.product}/"),
    ):
        for key, version_id, is_latest, size in _versions(s3, buckets[zone], prefix):
            is_delivered = zone == "landing" or (zone == "quarantine" and "/_refused_files/" in key)
            kind = DELIVERED if is_delivered else QUARANTINED if zone == "quarantine" else PROTECTED
            yield Version(zone, contract.product, buckets[zone], key, version_id, is_latest, kind, size)


def versions_of_no_product(s3: Any, buckets: dict[str, str]) -> Iterator[Version]:
    """List every version of the objects that are made from any product: query results and reports.

    :param s3: boto3 client
    :param buckets: bucket by zone
    """
    for key, version_id, is_latest, size in _versions(s3, buckets["athena"], ""):
        yield Version("athena", "", buckets["athena"], key, version_id, is_latest, QUERY_RESULT, size)
    for key, version_id, is_latest, size in _versions(s3, buckets["governance"], ""):
        if not key.startswith(OWN_FOLDERS):
            yield Version("governance", "", buckets["governance"], key, version_id, is_latest, REPORT, size)


def read(s3: Any, version: Version) -> bytes | None:
    """Return the bytes of a version.

    :param s3: boto3 client
    :param version: an object's version
    :return: None when it is gone: a lifecycle rule or another run removed it meanwhile
    """
    body = open_version(s3, version)
    return None if body is None else body.read()


def open_version(s3: Any, version: Version) -> IO[bytes] | None:
    """Return the bytes of a version as a stream, to be read once.

    :param s3: boto3 client
    :param version: an object's version
    :return: None when it is gone: a lifecycle rule or another run removed it meanwhile
    """
    try:
        body: IO[bytes] = s3.get_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)["Body"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
            return None
        raise
    return body


def replace(s3: Any, version: Version, content: bytes) -> bool:
    """Write new content over the version that readers see, with the metadata it has.

    :param s3: boto3 client
    :param version: the latest version
    :param content: what readers see from now on
    :return: False when somebody wrote the object meanwhile; nothing was changed
    """
    head = s3.head_object(Bucket=version.bucket, Key=version.key)
    if head.get("VersionId") != version.version_id:
        return False
    kept = {name: head[name] for name in ("ContentType", "ContentEncoding", "Metadata") if head.get(name)}
    s3.put_object(Bucket=version.bucket, Key=version.key, Body=content, **kept)
    return True


def remove(s3: Any, versions: Iterable[Version]) -> int:
    """Delete versions for good, and the delete markers of objects of which nothing else is left.

    :param s3: boto3 client
    :param versions: what to delete
    :return: number of versions deleted
    """
    by_bucket: dict[str, list[Version]] = {}
    for version in versions:
        by_bucket.setdefault(version.bucket, []).append(version)
    for bucket, found in by_bucket.items():
        _delete(s3, bucket, [(version.key, version.version_id) for version in found])
        for key in sorted({version.key for version in found}):
            _delete(s3, bucket, list(_orphaned_markers(s3, bucket, key)))
    return sum(map(len, by_bucket.values()))


def _versions(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, str, bool, int]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for found in page.get("Versions", []):
            if found["Size"] and not found["Key"].endswith("/"):
                yield found["Key"], found["VersionId"], found["IsLatest"], found["Size"]


def _orphaned_markers(s3: Any, bucket: str, key: str) -> Iterator[tuple[str, str]]:
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key))
    if any(found["Key"] == key for page in pages for found in page.get("Versions", [])):
        return
    for page in pages:
        for marker in page.get("DeleteMarkers", []):
            if marker["Key"] == key:
                yield key, marker["VersionId"]


def _delete(s3: Any, bucket: str, found: list[tuple[str, str]]) -> None:
    for start in range(0, len(found), _DELETE_BATCH):
        objects = [{"Key": key, "VersionId": version} for key, version in found[start : start + _DELETE_BATCH]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise RuntimeError(f"{len(answer['Errors'])} version(s) in {bucket} stay: {first['Code']} {first['Key']}")
