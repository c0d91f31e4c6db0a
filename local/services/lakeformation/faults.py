"""Failures on request: the errors AWS gives under concurrency, so that clients can prove they cope.

Write ``<state>/lakeformation/faults.json``, for example ``{"calls": 0.3, "entries": 0.2, "seed": 7}``: the share of
changing calls and of batch entries that fail with ConcurrentModificationException. Without the file nothing fails.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from local.errors import AwsError

FAULTS_FILE = "faults.json"


class Faults:
    """Decides which calls fail. The file is read again when it changes.

    :param folder: folder of the file
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FAULTS_FILE
        self._loaded = ""
        self._calls = 0.0
        self._entries = 0.0
        self._random = random.Random()  # noqa: S311 - not for secrets

    def strike_call(self) -> None:
        """:raises AwsError: ConcurrentModificationException for the given share of calls"""
        self._reload()
        self._strike(self._calls)

    def strike_entry(self) -> None:
        """:raises AwsError: ConcurrentModificationException for the given share of batch entries"""
        self._reload()
        self._strike(self._entries)

    def _strike(self, share: float) -> None:
        if share and self._random.random() < share:
            raise AwsError("ConcurrentModificationException", "Please retry the operation in a short while.")

    def _reload(self) -> None:
        text = self._path.read_text() if self._path.exists() else "{}"
        if text == self._loaded:
            return
        wanted = json.loads(text)
        self._calls, self._entries = float(wanted.get("calls", 0)), float(wanted.get("entries", 0))
        self._random = random.Random(wanted.get("seed"))  # noqa: S311 - not for secrets
        self._loaded = text
