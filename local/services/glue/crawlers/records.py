"""Crawlers and their crawls, as GetCrawler and ListCrawls show them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.services.glue.crawlers.configuration import read_configuration
from local.services.glue.refusals import invalid

LOG_GROUP = "/aws-glue/crawlers"

# Source: AWS Glue API reference, defaults of CreateCrawler
DEFAULT_CHANGE_POLICY = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
DEFAULT_RECRAWL_POLICY = {"RecrawlBehavior": "CRAWL_EVERYTHING"}
UPDATE_BEHAVIORS = ("UPDATE_IN_DATABASE", "LOG")
DELETE_BEHAVIORS = ("DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG")
RECRAWL_BEHAVIORS = ("CRAWL_EVERYTHING", "CRAWL_NEW_FOLDERS_ONLY")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Crawl:
    """One run of a crawler.

    :param status: RUNNING, then SUCCEEDED, CANCELLED or FAILED (the words of LastCrawl.Status)
    """

    crawl_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "RUNNING"
    stopping: bool = False
    error_message: str | None = None
    summary: str = ""
    started_on: datetime = field(default_factory=now)
    ended_on: datetime | None = None
    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    log_group: str = LOG_GROUP

    @property
    def running(self) -> bool:
        return self.status == "RUNNING"

    def end(self, status: str, error_message: str | None = None) -> None:
        if self.running:
            self.error_message = error_message
            self.ended_on = now()
            self.status = status

    @property
    def seconds(self) -> float:
        return ((self.ended_on or now()) - self.started_on).total_seconds()

    def last_crawl_info(self, crawler_name: str) -> dict[str, Any]:
        info: dict[str, Any] = {
            "Status": self.status,
            "LogGroup": self.log_group,
            "LogStream": crawler_name,
            "MessagePrefix": self.crawl_id,
            "StartTime": self.started_on,
        }
        if self.error_message:
            info["ErrorMessage"] = self.error_message
        return info

    def history(self, crawler_name: str) -> dict[str, Any]:
        """One entry of ListCrawls, whose states have other words than LastCrawl's."""
        states = {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED"}
        answer: dict[str, Any] = {
            "CrawlId": self.crawl_id,
            "State": states.get(self.status, self.status),
            "StartTime": self.started_on,
            "Summary": self.summary,
            "DPUHour": 0.0,
            "LogGroup": self.log_group,
            "LogStream": crawler_name,
            "MessagePrefix": self.crawl_id,
        }
        optional = {"EndTime": self.ended_on, "ErrorMessage": self.error_message}
        return answer | {name: value for name, value in optional.items() if value}


class Crawler:
    """One crawler.

    :param definition: the members of CreateCrawler, without Name and Tags
    """

    def __init__(self, name: str, definition: dict[str, Any], arn: str) -> None:
        self.name = name
        self.arn = arn
        self.created_on = now()
        self.last_updated = self.created_on
        self.version = 0
        self.crawls: list[Crawl] = []
        self.definition: dict[str, Any] = {}
        self.replace(definition)

    def replace(self, changes: dict[str, Any]) -> None:
        """Take over members of CreateCrawler or UpdateCrawler.

        :raises AwsError: the definition is not valid, or asks for what the local AWS does not crawl
        """
        definition = self.definition | {name: value for name, value in changes.items() if value is not None}
        check_definition(definition)
        self.definition = definition
        self.version += 1
        self.last_updated = now()

    def get_name(self) -> str:
        """For moto's filter by tags."""
        return self.name

    @property
    def role(self) -> str:
        """Name of the IAM role; a definition may have its ARN."""
        return str(self.definition["Role"]).rsplit("/", 1)[-1]

    @property
    def last_crawl(self) -> Crawl | None:
        return self.crawls[-1] if self.crawls else None

    @property
    def state(self) -> str:
        crawl = self.last_crawl
        if crawl is None or not crawl.running:
            return "READY"
        return "STOPPING" if crawl.stopping else "RUNNING"

    def as_dict(self) -> dict[str, Any]:
        crawl = self.last_crawl
        answer = {
            "Classifiers": [],
            "RecrawlPolicy": DEFAULT_RECRAWL_POLICY,
            "SchemaChangePolicy": DEFAULT_CHANGE_POLICY,
            "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
            "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
            **self.definition,
            "Role": self.role,
            "Name": self.name,
            "State": self.state,
            "CrawlElapsedTime": int(crawl.seconds * 1000) if crawl and crawl.running else 0,
            "CreationTime": self.created_on,
            "LastUpdated": self.last_updated,
            "Version": self.version,
        }
        schedule = answer.pop("Schedule", None)
        if schedule:
            answer["Schedule"] = {"ScheduleExpression": schedule, "State": "SCHEDULED"}
        finished = [crawl for crawl in self.crawls if not crawl.running]
        if finished:
            answer["LastCrawl"] = finished[-1].last_crawl_info(self.name)
        return answer


def check_definition(definition: dict[str, Any]) -> None:
    """:raises AwsError: AWS would refuse it, or the local AWS cannot crawl it"""
    if not definition.get("Role"):
        raise invalid("Role is required.")
    targets = definition.get("Targets") or {}
    others = sorted(name for name, value in targets.items() if value and name != "S3Targets")
    if others:
        raise invalid(f"The local AWS crawls S3Targets only, not {', '.join(others)}.")
    if not targets.get("S3Targets"):
        raise invalid("At least one crawl target is required: set Targets.S3Targets.")
    for target in targets["S3Targets"]:
        if not str(target.get("Path") or "").removeprefix("s3://").strip("/"):
            raise invalid(f"Targets.S3Targets.Path must be s3://bucket/prefix, not {target.get('Path')!r}.")
    if not definition.get("DatabaseName"):
        raise invalid("DatabaseName is required for S3 targets.")
    read_configuration(definition.get("Configuration"))
    _check_policies(definition)
    if definition.get("Classifiers"):
        raise invalid("Custom classifiers do not run in the local AWS; the built-in ones for Parquet, JSON and CSV do.")


def _check_policies(definition: dict[str, Any]) -> None:
    change = DEFAULT_CHANGE_POLICY | (definition.get("SchemaChangePolicy") or {})
    recrawl = DEFAULT_RECRAWL_POLICY | (definition.get("RecrawlPolicy") or {})
    for value, allowed in (
        (change["UpdateBehavior"], UPDATE_BEHAVIORS),
        (change["DeleteBehavior"], DELETE_BEHAVIORS),
        (recrawl["RecrawlBehavior"], RECRAWL_BEHAVIORS),
    ):
        if value not in allowed:
            raise invalid(f"{value!r} is not supported; use one of {', '.join(allowed)}.")
    # Source: AWS Glue guide, "Incremental crawls": both behaviors must be LOG then
    if recrawl["RecrawlBehavior"] == "CRAWL_NEW_FOLDERS_ONLY" and {
        change["UpdateBehavior"],
        change["DeleteBehavior"],
    } != {"LOG"}:
        raise invalid(
            "The SchemaChangePolicy for a crawler with RecrawlBehavior CRAWL_NEW_FOLDERS_ONLY can have only LOG as "
            "UpdateBehavior and DeleteBehavior."
        )
