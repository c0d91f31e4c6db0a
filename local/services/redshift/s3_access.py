"""S3 as the IAM role of a COPY or UNLOAD sees it."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import service_client
from local.services.redshift.errors import RedshiftError

if TYPE_CHECKING:
    from local.services.redshift.engine.session import Session

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class S3File:
    """:param size: bytes of the object."""

    bucket: str
    key: str
    size: int

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def split_url(url: str) -> tuple[str, str]:
    """:raises RedshiftError: not an S3 URL"""
    found = re.match(r"s3://([^/]+)/?(.*)\Z", url, re.DOTALL)
    if found is None:
        raise RedshiftError(f"'{url}' is not a valid S3 path; it must start with s3://<bucket>/")
    return found[1], found[2]


def principal_of(session: Session, iam_role: str | None) -> str:
    """The name of the role that reads for a statement.

    :param iam_role: ARN; None for the warehouse's default role
    :raises RedshiftError: the role does not belong to the warehouse
    """
    warehouse = session.warehouse
    role = iam_role or warehouse.default_iam_role
    if role is None:
        raise RedshiftError("default IAM role is not set for this warehouse", hint="use IAM_ROLE '<arn>'")
    role = role.split(",")[-1].strip()  # role chaining: the last role reads
    if not re.match(r"arn:aws[\w-]*:iam::\d{12}:role/.+", role):
        raise RedshiftError(f'invalid IAM role ARN "{role}"')
    if role not in warehouse.iam_roles and role != warehouse.default_iam_role:
        raise RedshiftError(
            f"User arn:aws:redshift:{session.settings.region}:{session.settings.account_id}:dbuser:"
            f"{warehouse.identifier}/{session.user.name} is not authorized to assume IAM Role {role}",
            hint="associate the role with the namespace (IamRoles)",
        )
    return role.rsplit("/", 1)[-1]


class S3Access:
    """S3 with the rights of one role."""

    def __init__(self, session: Session, iam_role: str | None) -> None:
        """:param iam_role: ARN; None for the warehouse's default role

        :raises RedshiftError: the role does not belong to the warehouse
        """
        self._session = session
        self._client: Any = service_client("s3", session.settings, principal=principal_of(session, iam_role))

    def files(self, url: str) -> list[S3File]:
        """Objects below a prefix, without folder markers."""
        bucket, prefix = split_url(url)
        with _readable_errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [
                S3File(bucket, item["Key"], item["Size"])
                for page in pages
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/")
            ]

    def find(self, url: str) -> S3File:
        """One object.

        :raises RedshiftError: it is missing or may not be read
        """
        bucket, key = split_url(url)
        with _readable_errors(key):
            return S3File(bucket, key, self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])

    def read(self, url: str) -> bytes:
        bucket, key = split_url(url)
        with _readable_errors(key):
            content: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return content

    @contextlib.contextmanager
    def downloaded(self, file: S3File) -> Iterator[Path]:
        """The object as a local file: a load never holds a whole file in memory."""
        with tempfile.TemporaryDirectory(prefix="redshift-", dir=self._session.settings.folder("tmp")) as folder:
            path = Path(folder) / "file"
            with _readable_errors(file.key), path.open("wb") as target:
                body = self._client.get_object(Bucket=file.bucket, Key=file.key)["Body"]
                while chunk := body.read(_CHUNK_BYTES):
                    self._session.check_cancelled()
                    target.write(chunk)
            yield path

    def upload(self, path: Path, bucket: str, key: str) -> None:
        with _readable_errors(key):
            self._client.upload_file(str(path), bucket, key)

    def write(self, content: bytes, bucket: str, key: str) -> None:
        with _readable_errors(key):
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def delete(self, files: list[S3File]) -> None:
        for file in files:
            with _readable_errors(file.key):
                self._client.delete_object(Bucket=file.bucket, Key=file.key)


@contextlib.contextmanager
def _readable_errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        names = {403: ("Access Denied", "AccessDenied"), 404: ("The specified key does not exist.", "NoSuchKey")}
        text, name = names.get(status, (error.response["Error"].get("Message", code), code))
        if code == "NoSuchBucket":
            text, name = "The specified bucket does not exist", code
        raise RedshiftError(f"S3ServiceException:{text},Status {status},Error {name},key {key}") from error
    except BotoCoreError as error:
        raise RedshiftError(f"S3ServiceException:{error},key {key}") from error
