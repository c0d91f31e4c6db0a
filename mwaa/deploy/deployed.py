"""What is deployed now: the environment, what it is pinned to, and what lies in the buckets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from mwaa.deploy.errors import DeployError
from mwaa.deploy.project import PINNED_FILES, PinnedFile, sha256
from mwaa.deploy.records import Record, Records, StoredObject
from mwaa.deploy.target import Target

USABLE = frozenset({"AVAILABLE", "UPDATE_FAILED"})
DAGS_PREFIX = "dags/"
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "400", "405", "MethodNotAllowed"})
_OLD_VERSIONS = 20
_AT_ONCE = 8


@dataclass(frozen=True)
class Deployed:
    """:param target: whose environment it is.
    :param environment: as GetEnvironment describes it.
    :param bucket: its source bucket.
    :param last: the last deployment that succeeded.
    """

    target: Target
    environment: Mapping[str, Any]
    bucket: str
    last: Record | None

    @property
    def status(self) -> str:
        """Status of the environment."""
        return str(self.environment["Status"])

    @property
    def records(self) -> Records:
        """The deploy records."""
        return Records(self.target.s3, self.bucket)

    def running(self, file: PinnedFile) -> str:
        """The version that the environment is pinned to; empty = none.

        :param file: which file.
        """
        return str(self.environment.get(file.setting, ""))

    def pinned_versions(self) -> dict[str, str]:
        """Versions that the environment is pinned to, by stack parameter."""
        return {file.parameter: self.running(file) for file in PINNED_FILES}

    def find_version(self, key: str, digest: str, first: str) -> str | None:
        """A version of an object with some content: the given one if it has it, else the newest that has.

        :param key: of the object.
        :param digest: sha256 of the content.
        :param first: the version to look at first; empty = none.
        """
        if first and stored_digest(self.target.s3, self.bucket, key, first) == digest:
            return first
        listed = self.target.s3.list_object_versions(Bucket=self.bucket, Prefix=key, MaxKeys=_OLD_VERSIONS)
        for item in listed.get("Versions", ()):
            version = item["VersionId"]
            if item["Key"] == key and stored_digest(self.target.s3, self.bucket, key, version) == digest:
                return str(version)
        return None


def load_deployed(target: Target) -> Deployed:
    """Look at an environment.

    :param target: whose.
    :raises DeployError: there is none, or its bucket keeps no versions.
    """
    try:
        environment = target.mwaa.get_environment(Name=target.environment)["Environment"]
    except target.mwaa.exceptions.ResourceNotFoundException as error:
        raise DeployError(
            f"There is no MWAA environment {target.environment}: create the stacks first "
            f"(python -m mwaa.deploy stacks --env {target.env})"
        ) from error
    bucket = environment["SourceBucketArn"].split(":::")[1]
    require_versioning(target.s3, bucket)
    return Deployed(target, environment, bucket, Records(target.s3, bucket).last_succeeded())


def require_versioning(s3: Any, bucket: str) -> None:
    """Refuse a bucket that keeps no versions: nothing could be pinned, and nothing brought back.

    :param s3: client.
    :param bucket: name of the bucket.
    :raises DeployError: versioning is off.
    """
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise DeployError(
            f"s3://{bucket} has no versioning: MWAA pins requirements.txt, plugins.zip and startup.sh by version, and "
            f"a rollback needs the old ones. Enable it (aws s3api put-bucket-versioning --bucket {bucket} "
            "--versioning-configuration Status=Enabled)"
        )


def stored_digest(s3: Any, bucket: str, key: str, version: str | None = None) -> str | None:
    """sha256 of an object's content, from its metadata or, if somebody else wrote it, from the content.

    :param s3: client.
    :param bucket: name of the bucket.
    :param key: of the object.
    :param version: of the object; None = the newest.
    :returns: None if it does not exist.
    """
    which = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    try:
        digest = s3.head_object(**which)["Metadata"].get("sha256")
        return str(digest) if digest else sha256(s3.get_object(**which)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


@dataclass(frozen=True)
class Folder:
    """The objects below some prefixes of a bucket.

    :ivar present: by key.
    :ivar foreign: keys whose content is not what the last deployment put there.
    """

    present: Mapping[str, StoredObject]
    foreign: tuple[str, ...] = field(default=())


def read_folder(s3: Any, bucket: str, prefixes: Iterable[str], known: Mapping[str, StoredObject]) -> Folder:
    """List what lies there, with content fingerprints; those of the last record are reused where the ETag agrees.

    An ETag alone says nothing about the content: with KMS encryption it is no MD5.

    :param s3: client.
    :param bucket: name of the bucket.
    :param prefixes: of the keys.
    :param known: objects by key as the last deployment left them.
    """
    paginator = s3.get_paginator("list_objects_v2")
    etags = {
        item["Key"]: item["ETag"].strip('"')
        for prefix in prefixes
        for page in paginator.paginate(Bucket=bucket, Prefix=prefix)
        for item in page.get("Contents", ())
    }
    present = {key: known[key] for key, etag in etags.items() if key in known and known[key].etag == etag}
    unknown = sorted(etags.keys() - present.keys())

    def look(key: str) -> StoredObject:
        head = s3.head_object(Bucket=bucket, Key=key)
        digest = head["Metadata"].get("sha256") or sha256(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return StoredObject(head.get("VersionId", ""), head["ETag"].strip('"'), digest)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        present |= dict(zip(unknown, pool.map(look, unknown), strict=True))
    gone = known.keys() - etags.keys()
    return Folder(present, tuple(sorted(gone | {key for key in unknown if key in known})))
