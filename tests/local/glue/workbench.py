"""What the Glue tests work with: a bucket, a role and a database of their own in the shared local AWS."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.local import rights

ENDED = {"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR"}
OUTPUT_LOG = "/aws-glue/jobs/output"
ERROR_LOG = "/aws-glue/jobs/error"
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class StartedRun:
    """:param job: name of the job
    :param id: JobRunId
    """

    job: str
    id: str


@dataclass
class Workbench:
    """:param aws: the session's ``LocalAws``"""

    aws: Any
    name: str = field(default_factory=lambda: f"glue-tests-{uuid.uuid4().hex[:8]}")

    @property
    def bucket(self) -> str:
        return self.name

    @property
    def role(self) -> str:
        return self.name

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")

    @cached_property
    def glue(self) -> Any:
        return self.aws.client("glue")

    @cached_property
    def s3(self) -> Any:
        return self.aws.client("s3")

    @cached_property
    def logs(self) -> Any:
        return self.aws.client("logs")

    def build(self) -> None:
        """Create role, bucket and database, and let the role create tables there."""
        self.create_role(self.role)
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        self.grant(["CREATE_TABLE", "DESCRIBE"], {"Database": {"Name": self.database}})

    def create_role(self, name: str) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        iam = self.aws.client("iam")
        answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        rights.give(
            iam,
            name,
            *rights.use_bucket(self.bucket),
            *rights.CHANGE_CATALOG,
            rights.allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        )
        arn: str = answer["Role"]["Arn"]
        return arn

    def grant(self, permissions: list[str], resource: dict[str, Any], role: str | None = None) -> None:
        principal = f"arn:aws:iam::123456789012:role/{role or self.role}"
        self.aws.client("lakeformation").grant_permissions(
            Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource, Permissions=permissions
        )

    def put(self, key: str, body: str | bytes) -> str:
        """:return: the object's URI"""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode() if isinstance(body, str) else body)
        return f"s3://{self.bucket}/{key}"

    def keys(self, prefix: str) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    # --- jobs ----------------------------------------------------------------------------------------------------

    def create_job(self, script_location: str, **definition: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:8]}"
        defaults = {
            "Role": self.role,
            "GlueVersion": "5.1",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
            "Command": {"Name": "glueetl", "ScriptLocation": script_location, "PythonVersion": "3"},
        }
        self.glue.create_job(Name=name, **(defaults | definition))
        return name

    def start(self, script: str, arguments: dict[str, str] | None = None, **definition: Any) -> StartedRun:
        location = self.put(f"scripts/{uuid.uuid4().hex[:8]}/script.py", script)
        job = self.create_job(location, **definition)
        return StartedRun(job, self.glue.start_job_run(JobName=job, Arguments=arguments or {})["JobRunId"])

    def get(self, run: StartedRun) -> dict[str, Any]:
        answer: dict[str, Any] = self.glue.get_job_run(JobName=run.job, RunId=run.id)["JobRun"]
        return answer

    def wait(self, run: StartedRun, states: set[str] = ENDED) -> dict[str, Any]:
        """Wait until a run is in one of some states."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.get(run)
            if answer["JobRunState"] in states:
                return answer
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{run.id} is still {answer['JobRunState']}")

    def run(self, script: str, arguments: dict[str, str] | None = None, **definition: Any) -> dict[str, Any]:
        """Run a script to its end."""
        return self.wait(self.start(script, arguments, **definition))

    def output(self, run_id: str) -> list[str]:
        return self.messages(OUTPUT_LOG, run_id)

    def errors(self, run_id: str) -> list[str]:
        return self.messages(ERROR_LOG, run_id)

    def messages(self, group: str, stream: str) -> list[str]:
        answer = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in answer["events"]]

    def wait_for_output(self, run: StartedRun, line: str) -> None:
        """Wait until a running script has printed a line: then it is where the test wants it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = (
                self.logs.filter_log_events(logGroupName=OUTPUT_LOG, logStreamNames=[run.id])["events"]
                if self._has_stream(run)
                else []
            )
            if any(event["message"] == line for event in found):
                return
            state = self.get(run)
            assert state["JobRunState"] not in ENDED, state
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{run.id} has not printed {line!r}")

    def _has_stream(self, run: StartedRun) -> bool:
        groups = self.logs.describe_log_groups(logGroupNamePrefix=OUTPUT_LOG)["logGroups"]
        if not groups:
            return False
        return bool(self.logs.describe_log_streams(logGroupName=OUTPUT_LOG, logStreamNamePrefix=run.id)["logStreams"])

    # --- crawlers ------------------------------------------------------------------------------------------------

    def create_crawler(self, *paths: str, **definition: Any) -> str:
        name = f"crawler-{uuid.uuid4().hex[:8]}"
        targets = [{"Path": path} for path in paths]
        defaults = {"Role": self.role, "DatabaseName": self.database, "Targets": {"S3Targets": targets}}
        self.glue.create_crawler(Name=name, **(defaults | definition))
        return name

    def crawl(self, crawler: str) -> dict[str, Any]:
        """Start a crawler, wait for its end.

        :return: LastCrawl
        """
        self.glue.start_crawler(Name=crawler)
        return self.wait_for_crawler(crawler)

    def wait_for_crawler(self, crawler: str) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.glue.get_crawler(Name=crawler)["Crawler"]
            if answer["State"] == "READY":
                last: dict[str, Any] = answer["LastCrawl"]
                return last
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{crawler} is still {answer['State']}")

    def crawl_log(self, last_crawl: dict[str, Any]) -> str:
        lines = self.messages(last_crawl["LogGroup"], last_crawl["LogStream"])
        return "\n".join(line for line in lines if last_crawl["MessagePrefix"] in line)

    def crawl_once(self, *paths: str, **definition: Any) -> dict[str, Any]:
        return self.crawl(self.create_crawler(*paths, **definition))

    def table(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        return answer

    def table_names(self) -> set[str]:
        return {table["Name"] for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def partition_values(self, name: str) -> list[list[str]]:
        answer = self.glue.get_partitions(DatabaseName=self.database, TableName=name)
        return [partition["Values"] for partition in answer["Partitions"]]


def columns(described: dict[str, Any]) -> dict[str, str]:
    """Names and types of a table's or partition's columns."""
    return {column["Name"]: column["Type"] for column in described["StorageDescriptor"]["Columns"]}
