"""Successful checks by a fingerprint of everything they depend on, so that an unchanged input is not checked again."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_KEPT = 50


def fingerprint(parts: Iterable[tuple[str, bytes]]) -> str:
    """One hash of many named contents.

    :param parts: name and content.
    """
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


class Remembered:
    """:param path: file that keeps the results; lost or damaged, it only costs time.
    :param use: whether results are read (they are always written).
    """

    def __init__(self, path: Path, use: bool) -> None:
        self._path = path
        self._use = use
        self._lock = threading.Lock()

    def find(self, check: str, key: str) -> Any:
        """What a check returned for this input; None when it is not known.

        :param check: its name.
        :param key: fingerprint of its input.
        """
        return self._read().get(f"{check} {key}") if self._use else None

    def keep(self, check: str, key: str, result: Any) -> None:
        """Remember a success.

        :param check: its name.
        :param key: fingerprint of its input.
        :param result: JSON; not None.
        """
        with self._lock:
            known = self._read()
            known.pop(f"{check} {key}", None)
            known[f"{check} {key}"] = result
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(f".{os.getpid()}.tmp")
            draft.write_text(json.dumps(dict(list(known.items())[-_KEPT:]), indent=1))
            draft.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
