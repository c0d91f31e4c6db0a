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
    role = role_chain(role).split(",")[-1]  # role chaining: the last role reads
    if role not in warehouse.iam_roles and role != warehouse.default_iam_role:
        raise RedshiftError(
            f"User arn:aws:redshift:{session.settings.region}:{session.settings.account_id}:dbuser:"
            f"{warehouse.identifier}/{session.user.name} is not authorized to assume IAM Role {role}",
            hint="associate the role with the namespace (IamRoles)",
        )
    return role.rsplit("/", 1)[-1]


def role_chain(text: str) -> str:
    """An IAM role's ARN as it is compared; chained roles are parted by commas.

    :raises RedshiftError: not an ARN
    """
    roles = [role.strip() for role in text.split(",")]
    for role in roles:
        if not re.match(r"arn:aws[\w-]*:iam::\d{12}:role/.+", role):
            raise RedshiftError(f'invalid IAM role ARN "{role}"')
    return ",".join(roles)


def _require_assume_role(session: Session, iam_role: str | None, command: str) -> None:
    """:raises RedshiftError: the user may not have the command use the role (dg/r_GRANT, ASSUMEROLE)"""
    default = session.warehouse.default_iam_role
    role = role_chain(iam_role or default or "")
    names = [role, "default"] if role == default else [role]
    row = session.execute("SELECT redshift_may_assume_role(%s, %s)", (names, command)).fetchone()
    if not row or not row[0]:
        raise RedshiftError(
            f'User "{session.user.name}" does not have ASSUMEROLE permission on IAM role "{role}" for {command}',
            hint="a superuser grants it: GRANT ASSUMEROLE ON '<arn>' TO <user> FOR " + command,
        )


class S3Access:
    """S3 with the rights of one role."""

    def __init__(self, session: Session, iam_role: str | None, command: str) -> None:
        """:param iam_role: ARN; None for the warehouse's default role
        :param command: COPY or UNLOAD

        :raises RedshiftError: the role does not belong to the warehouse, or the user may not use it
        """
        self._session = session
        self._principal = principal_of(session, iam_role)
        _require_assume_role(session, iam_role, command)
        self._client: Any = service_client("s3", session.settings, principal=self._principal)

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
        # upload_file would hide what S3 answered behind an error of its own
        with self._writing(bucket, key), path.open("rb") as content:
            self._client.upload_fileobj(content, bucket, key)

    def write(self, content: bytes, bucket: str, key: str) -> None:
        with self._writing(bucket, key):
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def delete(self, files: list[S3File]) -> None:
        for file in files:
            with self._writing(file.bucket, file.key):
                self._client.delete_object(Bucket=file.bucket, Key=file.key)

    def _writing(self, bucket: str, key: str) -> contextlib.AbstractContextManager[None]:
        return _readable_errors(key, f"IAM role {self._principal} was writing or deleting s3://{bucket}/{key}")


@contextlib.contextmanager
def _readable_errors(key: str, detail: str | None = None) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        names = {403: ("Access Denied", "AccessDenied"), 404: ("The specified key does not exist.", "NoSuchKey")}
        text, name = names.get(status, (error.response["Error"].get("Message", code), code))
        if code == "NoSuchBucket":
            text, name = "The specified bucket does not exist", code
        raise RedshiftError(f"S3ServiceException:{text},Status {status},Error {name},key {key}", detail) from error
    except BotoCoreError as error:
        raise RedshiftError(f"S3ServiceException:{error},key {key}", detail) from error
