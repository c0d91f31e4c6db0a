"""Query executions: what GetQueryExecution shows, kept over restarts."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from local.identity import Caller, access_key_for
from local.services.athena.errors import CATEGORY_SYSTEM, QueryFailed
from local.services.athena.statements import statement_kind

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL_STATES = (SUCCEEDED, FAILED, CANCELLED)

_INTERRUPTED = "Query was interrupted by a restart of local AWS. Please run it again."
_ENGINE_VERSION = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


@dataclass
class QueryExecution:
    """:param output_base: address of the result file without extension.
    :param caller_arn: who started it; results and metadata are for anybody with Athena rights, as on AWS.
    """

    query: str
    database: str
    catalog: str
    workgroup: str
    output_base: str
    output_enforced: bool
    caller_arn: str
    caller_name: str
    caller_via: str = field(default="", kw_only=True)
    parameters: list[str]
    result_configuration: dict[str, Any]
    scan_limit: int | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = QUEUED
    reason: str | None = None
    failure: QueryFailed | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    kind: str = ""
    substatement: str = ""
    scanned: int = 0
    engine_milliseconds: int = 0
    columns: list[dict[str, Any]] = field(default_factory=list)
    has_header: bool = False
    update_count: int = 0
    output_location: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.kind = statement_kind(self.query)

    @property
    def caller(self) -> Caller:
        """With whose rights the query runs."""
        return Caller(self.caller_arn, access_key_for(self.caller_name), getattr(self, "caller_via", ""))

    def place(self, folder: str) -> None:
        """:param folder: S3 location for results, ending in a slash."""
        self.output_base = folder + self.id
        self.output_location = self.output_base + (".csv" if self.kind == "DML" else ".txt")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()

    def start(self) -> bool:
        """Leave the queue.

        :returns: False if the query was cancelled meanwhile.
        """
        with self.lock:
            if self.state != QUEUED:
                return False
            self.state, self.started = RUNNING, time.time()
            return True

    def finish(self, state: str, reason: str | None = None, failure: QueryFailed | None = None) -> None:
        """Reach a final state. The first one counts: a cancelled query cannot succeed any more."""
        with self.lock:
            if self.state in FINAL_STATES:
                return
            self.state, self.reason, self.failure, self.completed = state, reason, failure, time.time()
            if self.started is not None:
                self.engine_milliseconds = int((self.completed - self.started) * 1000)

    def interrupted(self) -> None:
        """The process that ran this query is gone."""
        failure = QueryFailed("GENERIC_INTERNAL_ERROR", _INTERRUPTED)
        self.finish(FAILED, failure.reason, failure)

    def describe(self) -> dict[str, Any]:
        """``QueryExecution`` of the API."""
        with self.lock:
            described: dict[str, Any] = {
                "QueryExecutionId": self.id,
                "Query": self.query,
                "StatementType": self.kind,
                "SubstatementType": self.substatement,
                "ResultConfiguration": {**self.result_configuration, "OutputLocation": self.output_location},
                "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
                "QueryExecutionContext": {"Database": self.database, "Catalog": self.catalog},
                "Status": self._status(),
                "Statistics": self._statistics(),
                "WorkGroup": self.workgroup,
                "EngineVersion": _ENGINE_VERSION,
            }
            if self.parameters:
                described["ExecutionParameters"] = self.parameters
            return described

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason is not None:
            status["StateChangeReason"] = self.reason
        if self.failure is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.failure.category,
                "ErrorType": self.failure.error_type,
                "Retryable": self.failure.retryable or self.failure.category == CATEGORY_SYSTEM,
                "ErrorMessage": self.failure.reason,
            }
        return status

    def _statistics(self) -> dict[str, Any]:
        end = self.completed or time.time()
        queued = ((self.started or end) - self.submitted) * 1000
        return {
            "EngineExecutionTimeInMillis": self.engine_milliseconds,
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": int((end - self.submitted) * 1000),
            "QueryQueueTimeInMillis": int(queued),
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
