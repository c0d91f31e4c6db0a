"""Amazon S3 as the query engine sees it: data files, result files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.services.athena.errors import QueryFailed
from local.services.athena.names import S3Address, as_folder, s3_address

_DELETE_BATCH = 1000


class DataFile(NamedTuple):
    """:param uri: ``s3://`` address. :param size: bytes."""

    uri: str
    size: int


class Storage:
    """:param client: boto3 S3 client with the engine's own (vended) credentials."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def data_files(self, location: str) -> list[DataFile]:
        """The files a table reads below a location.

        Hidden names (``_SUCCESS``, ``.part``) and empty objects are no data, as for Hive.
        """
        address = s3_address(location)
        prefix = as_folder(address.key) if address.key else ""
        found = []
        for entry in self._entries(S3Address(address.bucket, prefix)):
            relative = entry["Key"][len(prefix) :]
            hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
            if entry["Size"] and not entry["Key"].endswith("/") and not hidden:
                found.append(DataFile(f"s3://{address.bucket}/{entry['Key']}", entry["Size"]))
        return found

    def is_empty(self, location: str) -> bool:
        """Whether no object lies below a location; empty folder markers do not count."""
        entries = self._entries(s3_address(as_folder(location)))
        return all(entry["Key"].endswith("/") and not entry["Size"] for entry in entries)

    def put(self, uri: str, body: Any) -> None:
        """:param body: bytes, or a readable binary file."""
        address = s3_address(uri)
        try:
            if isinstance(body, bytes):
                self.client.put_object(Bucket=address.bucket, Key=address.key, Body=body)
            else:
                self.client.upload_fileobj(body, address.bucket, address.key)
        except ClientError as error:
            raise _storage_failure(error, address) from error

    def read(self, uri: str) -> bytes:
        address = s3_address(uri)
        try:
            body: bytes = self.client.get_object(Bucket=address.bucket, Key=address.key)["Body"].read()
        except ClientError as error:
            raise _storage_failure(error, address) from error
        return body

    def read_from(self, uri: str, offset: int) -> Iterator[bytes]:
        """The object's bytes from ``offset`` on, in chunks.

        :raises ClientError: no such object, or the offset lies behind its end.
        """
        address = s3_address(uri)
        options = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self.client.get_object(Bucket=address.bucket, Key=address.key, **options)
        body = answer["Body"]
        try:
            yield from body.iter_chunks(1 << 18)
        finally:
            body.close()

    def delete_containing(self, location: str, marker: str) -> None:
        """Delete the files of one failed query.

        :param marker: part of the file name that only that query's files carry.
        """
        address = s3_address(as_folder(location))
        keys = [entry["Key"] for entry in self._entries(address) if marker in entry["Key"].rsplit("/", 1)[-1]]
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = [{"Key": key} for key in keys[start : start + _DELETE_BATCH]]
            self.client.delete_objects(Bucket=address.bucket, Delete={"Objects": batch, "Quiet": True})

    def _entries(self, address: S3Address) -> Iterable[dict[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=address.key)
        try:
            for page in pages:
                yield from page.get("Contents", [])
        except ClientError as error:
            raise _storage_failure(error, address) from error


def _storage_failure(error: ClientError, address: S3Address) -> QueryFailed:
    detail = error.response.get("Error", {})
    if detail.get("Code") in ("NoSuchBucket", "404"):
        return QueryFailed("HIVE_METASTORE_ERROR", f"The specified bucket does not exist: {address.bucket}")
    return QueryFailed("HIVE_FILESYSTEM_ERROR", f"{detail.get('Message', error)} ({address.uri})")
