"""Rule sets, runs and results, as the API shows them. Kept over restarts."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# Source: AWS Glue API reference, TaskStatusType
STARTING, RUNNING, STOPPING, STOPPED = "STARTING", "RUNNING", "STOPPING", "STOPPED"
SUCCEEDED, FAILED, TIMEOUT = "SUCCEEDED", "FAILED", "TIMEOUT"
ENDED_STATES = frozenset({STOPPED, SUCCEEDED, FAILED, TIMEOUT})

# Defaults of the start operations, in the API reference.
DEFAULT_WORKERS = 5
DEFAULT_TIMEOUT_MINUTES = 2880


def now() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(20)}"


@dataclass
class StoredRuleset:
    """:param rule_count: as ListDataQualityRulesets tells it."""

    name: str
    text: str
    rule_count: int
    description: str = ""
    target_table: dict[str, Any] | None = None
    security_configuration: str | None = None
    recommendation_run_id: str | None = None
    created_on: datetime = field(default_factory=now)
    last_modified_on: datetime = field(default_factory=now)

    def listed(self) -> dict[str, Any]:
        return _present(
            Name=self.name,
            Description=self.description,
            CreatedOn=self.created_on,
            LastModifiedOn=self.last_modified_on,
            TargetTable=self.target_table,
            RecommendationRunId=self.recommendation_run_id,
            RuleCount=self.rule_count,
        )

    def described(self) -> dict[str, Any]:
        return _present(
            Name=self.name,
            Description=self.description,
            Ruleset=self.text,
            TargetTable=self.target_table,
            CreatedOn=self.created_on,
            LastModifiedOn=self.last_modified_on,
            RecommendationRunId=self.recommendation_run_id,
            DataQualitySecurityConfiguration=self.security_configuration,
        )


@dataclass
class Run:
    """Anything that reads a table in the background; its engine changes it while it goes on.

    :param request: of the start operation.
    """

    id: str
    request: Mapping[str, Any]
    status: str = STARTING
    error: str | None = None
    started_on: datetime = field(default_factory=now)
    last_modified_on: datetime = field(default_factory=now)
    completed_on: datetime | None = None
    _began: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    @property
    def ended(self) -> bool:
        return self.status in ENDED_STATES

    @property
    def role(self) -> str:
        """Name of the role that the run reads as."""
        return str(self.request["Role"]).rsplit("/", 1)[-1]

    @property
    def timeout_minutes(self) -> int:
        return int(self.request.get("Timeout") or DEFAULT_TIMEOUT_MINUTES)

    def change(self, status: str, error: str | None = None) -> bool:
        """Move on; an ended run never changes again, and one that stops can only end.

        :returns: whether the run has this status now.
        """
        with self._lock:
            if self.ended or (self.status == STOPPING and status not in ENDED_STATES):
                return False
            moment = now()
            self.error = error or self.error
            self.last_modified_on = moment
            if status == RUNNING:
                self._began = time.time()
            if status in ENDED_STATES:
                self.completed_on = moment
            # Last, because a reader takes the state as the sign that the rest is there
            self.status = status
            return True

    def seconds(self) -> int:
        """How long the run used resources."""
        if self._began is None:
            return 0
        end = self.completed_on.timestamp() if self.completed_on is not None else time.time()
        return max(1, round(end - self._began))

    def described(self) -> dict[str, Any]:
        """What every kind of run tells about itself."""
        return _present(
            RunId=self.id,
            DataSource=self.request["DataSource"],
            Role=self.request["Role"],
            NumberOfWorkers=self.request.get("NumberOfWorkers") or DEFAULT_WORKERS,
            Timeout=self.timeout_minutes,
            Status=self.status,
            ErrorString=self.error,
            StartedOn=self.started_on,
            LastModifiedOn=self.last_modified_on,
            CompletedOn=self.completed_on,
            ExecutionTime=self.seconds(),
            AdditionalRunOptions=self.request.get("AdditionalRunOptions"),
        )

    def listed(self) -> dict[str, Any]:
        return {
            "RunId": self.id,
            "Status": self.status,
            "StartedOn": self.started_on,
            "DataSource": self.request["DataSource"],
        }


@dataclass
class EvaluationRun(Run):
    """:param texts: the rule sets as they were when the run was started, by name."""

    texts: dict[str, str] = field(default_factory=dict)
    result_ids: list[str] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        return super().described() | _present(
            RulesetNames=list(self.texts),
            ResultIds=self.result_ids or None,
            AdditionalDataSources=self.request.get("AdditionalDataSources"),
        )


@dataclass
class RecommendationRun(Run):
    """:param recommended: the rule set that was proposed."""

    recommended: str | None = None

    def described(self) -> dict[str, Any]:
        return super().described() | _present(
            RecommendedRuleset=self.recommended,
            CreatedRulesetName=self.request.get("CreatedRulesetName"),
            DataQualitySecurityConfiguration=self.request.get("DataQualitySecurityConfiguration"),
        )

    def listed(self) -> dict[str, Any]:
        return super().listed() | _present(CreatedRulesetName=self.request.get("CreatedRulesetName"))


@dataclass
class Result:
    """What one rule set found in one run.

    :param rules: members of DataQualityRuleResult. :param analyzers: members of DataQualityAnalyzerResult.
    """

    ruleset: str
    run_id: str
    data_source: Mapping[str, Any]
    started_on: datetime
    rules: list[dict[str, Any]]
    analyzers: list[dict[str, Any]]
    id: str = field(default_factory=lambda: new_id("dqresult"))
    completed_on: datetime = field(default_factory=now)

    def described(self) -> dict[str, Any]:
        passed = sum(rule["Result"] == "PASS" for rule in self.rules)
        return _present(
            ResultId=self.id,
            Score=passed / len(self.rules) if self.rules else None,
            DataSource=self.data_source,
            RulesetName=self.ruleset,
            StartedOn=self.started_on,
            CompletedOn=self.completed_on,
            RulesetEvaluationRunId=self.run_id,
            RuleResults=self.rules,
            AnalyzerResults=self.analyzers or None,
        )

    def listed(self) -> dict[str, Any]:
        return {"ResultId": self.id, "DataSource": self.data_source, "StartedOn": self.started_on}


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
