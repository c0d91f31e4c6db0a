"""Deploy records: ``deploys/<time>.json`` in the source bucket says what was deployed, by whom, in which versions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from mwaa.deploy.errors import DeployError

PREFIX = "deploys/"
_FORMAT = 1


@dataclass
class StoredObject:
    """One version of an object.

    :param version: S3's version id.
    :param etag: S3's mark of the content, as a listing shows it.
    :param sha256: of the content.
    """

    version: str
    etag: str
    sha256: str


@dataclass
class Record:
    """One deployment.

    :param name: its time, and its key without folder and suffix.
    :param result: "succeeded" or "failed".
    :param pinned: version ids by stack parameter, as the environment runs them at the end; empty = none.
    :param dags: objects by key of the source bucket.
    :param artifacts: objects by key of the artifacts bucket.
    :param dag_ids: the DAGs that were deployed.
    :param restored: name of the record that a rollback went back to.
    """

    name: str
    who: str
    commit: str
    dirty: bool
    environment: str
    started_at: str
    finished_at: str = ""
    result: str = "failed"
    error: str = ""
    updated_environment: bool = False
    pinned: dict[str, str] = field(default_factory=dict)
    dags: dict[str, StoredObject] = field(default_factory=dict)
    artifacts: dict[str, StoredObject] = field(default_factory=dict)
    dag_ids: list[str] = field(default_factory=list)
    restored: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether everything was deployed."""
        return self.result == "succeeded"


def new_record(who: str, commit: str, dirty: bool, environment: str) -> Record:
    """A record that begins now.

    :param who: ARN of who deploys.
    :param commit: what is deployed.
    :param dirty: whether it differs from the commit.
    :param environment: name of the MWAA environment.
    """
    now = datetime.now(UTC)
    return Record(now.strftime("%Y%m%dT%H%M%S%fZ"), who, commit, dirty, environment, now.isoformat(timespec="seconds"))


class Records:
    """:param s3: client.
    :param bucket: the source bucket.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def write(self, record: Record) -> str:
        """Store a record that ends now.

        :returns: its key.
        """
        record.finished_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        key = f"{PREFIX}{record.name}.json"
        body = json.dumps({"format": _FORMAT, **asdict(record)}, indent=1, sort_keys=True).encode()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        return key

    def names(self) -> list[str]:
        """Names of all records, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return sorted(key[len(PREFIX) : -len(".json")] for key in keys if key.endswith(".json"))

    def read(self, name: str) -> Record:
        """One record.

        :param name: its name; its key does as well.
        :raises DeployError: there is none of that name, or it is of another format.
        """
        short = name.removeprefix(PREFIX).removesuffix(".json")
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=f"{PREFIX}{short}.json")["Body"].read()
        except ClientError as error:
            last = ", ".join(self.names()[-5:]) or "none"
            raise DeployError(
                f"There is no deploy record {short} in s3://{self._bucket}/{PREFIX}; last: {last}"
            ) from error
        stored: dict[str, Any] = json.loads(body)
        if stored.pop("format", None) != _FORMAT:
            raise DeployError(f"s3://{self._bucket}/{PREFIX}{short}.json is not of format {_FORMAT}")
        for part in ("dags", "artifacts"):
            stored[part] = {key: StoredObject(**value) for key, value in stored[part].items()}
        return Record(**stored)

    def newest_first(self, most: int) -> list[Record]:
        """The last records.

        :param most: how many.
        """
        return [self.read(name) for name in reversed(self.names()[-most:])]

    def last_succeeded(self, before: str = "~", depth: int = 50) -> Record | None:
        """The newest record of a deployment that succeeded.

        :param before: only records whose name sorts before this one.
        :param depth: how many records to look at.
        """
        for name in reversed([name for name in self.names() if name < before][-depth:]):
            record = self.read(name)
            if record.succeeded:
                return record
        return None
