"""The source bucket of an environment, read as its execution role, as MWAA does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.clients import service_client
from local.identity import LOCAL_ADMIN
from local.services.mwaa.rules import PINNED, invalid
from local.settings import LocalSettings

_TRUSTED = frozenset({"airflow.amazonaws.com", "airflow-env.amazonaws.com"})
_FILE_NAMES = {
    "RequirementsS3Path": "requirements.txt",
    "PluginsS3Path": "plugins.zip",
    "StartupScriptS3Path": "startup.sh",
}


@dataclass(frozen=True)
class ReleaseFiles:
    """Local copies of the pinned files; None for one that is not set."""

    requirements: Path | None
    plugins: Path | None
    startup: Path | None

    @classmethod
    def in_folder(cls, folder: Path) -> ReleaseFiles:
        """What an earlier download has put into a folder.

        :param folder: of one release of the environment.
        """
        present = {name: folder / name for name in _FILE_NAMES.values() if (folder / name).exists()}
        return cls(*(present.get(_FILE_NAMES[path]) for path in PINNED))


class SourceBucket:
    """:param local: settings of the local AWS.
    :param settings: the environment's settings.
    """

    def __init__(self, local: LocalSettings, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self.name = settings["SourceBucketArn"].split(":::")[1]
        role = settings["ExecutionRoleArn"].rsplit("/", 1)[-1]
        self._s3 = _client(local, role)
        self._admin_s3 = _client(local, LOCAL_ADMIN)

    def check(self) -> None:
        """Check bucket and pinned objects when a request comes in.

        :raises AwsError: ValidationException: no such bucket, not versioned, an object or version that is not there.
        """
        try:
            versioning = self._admin_s3.get_bucket_versioning(Bucket=self.name)
        except ClientError as error:
            raise invalid(f"Unable to read the bucket {self.name}: {error.response['Error']['Message']}") from error
        if versioning.get("Status") != "Enabled":
            raise invalid(f"The bucket {self.name} must have versioning enabled: MWAA pins files by their version")
        for path, version in PINNED.items():
            if not self._settings.get(path):
                continue
            key, pinned = self._settings[path], self._settings[version]
            try:
                self._admin_s3.head_object(Bucket=self.name, Key=key, VersionId=pinned)
            except ClientError as error:
                raise invalid(f"Unable to access version {pinned} of {key} in the bucket {self.name}") from error

    def download(self, folder: Path) -> ReleaseFiles:
        """Copy the pinned versions into a folder.

        :param folder: of one release of the environment; made if missing.
        :raises ClientError: the execution role may not read one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        copies: dict[str, Path] = {}
        for path, version in PINNED.items():
            if self._settings.get(path):
                found = self._s3.get_object(
                    Bucket=self.name, Key=self._settings[path], VersionId=self._settings[version]
                )
                copies[path] = folder / _FILE_NAMES[path]
                copies[path].write_bytes(found["Body"].read())
        return ReleaseFiles(*(copies.get(path) for path in PINNED))

    def sync_dags(self, folder: Path, known: dict[str, str]) -> bool:
        """Make a folder equal to the bucket's DAG folder, as MWAA does every few seconds.

        :param folder: the local DAG folder.
        :param known: ETag by key of what is there already; brought up to date.
        :returns: whether anything changed.
        :raises ClientError: the execution role may not read one.
        """
        prefix = self._settings["DagS3Path"].strip("/") + "/"
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        present = {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}
        changed = [key for key, etag in present.items() if known.get(key) != etag and not key.endswith("/")]
        for key in changed:
            target = _inside(folder, key.removeprefix(prefix))
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{target.name}.part")
            draft.write_bytes(self._s3.get_object(Bucket=self.name, Key=key)["Body"].read())
            draft.replace(target)
            known[key] = present[key]
        gone = known.keys() - present.keys()
        for key in sorted(gone):
            _inside(folder, key.removeprefix(prefix)).unlink(missing_ok=True)
            del known[key]
        return bool(changed or gone)


@lru_cache(maxsize=64)
def _client(local: LocalSettings, principal: str) -> Any:
    # A client costs half a second to make, and every request and every round of the DAG folder needs one.
    return service_client("s3", local, principal)


def check_execution_role(account_id: str, arn: str) -> None:
    """Check that MWAA may use the role.

    :param account_id: of the local AWS.
    :param arn: ExecutionRoleArn.
    :raises AwsError: ValidationException: no such role, or one that does not trust MWAA.
    """
    from moto.iam.models import iam_backends

    role = next((item for item in list(iam_backends[account_id]["aws"].roles.values()) if item.arn == arn), None)
    if role is None:
        raise invalid(f"ExecutionRoleArn: the role {arn} does not exist")
    document = role.assume_role_policy_document
    trust = json.loads(document) if isinstance(document, str) else document
    trusted: set[str] = set()
    for statement in trust.get("Statement", []):
        services = statement.get("Principal", {}).get("Service", [])
        trusted |= {services} if isinstance(services, str) else set(services)
    missing = sorted(_TRUSTED - trusted)
    if missing:
        raise invalid(f"ExecutionRoleArn: the trust policy of {arn} does not name {' and '.join(missing)}")


def _inside(folder: Path, name: str) -> Path:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise invalid(f"the key {name} leads out of the DAG folder")
    return target
