"""Zip archives whose bytes depend on nothing but the files' names and contents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The earliest time a zip can hold; which one does not matter, as long as it is always the same.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of some files, the same bytes wherever and whenever it is made.

    :param files: content by name in the archive (``/`` between folders).
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def plugins_zip(folder: Path) -> bytes:
    """``plugins.zip`` as MWAA unpacks it: modules at its root, without a wrapping folder and without bytecode.

    :param folder: the repository's ``plugins/``.
    """
    return zipped({path.relative_to(folder).as_posix(): path.read_bytes() for path in _plugin_files(folder)})


def _plugin_files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".pyc", ".md"}
    ]
