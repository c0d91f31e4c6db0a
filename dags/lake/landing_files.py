"""Look at the files of a delivery without reading them whole: what is there, and what their headers say."""

from __future__ import annotations

import codecs
import csv
import zlib
from dataclasses import dataclass
from typing import Any

# Enough for a header of some thousand columns; only this much of each file is fetched.
HEAD_BYTES = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"
# zlib: a gzip wrapper around the largest window.
GZIP_WINDOW = 16 + zlib.MAX_WBITS


class UnreadableHeaderError(Exception):
    """The first line of a file cannot be read as a CSV header; the text says why and what the sender must do."""


class EmptyFileError(UnreadableHeaderError):
    """A file of zero bytes: it holds nothing to lose, so its neighbours may be processed."""


@dataclass(frozen=True)
class LandedFile:
    """One delivered file.

    :param key: S3 key
    :param etag: S3 ETag without quotes
    :param size: bytes
    """

    key: str
    etag: str
    size: int

    @property
    def name(self) -> str:
        """The key's last part."""
        return self.key.rsplit("/", 1)[-1]


def is_data(key: str) -> bool:
    """:return: False for folders and for names that begin with ``_`` or ``.``, which Spark, Athena and crawlers skip"""
    return not key.endswith("/") and key.rsplit("/", 1)[-1][:1] not in ("_", ".")


def list_files(s3: Any, bucket: str, prefix: str) -> list[LandedFile]:
    """:param s3: boto3 S3 client
    :return: the data files below a prefix, by key
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    objects = [entry for page in pages for entry in page.get("Contents", [])]
    return [
        LandedFile(entry["Key"], entry["ETag"].strip('"'), entry["Size"]) for entry in objects if is_data(entry["Key"])
    ]


def read_header(s3: Any, bucket: str, file: LandedFile, delimiter: str) -> list[str]:
    """Read the column names of a CSV file.

    :param s3: boto3 S3 client
    :param delimiter: of the contract
    :raises UnreadableHeaderError: if there is no header line
    """
    if file.size == 0:
        raise EmptyFileError("the file is empty (0 bytes), not even a header; it counts as no rows")
    body = s3.get_object(Bucket=bucket, Key=file.key, Range=f"bytes=0-{HEAD_BYTES - 1}")["Body"].read()
    line = first_line(text_of(unpacked(body)), whole=file.size <= HEAD_BYTES)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def unpacked(head: bytes) -> bytes:
    """:return: the beginning of the file's content. Its first bytes tell whether it is packed, as in the Glue job."""
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        return zlib.decompressobj(GZIP_WINDOW).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise UnreadableHeaderError(
            f"the gzip stream is damaged at its beginning ({error}); deliver it again"
        ) from error


def text_of(head: bytes) -> str:
    """:return: the head as text; a character cut in two at the end of the head is left out"""
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        # Rows may hold bad bytes, which the job quarantines; here only the first line matters.
        valid = head[: error.start].decode("utf-8-sig")
        if "\n" in valid:
            return valid
        raise UnreadableHeaderError(
            f"the header is not UTF-8 (byte {error.start}); deliver the file as UTF-8"
        ) from error


def first_line(text: str, *, whole: bool) -> str:
    """:param whole: whether the text is the whole file, so that a missing line end only means a file of one line
    :return: the header line
    """
    line, end, _ = text.partition("\n")
    if not end and not whole:
        raise UnreadableHeaderError(
            f"the first line is longer than {HEAD_BYTES} bytes; is this a CSV file with a header?"
        )
    if not line.strip():
        raise UnreadableHeaderError(
            "the first line is blank where the header must be; deliver the file with its header"
        )
    return line.rstrip("\r")
