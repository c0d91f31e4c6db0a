"""What the end-to-end tests do to the lake and read from it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.demo.airflow_runs import RunOutcome, WarmAirflow
from local.permissions.recording import Recorder

PRODUCT = "online_retail"
RUN_LIMIT_SECONDS = 480
WAREHOUSE_TABLES = ("fact_sales", "dim_product", "dim_customer")


@dataclass
class Lake:
    """The deployed lake and a warm Airflow beside it.

    :param aws: the ``local_aws`` fixture
    :param recorder: keeps what IAM decided during :meth:`record`
    """

    aws: Any
    airflow: WarmAirflow
    environment: dict[str, str]
    recorder: Recorder

    def client(self, service: str, principal: str | None = None) -> Any:
        return self.aws.client(service, self.aws.name(principal) if principal else "local-admin")

    @property
    def _workgroup(self) -> str:
        return str(self.aws.name("x")).removesuffix("-x")

    # --- landing -----------------------------------------------------------------------------------------------------

    def land(self, day: str, files: dict[str, bytes], complete: bool = True) -> None:
        """Deliver files for a day, as a supplier does: data first, the ``_SUCCESS`` marker last."""
        s3 = self.client("s3")
        bucket = self.aws.name("landing")
        for name, body in files.items():
            s3.put_object(Bucket=bucket, Key=f"{PRODUCT}/ingest_date={day}/{name}", Body=body)
        if complete:
            s3.put_object(Bucket=bucket, Key=f"{PRODUCT}/ingest_date={day}/_SUCCESS", Body=b"")

    def landed(self, day: str, name: str) -> bytes:
        """A delivered file as it lies in landing now."""
        key = f"{PRODUCT}/ingest_date={day}/{name}"
        body: bytes = self.client("s3").get_object(Bucket=self.aws.name("landing"), Key=key)["Body"].read()
        return body

    def run(self, dag_id: str, day: str, conf: dict[str, object] | None = None) -> RunOutcome:
        return self.airflow.run(dag_id, day, lambda _line: None, RUN_LIMIT_SECONDS, conf)

    def record(self, dag_id: str, day: str, conf: dict[str, object] | None = None) -> RunOutcome:
        """Run a DAG, and let the proof of permissions use the run (tests/e2e/test_roles.py)."""
        outcome: RunOutcome = self.recorder.dag(dag_id, day, lambda: self.run(dag_id, day, conf))
        return outcome

    def run_day(self, day: str) -> RunOutcome:
        return self.run("online_retail_daily", day)

    # --- reading back ------------------------------------------------------------------------------------------------

    def results(self, day: str) -> list[dict[str, Any]]:
        """Results of the day's cleaning runs, oldest first."""
        s3 = self.client("s3")
        bucket = self.aws.name("governance")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"results/{PRODUCT}/ingest_date={day}/").get("Contents", [])
        keys = [item["Key"] for item in sorted(listed, key=lambda item: item["LastModified"])]
        return [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]

    def query(self, sql: str, principal: str = "data-engineer") -> list[dict[str, str]]:
        """Rows of an Athena query, read from its result file (no paging, any number of rows).

        :raises AssertionError: with Athena's reason if the query fails
        """
        athena = self.client("athena", principal)
        execution_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": "curated"},
            # The pipeline's own workgroup has the environment's name, people's are named after them.
            WorkGroup=self._workgroup if principal == "airflow" else self.aws.name(principal),
        )["QueryExecutionId"]
        execution = wait_until(
            lambda: athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"],
            lambda e: e["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"},
        )
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]["StateChangeReason"]
        bucket, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
        text = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(text)))

    def warehouse(self, sql: str, principal: str | None = "airflow") -> list[list[Any]]:
        """Rows of a statement run through the Redshift Data API.

        :param principal: who runs it; None = the administrator
        :raises AssertionError: with Redshift's error if the statement fails
        """
        data = self.client("redshift-data", principal)
        statement = data.execute_statement(WorkgroupName=self._workgroup, Database="lake", Sql=sql)["Id"]
        described = wait_until(
            lambda: data.describe_statement(Id=statement), lambda d: d["Status"] in {"FINISHED", "FAILED", "ABORTED"}
        )
        assert described["Status"] == "FINISHED", described["Error"]
        if not described.get("HasResultSet"):
            return []
        pages = data.get_paginator("get_statement_result").paginate(Id=statement)
        return [
            [None if cell.get("isNull") else next(iter(cell.values())) for cell in record]
            for page in pages
            for record in page["Records"]
        ]

    def unbalanced_runs(self) -> list[dict[str, str]]:
        """Lines of the ledger that lose or invent rows: none, whatever was delivered, replayed or erased."""
        tables = self.client("glue").get_tables(DatabaseName="governance")["TableList"]
        if "ledger" not in {table["Name"] for table in tables}:
            return []
        return self.query(
            "SELECT * FROM governance.ledger WHERE landed <> published + quarantined + duplicates", "airflow"
        )

    def curated_checksum(self) -> str:
        """One hash over every row of the curated table, in an order of its own."""
        rows = self.query("SELECT * FROM curated.online_retail")
        return _checksum([list(row.values()) for row in rows])

    def curated_versions(self) -> dict[str, str]:
        """Where each published day lives: partition value -> location; nothing before the first publication."""
        glue = self.client("glue")
        if PRODUCT not in {table["Name"] for table in glue.get_tables(DatabaseName="curated")["TableList"]}:
            return {}
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName="curated", TableName=PRODUCT)
        return {p["Values"][0]: p["StorageDescriptor"]["Location"] for page in pages for p in page["Partitions"]}

    def warehouse_checksums(self) -> dict[str, str]:
        """One hash a warehouse table, over every row without the columns that say when it was loaded."""
        return {table: _checksum(self.warehouse(f"SELECT * FROM mart.{table}")) for table in WAREHOUSE_TABLES}

    def job_runs(self, day: str) -> list[dict[str, Any]]:
        """Runs of the cleaning job for one day, newest first."""
        pages = self.client("glue").get_paginator("get_job_runs").paginate(JobName=self.aws.name("clean-product"))
        runs = [run for page in pages for run in page["JobRuns"]]
        return [run for run in runs if run["Arguments"].get("--ingest_date") == day]

    def forget_everything(self) -> None:
        """Take published days and the warehouse away, so that a test can build them again in another order."""
        glue = self.client("glue")
        for day in self.curated_versions():
            glue.delete_partition(DatabaseName="curated", TableName="online_retail", PartitionValues=[day])
        self.warehouse("DROP SCHEMA IF EXISTS mart CASCADE")


def _checksum(rows: list[list[Any]]) -> str:
    lines = sorted(json.dumps(row, default=str) for row in rows)
    return f"{len(lines)} rows, sha256 {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def wait_until(read: Callable[[], Any], done: Callable[[Any], bool], limit_seconds: float = 120) -> Any:
    deadline = time.monotonic() + limit_seconds
    while True:
        value = read()
        if done(value):
            return value
        assert time.monotonic() < deadline, f"still not ended after {limit_seconds} s: {value}"
        time.sleep(0.2)
