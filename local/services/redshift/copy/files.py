"""The files of one COPY: all objects of a prefix, or the entries of a manifest."""

from __future__ import annotations

import json
from typing import Any

from local.services.redshift.copy.options import COLUMNAR, CopyOptions
from local.services.redshift.errors import RedshiftError
from local.services.redshift.s3_access import S3Access, S3File, split_url


def files_to_load(s3: S3Access, url: str, options: CopyOptions) -> list[S3File]:
    """Find what COPY reads.

    :raises RedshiftError: nothing there, a mandatory file is missing, or a file is not as the manifest says
    """
    files = _manifest_files(s3, url, options) if options.manifest else s3.files(url)
    if not files:
        raise RedshiftError(f"The specified S3 prefix '{split_url(url)[1]}' does not exist")
    return files


def _manifest_files(s3: S3Access, url: str, options: CopyOptions) -> list[S3File]:
    entries = _entries(s3, url)
    files = []
    for entry in entries:
        try:
            file = s3.find(entry["url"])
        except RedshiftError as error:
            if entry.get("mandatory") or "NoSuchKey" not in error.text:
                raise
            continue
        _check_length(file, entry, options)
        files.append(file)
    return files


def _entries(s3: S3Access, url: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(s3.read(url))
    except ValueError as error:
        raise RedshiftError(f"Problem reading manifest file - {url}: it is not JSON ({error})") from error
    entries = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(e, dict) and isinstance(e.get("url"), str) for e in entries):
        raise RedshiftError(f'Problem reading manifest file - {url}: "entries" with a "url" each are expected')
    return entries


def _check_length(file: S3File, entry: dict[str, Any], options: CopyOptions) -> None:
    """Columnar formats require the size of each file in the manifest (dg/loading-data-files-using-manifest)."""
    meta = entry.get("meta")
    length = meta.get("content_length") if isinstance(meta, dict) else None
    if length is None and options.format in COLUMNAR:
        raise RedshiftError(f"Problem reading manifest file - meta.content_length is missing for {file.url}")
    if length is not None and length != file.size:
        raise RedshiftError(
            f"Problem reading manifest file - {file.url} has {file.size} bytes, the manifest says {length}"
        )
