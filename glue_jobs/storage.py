"""Small objects in S3, or files for tests: list, read, write, copy. Rows go through Spark, not through here."""

from __future__ import annotations

import mimetypes
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class StoredFile:
    """A delivered file.

    :param name: path below the listed folder
    :param size: bytes
    """

    name: str
    size: int


def list_files(folder: str) -> list[StoredFile]:
    """List the files below a folder by name, without those Spark hides (names that start with ``_`` or ``.``).

    :param folder: ``s3://bucket/prefix/`` or a local folder, with a slash at the end
    """
    if not _is_s3(folder):
        root = Path(folder)
        found = [StoredFile(str(path.relative_to(root)), path.stat().st_size) for path in root.rglob("*")
                 if path.is_file()]  # fmt: skip
    else:
        bucket, prefix = _split(folder)
        pages = client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        objects = [entry for page in pages for entry in page.get("Contents", [])]
        found = [StoredFile(entry["Key"][len(prefix) :], entry["Size"]) for entry in objects]
    return sorted((file for file in found if _is_visible(file.name)), key=lambda file: file.name)


def read_text(uri: str) -> str:
    """Return the text of an object.

    :param uri: S3 URI or local path
    :raises FileNotFoundError: if it does not exist
    """
    if not _is_s3(uri):
        return Path(uri).read_text(encoding="utf-8")
    bucket, key = _split(uri)
    s3 = client()
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise FileNotFoundError(uri) from error
    return body.decode("utf-8")


def write_bytes(uri: str, content: bytes) -> None:
    """Write an object at once: readers see the old one, or the whole new one.

    :param uri: S3 URI or local path
    :param content: all of it
    """
    if not _is_s3(uri):
        target = Path(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(content)
        part.replace(target)
        return
    bucket, key = _split(uri)
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    client().put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind)


def delete_file(uri: str) -> None:
    """Delete an object; nothing happens when it does not exist.

    :param uri: S3 URI or local path
    """
    if not _is_s3(uri):
        Path(uri).unlink(missing_ok=True)
        return
    bucket, key = _split(uri)
    client().delete_object(Bucket=bucket, Key=key)


def copy_file(source: str, target: str) -> None:
    """Copy one object; inside S3 the bytes do not pass through the job.

    :param source: S3 URI or local path
    :param target: of the same kind as the source
    """
    if _is_s3(source):
        source_bucket, source_key = _split(source)
        bucket, key = _split(target)
        client().copy({"Bucket": source_bucket, "Key": source_key}, bucket, key)
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def upload_folder(folder: Path, target: str, pattern: str) -> None:
    """Write files below a local folder to a target folder.

    :param folder: local folder
    :param target: S3 URI or local path with a slash at the end
    :param pattern: which files, as ``Path.rglob`` understands it
    """
    for path in sorted(folder.rglob(pattern)):
        write_bytes(f"{target}{path.relative_to(folder).as_posix()}", path.read_bytes())


@cache
def client() -> Any:
    """Return the S3 client of this process: making one takes longer than most of what it is asked for."""
    import boto3

    return boto3.client("s3")


def _is_s3(uri: str) -> bool:
    return uri.startswith("s3://")


def _split(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri, allow_fragments=False)
    return parts.netloc, uri.split("/", 3)[3]


def _is_visible(name: str) -> bool:
    return not any(part.startswith(("_", ".")) for part in name.split("/")) and not name.endswith("/")
