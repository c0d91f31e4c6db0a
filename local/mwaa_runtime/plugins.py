"""plugins.zip, unpacked as MWAA does: what does not survive the archive does not work here either."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from local.errors import LocalAwsError

_STAMP = ".plugins.sha256"


class PluginsError(LocalAwsError):
    """plugins.zip is no archive, or one that would write outside of the plugins folder."""


def unpack(archive: bytes, folder: Path) -> bool:
    """Replace a folder by the content of plugins.zip.

    :param archive: the file's bytes; empty means that the environment has no plugins.
    :param folder: ``<home>/plugins``; what else lies in it is deleted.
    :returns: whether it changed.
    :raises PluginsError: see the class; the folder is as before.
    """
    stamp = folder / _STAMP
    digest = hashlib.sha256(archive).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return False
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    if archive:
        _extract(archive, draft)
    (draft / _STAMP).write_text(digest)
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return True


def _extract(archive: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            for name in content.namelist():
                path = PurePosixPath(name)
                if path.is_absolute() or ".." in path.parts:
                    raise PluginsError(f"plugins.zip: {name!r} would be written outside of the plugins folder.")
            content.extractall(folder)
    except zipfile.BadZipFile as error:
        raise PluginsError(f"plugins.zip is not a zip archive ({error}).") from error
