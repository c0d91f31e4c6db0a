"""Amazon S3 as the query engine sees it: data files, result files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.services.athena.errors import QueryFailed
from local.services.athena.forward_access import ForwardAccess
from local.services.athena.names import S3Address, as_folder, s3_address

_DELETE_BATCH = 1000


class DataFile(NamedTuple):
    """:param uri: ``s3://`` address. :param size: bytes."""

    uri: str
    size: int


class Storage:
    """:param rights: with whose rights S3 is reached."""

    def __init__(self, rights: ForwardAccess) -> None:
        self._rights = rights

    def data_files(self, location: str) -> list[DataFile]:
        """The files a table reads below a location.

        Hidden names (``_SUCCESS``, ``.part``) and empty objects are no data, as for Hive.
        """
        address = s3_address(location)
        prefix = as_folder(address.key) if address.key else ""
        found = []
        for entry in self._entries(self._rights.reader(address), S3Address(address.bucket, prefix)):
            relative = entry["Key"][len(prefix) :]
            hidden = any(part.startswith(("_", ".")) for part in relative.split("/"))
            if entry["Size"] and not entry["Key"].endswith("/") and not hidden:
                found.append(DataFile(f"s3://{address.bucket}/{entry['Key']}", entry["Size"]))
        return found

    def is_empty(self, location: str) -> bool:
        """Whether no object lies below a location to write to; empty folder markers do not count."""
        entries = self._entries(self._rights.writer(), s3_address(as_folder(location)))
        return all(entry["Key"].endswith("/") and not entry["Size"] for entry in entries)

    def put(self, uri: str, body: Any) -> None:
        """:param body: bytes, or a readable binary file."""
        address, client = s3_address(uri), self._rights.writer()
        try:
            if isinstance(body, bytes):
                client.put_object(Bucket=address.bucket, Key=address.key, Body=body)
            else:
                client.upload_fileobj(body, address.bucket, address.key)
        except ClientError as error:
            raise _write_failure(error, address) from error

    def read(self, uri: str) -> bytes:
        address = s3_address(uri)
        try:
            body: bytes = self._rights.reader(address).get_object(Bucket=address.bucket, Key=address.key)["Body"].read()
        except ClientError as error:
            raise _storage_failure(error, address) from error
        return body

    def read_from(self, uri: str, offset: int) -> Iterator[bytes]:
        """A result's bytes from ``offset`` on, in chunks.

        :raises ClientError: no such object, or the offset lies behind its end.
        """
        address = s3_address(uri)
        options = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._rights.writer().get_object(Bucket=address.bucket, Key=address.key, **options)
        body = answer["Body"]
        try:
            yield from body.iter_chunks(1 << 18)
        finally:
            body.close()

    def delete_containing(self, location: str, marker: str) -> None:
        """Delete the files of one failed query.

        :param marker: part of the file name that only that query's files carry.
        """
        address, client = s3_address(as_folder(location)), self._rights.writer()
        keys = [entry["Key"] for entry in self._entries(client, address) if marker in entry["Key"].rsplit("/", 1)[-1]]
        for start in range(0, len(keys), _DELETE_BATCH):
            batch = [{"Key": key} for key in keys[start : start + _DELETE_BATCH]]
            client.delete_objects(Bucket=address.bucket, Delete={"Objects": batch, "Quiet": True})

    def prepare_read(self, location: str) -> None:
        """For files that the query's database finds by itself: the caller gets the location's credentials, if any."""
        self._rights.reader(s3_address(location))

    def _entries(self, client: Any, address: S3Address) -> Iterable[dict[str, Any]]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=address.key)
        try:
            for page in pages:
                yield from page.get("Contents", [])
        except ClientError as error:
            raise _storage_failure(error, address) from error


def _write_failure(error: ClientError, address: S3Address) -> QueryFailed:
    if error.response.get("Error", {}).get("Code") == "AccessDenied":
        return QueryFailed(
            "",
            f"Access denied when writing output to url: {address.uri} . Please ensure you are allowed to access the S3 "
            "bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access your "
            "KMS key",
        )
    return _storage_failure(error, address)


def _storage_failure(error: ClientError, address: S3Address) -> QueryFailed:
    detail = error.response.get("Error", {})
    if detail.get("Code") in ("NoSuchBucket", "404"):
        return QueryFailed("HIVE_METASTORE_ERROR", f"The specified bucket does not exist: {address.bucket}")
    return QueryFailed("HIVE_FILESYSTEM_ERROR", f"{detail.get('Message', error)} ({address.uri})")
