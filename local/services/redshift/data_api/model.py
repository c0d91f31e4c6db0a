"""Statements of the Data API and how they are kept."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

ACTIVE = ("SUBMITTED", "PICKED", "STARTED")
RETENTION_SECONDS = 24 * 3600  # of statements and results (mgmt/data-api)


def now() -> float:
    """Seconds since the epoch with milliseconds, as the API gives them."""
    return round(time.time(), 3)


@dataclass
class Execution:
    """One SQL text and what became of it: a statement, or one of a batch.

    :param duration: nanoseconds; -1 = not finished.
    :param result: number of the stored result, None = no result set.
    """

    id: str
    sql: str
    status: str = "SUBMITTED"
    created: float = field(default_factory=now)
    updated: float = field(default_factory=now)
    duration: int = -1
    error: str | None = None
    rows: int = -1
    size: int = -1
    query_id: int = 0
    has_result: bool = False
    columns: list[dict[str, Any]] = field(default_factory=list)

    def set_status(self, status: str) -> None:
        self.status, self.updated = status, now()


@dataclass
class StatementRecord(Execution):
    """A call of ExecuteStatement or BatchExecuteStatement.

    :param target: the request's names, given back by DescribeStatement.
    :param caller_arn: only this principal reads the result.
    """

    batch: bool = False
    subs: list[Execution] = field(default_factory=list)
    parameters: list[dict[str, str]] = field(default_factory=list)
    target: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    token: str | None = None
    request_hash: str = ""
    caller_arn: str = ""
    session_id: str | None = None
    execution_mode: str = "TRANSACTION"
    result_format: str = "JSON"
    process_id: int = 0

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def sqls(self) -> list[str]:
        return [sub.sql for sub in self.subs] if self.batch else [self.sql]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> StatementRecord:
        record = cls(**{**content, "subs": []})
        record.subs = [Execution(**sub) for sub in content["subs"]]
        return record


def new_id() -> str:
    return str(uuid.uuid4())
