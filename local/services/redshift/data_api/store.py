"""Keeps statements and results in the state folder: they outlive a restart of the control plane."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from local.services.redshift.data_api.model import RETENTION_SECONDS, StatementRecord, now


class StatementStore:
    """All statements of the last 24 hours; safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._records: dict[str, StatementRecord] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.json")):
            self._load(path)
        self.remove_expired()

    def _load(self, path: Path) -> None:
        try:
            record = StatementRecord.from_json(json.loads(path.read_text()))
        except (ValueError, TypeError, KeyError):  # of an older version of this program
            path.unlink()
            return
        if record.active:
            # its connection ended with the process that ran it, so PostgreSQL has rolled it back
            for execution in (record, *record.subs):
                if execution.status in ("SUBMITTED", "PICKED", "STARTED"):
                    execution.status = "FAILED" if execution is record else "ABORTED"
            record.error = "ERROR: terminating connection due to administrator command: the control plane was restarted"
        self._records[record.id] = record
        self.save(record)

    def save(self, record: StatementRecord) -> None:
        path = self._folder / f"{record.id}.json"
        draft = path.with_suffix(".tmp")
        with self._lock:
            self._records[record.id] = record
            draft.write_text(json.dumps(record.to_json()))
            draft.replace(path)

    def get(self, statement_id: str) -> StatementRecord | None:
        record = self._records.get(statement_id)
        return record if record is not None and now() - record.created < RETENTION_SECONDS else None

    def all(self) -> list[StatementRecord]:
        """Newest first."""
        with self._lock:
            records = list(self._records.values())
        return sorted(records, key=lambda record: (-record.created, record.id))

    def by_token(self, token: str, caller_arn: str) -> StatementRecord | None:
        return next((r for r in self.all() if r.token == token and r.caller_arn == caller_arn), None)

    def result_path(self, execution_id: str) -> Path:
        return self._folder / f"{execution_id.replace(':', '.')}.rows"

    def remove_expired(self) -> None:
        with self._lock:
            for record in list(self._records.values()):
                if now() - record.created >= RETENTION_SECONDS and not record.active:
                    del self._records[record.id]
                    for path in self._folder.glob(f"{record.id}*"):
                        with contextlib.suppress(FileNotFoundError):
                            path.unlink()
