"""The beginning of a file: all a classifier reads, however big the file is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from local.services.glue.crawlers.listing import S3File

# Source: AWS Glue guide, "Crawlers": the crawler reads the first megabyte of a file.
SAMPLE_BYTES = 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = "\ufeff"


class UnreadableFile(Exception):
    """A file that no reader could read; the message says why."""


@dataclass(frozen=True)
class Sample:
    """The first megabyte of a file's content.

    :param content: decompressed
    :param complete: whether that is the whole content
    :param compression: ``none`` or ``gzip``
    :param stored_bytes: how many bytes of the stored file this content took
    """

    content: bytes
    complete: bool
    compression: str
    stored_bytes: int

    def text(self) -> str | None:
        """Complete lines of the sample as text; None for binary data."""
        if b"\x00" in self.content:
            return None
        content = self.content
        if not self.complete:
            content = content[: content.rfind(b"\n") + 1]
        return content.decode("utf-8", errors="replace").removeprefix(_UTF8_MARK)


def read_sample(s3: Any, file: S3File) -> Sample:
    """Read the beginning of a file.

    :raises UnreadableFile: a gzip file that is damaged or cut off
    """
    wanted = f"bytes=0-{SAMPLE_BYTES - 1}"
    stored = s3.get_object(Bucket=file.bucket, Key=file.key, Range=wanted)["Body"].read()
    whole = len(stored) >= file.size
    if not stored.startswith(_GZIP_MAGIC):
        return Sample(stored, whole, "none", len(stored))
    return _gunzipped(stored, whole)


def _gunzipped(stored: bytes, whole: bool) -> Sample:
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(stored, SAMPLE_BYTES)
    except zlib.error as error:
        raise UnreadableFile(f"the gzip file is damaged ({error})") from error
    used = len(stored) - len(decompressor.unconsumed_tail)
    if whole and not decompressor.eof and len(content) < SAMPLE_BYTES:
        raise UnreadableFile("the gzip file ends before its data does: it is truncated")
    return Sample(content, decompressor.eof, "gzip", max(used, 1))
