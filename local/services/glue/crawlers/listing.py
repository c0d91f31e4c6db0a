"""The files of a crawler's S3 target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Written by Hadoop and Spark beside the data; readers of tables skip them too.
_HIDDEN_PREFIXES = ("_", ".")
_HADOOP_FOLDER_SUFFIX = "_$folder$"


@dataclass(frozen=True)
class S3File:
    """One object with data."""

    bucket: str
    key: str
    size: int
    etag: str

    @property
    def folder(self) -> str:
        """Key up to and including the last slash; empty at the bucket's root."""
        return self.key[: self.key.rfind("/") + 1]

    @property
    def name(self) -> str:
        return self.key[self.key.rfind("/") + 1 :]

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def split_target(path: str) -> tuple[str, str]:
    """Bucket and prefix of an include path.

    An include path names a folder, or exactly one object.

    :param path: ``s3://bucket/prefix/`` or ``bucket/prefix``
    """
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return bucket, prefix


def list_files(s3: Any, bucket: str, prefix: str, exclusions: Sequence[str] = ()) -> Iterator[S3File]:
    """All data files under a prefix: not hidden, not empty, not excluded.

    Only objects count: a prefix that was emptied may still be listed as a common prefix by the S3 server.

    :param prefix: folder with or without its slash, or the key of one object
    :param exclusions: glob patterns relative to the include path
    """
    excluded = [glob_to_regex(pattern) for pattern in exclusions]
    base = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    for entry in _objects(s3, bucket, prefix):
        key = entry["Key"]
        if key != prefix and not key.startswith(base):
            # landing/orders must not match landing/orders_old/
            continue
        relative = key[len(base) :] if key.startswith(base) else key[key.rfind("/") + 1 :]
        if entry["Size"] == 0 or not relative or is_hidden(relative):
            continue
        if any(pattern.fullmatch(relative) for pattern in excluded):
            continue
        yield S3File(bucket, key, entry["Size"], entry["ETag"].strip('"'))


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for answer in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from answer.get("Contents", [])


def is_hidden(relative: str) -> bool:
    """Whether any part of a path is hidden for readers of tables."""
    return relative.endswith(_HADOOP_FOLDER_SUFFIX) or any(
        part.startswith(_HIDDEN_PREFIXES) for part in relative.split("/")
    )


def glob_to_regex(pattern: str) -> re.Pattern[str]:
    """Translate one of Glue's exclude patterns.

    Source: AWS Glue guide, "Include and exclude patterns": ``*`` and ``?`` stay within a folder, ``**`` crosses
    folders, ``{a,b}`` are alternatives, ``[a-z]`` and ``[!a-z]`` are classes, a backslash escapes.
    """
    translated, position, depth = "", 0, 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**", position):
            translated, position = translated + ".*", position + 1
        elif character in _SIMPLE:
            translated += _SIMPLE[character]
        elif character == "[" and "]" in pattern[position:]:
            end = pattern.index("]", position)
            body = pattern[position + 1 : end]
            translated, position = translated + "[" + ("^" + body[1:] if body.startswith("!") else body) + "]", end
        elif character == "{":
            translated, depth = translated + "(?:", depth + 1
        elif character == "}" and depth:
            translated, depth = translated + ")", depth - 1
        elif character == "," and depth:
            translated += "|"
        else:
            position += character == "\\" and position + 1 < len(pattern)
            translated += re.escape(pattern[position])
        position += 1
    return re.compile(translated, re.DOTALL)


_SIMPLE = {"*": "[^/]*", "?": "[^/]"}
