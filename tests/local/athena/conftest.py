"""One warm local AWS for all Athena tests, with buckets and databases of this session's own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import LocalAws

_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
_LIMIT_SECONDS = 120


@dataclass
class Outcome:
    """How a query ended. ``rows`` are the data rows, without the header."""

    execution: dict[str, Any]
    rows: list[list[str | None]] = field(default_factory=list)
    header: list[str | None] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.execution["QueryExecutionId"])

    @property
    def state(self) -> str:
        return str(self.execution["Status"]["State"])

    @property
    def reason(self) -> str:
        return str(self.execution["Status"].get("StateChangeReason", ""))

    @property
    def scanned(self) -> int:
        return int(self.execution["Statistics"]["DataScannedInBytes"])

    def succeeded(self) -> Outcome:
        assert self.state == "SUCCEEDED", self.reason
        return self

    def failed(self, *texts: str) -> Outcome:
        assert self.state == "FAILED", f"{self.state}: {self.rows}"
        for text in texts:
            assert text in self.reason
        return self


class Athena:
    """Queries against the local AWS as a user makes them: StartQueryExecution, poll, GetQueryResults.

    ``@lake`` in SQL is this session's bucket; ``@raw`` and ``@curated`` are its databases.
    """

    def __init__(self, local_aws: LocalAws) -> None:
        self.local_aws = local_aws
        suffix = uuid.uuid4().hex[:8]
        self.bucket = f"athena-test-{suffix}"
        self.raw, self.curated = f"raw_{suffix}", f"curated_{suffix}"
        self.s3 = local_aws.client("s3")
        self.glue = local_aws.client("glue")
        self._clients: dict[str, Any] = {}

    def client(self, principal: str = "local-admin") -> Any:
        if principal not in self._clients:
            self._clients[principal] = self.local_aws.client("athena", principal)
        return self._clients[principal]

    def text(self, sql: str) -> str:
        return sql.replace("@lake", self.bucket).replace("@raw", self.raw).replace("@curated", self.curated)

    def start(self, sql: str, principal: str = "local-admin", database: str | None = None, **options: Any) -> str:
        options.setdefault("ResultConfiguration", {"OutputLocation": f"s3://{self.bucket}/results/"})
        answer = self.client(principal).start_query_execution(
            QueryString=self.text(sql), QueryExecutionContext={"Database": self.text(database or "@raw")}, **options
        )
        return str(answer["QueryExecutionId"])

    def wait(self, execution_id: str, principal: str = "local-admin") -> dict[str, Any]:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while time.monotonic() < deadline:
            execution = self.client(principal).get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] in _FINAL:
                return dict(execution)
            time.sleep(0.02)
        raise AssertionError(f"query {execution_id} did not end within {_LIMIT_SECONDS} s")

    def run(self, sql: str, principal: str = "local-admin", database: str | None = None, **options: Any) -> Outcome:
        execution = self.wait(self.start(sql, principal, database, **options), principal)
        outcome = Outcome(execution)
        if outcome.state != "SUCCEEDED":
            return outcome
        answer = self.client(principal).get_query_results(QueryExecutionId=outcome.id)
        rows = [[value.get("VarCharValue") for value in row["Data"]] for row in answer["ResultSet"]["Rows"]]
        has_header = execution["SubstatementType"] in ("SELECT", "EXPLAIN")
        outcome.header, outcome.rows = (rows[0], rows[1:]) if has_header and rows else ([], rows)
        return outcome

    def put(self, key: str, body: bytes | str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body if isinstance(body, bytes) else body.encode())

    def keys(self, prefix: str) -> list[str]:
        answer = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return sorted(entry["Key"] for entry in answer.get("Contents", []) if not entry["Key"].endswith("/"))


@pytest.fixture(scope="session")
def athena(local_aws: LocalAws) -> Iterator[Athena]:
    session = Athena(local_aws)
    session.s3.create_bucket(Bucket=session.bucket)
    for database in (session.raw, session.curated):
        session.glue.create_database(DatabaseInput={"Name": database})
    yield session
    for database in (session.raw, session.curated):
        session.glue.delete_database(Name=database)


@pytest.fixture
def table_name() -> Callable[[], str]:
    return lambda: f"t_{uuid.uuid4().hex[:10]}"
