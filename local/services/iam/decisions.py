"""The record of decisions: one JSON object a line in ``<state>/iam/decisions.jsonl``, the older half in ``.1``."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

log = logging.getLogger(__name__)

_FILE = "decisions.jsonl"
_LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Decision:
    """:param role: name of the role or user.
    :param statement: ``policy/Sid`` that decided; "" when none did, and for S3, which does not tell.
    :param context: condition keys of the request (not those of the caller).
    :param via: service that acted for the caller.
    :param agent: user agent of the request.
    :param call: the request itself, ``glue:StartJobRun``; "" for S3 and for what an engine did for the caller.
    :param time: seconds since 1970; 0 = now.
    """

    role: str
    action: str
    resource: str
    allowed: bool
    statement: str = ""
    context: Mapping[str, list[str]] = field(default_factory=dict)
    via: str = ""
    agent: str = ""
    call: str = ""
    time: float = 0.0


class DecisionLog:
    """:param folder: where the record is."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = threading.Lock()
        self._file: IO[str] | None = None
        self._size = 0

    def add(self, decision: Decision) -> None:
        """Append one decision. A full disk costs the record, not the call."""
        entry: dict[str, Any] = dict(decision.__dict__)
        entry["time"] = round(decision.time or time.time(), 3)
        line = json.dumps({key: value for key, value in entry.items() if value not in ("", {})}) + "\n"
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                log.warning("decision not recorded: %s", error)

    def _write(self, line: str) -> None:
        if self._file is None or self._size > _LIMIT_BYTES:
            self._open()
        assert self._file is not None
        self._file.write(line)
        self._file.flush()
        self._size += len(line)

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._path.exists() and self._path.stat().st_size > _LIMIT_BYTES:
            self._path.replace(self._path.with_name(f"{_FILE}.1"))
        self._file = self._path.open("a", encoding="utf-8")
        self._size = self._path.stat().st_size


def read_decisions(state_dir: Path, since: float = 0.0, until: float = float("inf")) -> Iterator[Decision]:
    """Decisions of a period, oldest first.

    :param state_dir: state folder of the local AWS.
    :param since: seconds since 1970.
    """
    folder = state_dir / "iam"
    for path in (folder / f"{_FILE}.1", folder / _FILE):
        if not path.exists():
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if since <= entry["time"] <= until:
                yield Decision(**entry)
