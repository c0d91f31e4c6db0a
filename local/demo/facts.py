"""What the demo reports, read back through the services' own APIs as any client would."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.clients import service_client
from local.errors import LocalAwsError
from local.settings import LocalSettings

PRODUCT = "online_retail"
FACT_TABLES = ("fact_sales", "dim_product", "dim_customer")
WAREHOUSE_DATABASE = "lake"
POLL_SECONDS = 0.2
STATEMENT_LIMIT_SECONDS = 120


class DemoError(LocalAwsError):
    """Something the demo wanted to show could not be read; the message is for the person at the screen."""


@dataclass(frozen=True)
class DayLedger:
    """One day's rows: landed = published + quarantined + duplicates."""

    day: str
    landed: int
    published: int
    quarantined: int
    duplicates: int
    reasons: Mapping[str, int]

    @property
    def balanced(self) -> bool:
        return self.landed == self.published + self.quarantined + self.duplicates


@dataclass(frozen=True)
class View:
    """A materialized view of the warehouse."""

    name: str
    rows: int
    stale: bool


@dataclass(frozen=True)
class Access:
    """What one principal got from the same Athena query."""

    principal: str
    rows: int = 0
    columns: tuple[str, ...] = ()
    countries: int = 0
    refusal: str | None = None


class Reader:
    """Reads a deployed lake.

    :param settings: the local AWS it runs on
    """

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._s3 = service_client("s3", settings)

    def ledger(self, day: str) -> DayLedger:
        """The newest result of the day's cleaning job.

        :raises DemoError: the day has no result
        """
        bucket = self._settings.name("governance")
        prefix = f"results/{PRODUCT}/ingest_date={day}/"
        listed = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])  # type: ignore[attr-defined]
        if not listed:
            raise DemoError(f"no result of the cleaning job under s3://{bucket}/{prefix}: did the day run?")
        newest = max(listed, key=lambda item: item["LastModified"])["Key"]
        body = self._s3.get_object(Bucket=bucket, Key=newest)["Body"].read()  # type: ignore[attr-defined]
        result = json.loads(body)
        rows = result["rows"]
        return DayLedger(
            day=day,
            landed=rows["landed"],
            published=rows["published"],
            quarantined=rows["quarantined"],
            duplicates=rows["duplicates"],
            reasons=result["quarantined_by_reason"],
        )

    def partitions(self) -> dict[str, str]:
        """Published days and where each one's version lives."""
        glue = service_client("glue", self._settings)
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName="curated", TableName=PRODUCT)
        found = (partition for page in pages for partition in page["Partitions"])
        return {partition["Values"][0]: partition["StorageDescriptor"]["Location"] for partition in found}

    def warehouse(self, sql: str) -> list[list[Any]]:
        """Rows of one statement through the Redshift Data API.

        :raises DemoError: with Redshift's own error
        """
        data: Any = service_client("redshift-data", self._settings, self._settings.name("airflow"))
        workgroup = f"{self._settings.prefix}-{self._settings.env}"
        statement = data.execute_statement(WorkgroupName=workgroup, Database=WAREHOUSE_DATABASE, Sql=sql)["Id"]
        described = self._until_ended(lambda: data.describe_statement(Id=statement), ("FINISHED", "FAILED", "ABORTED"))
        if described["Status"] != "FINISHED":
            raise DemoError(f"Redshift: {described.get('Error', described['Status'])}\n  {sql}")
        records = data.get_statement_result(Id=statement)["Records"]
        return [[None if cell.get("isNull") else next(iter(cell.values())) for cell in row] for row in records]

    def table_rows(self) -> dict[str, int]:
        return {table: self.warehouse(f"SELECT COUNT(*) FROM mart.{table}")[0][0] for table in FACT_TABLES}

    def views(self) -> list[View]:
        """The materialized views of the mart, as Redshift's own catalog describes them."""
        listed = self.warehouse("SELECT TRIM(name), is_stale FROM svv_mv_info WHERE schema_name = 'mart' ORDER BY 1")
        stale = {"t", "true", True}
        return [
            View(name, self.warehouse(f"SELECT COUNT(*) FROM mart.{name}")[0][0], is_stale in stale)
            for name, is_stale in listed
        ]

    def best_sellers(self, count: int) -> list[list[Any]]:
        """The articles with the highest revenue, from a materialized view: code, description, pieces, revenue."""
        return self.warehouse(
            "SELECT stock_code, description, pieces, revenue FROM mart.product_sales "
            f"ORDER BY revenue DESC, stock_code LIMIT {count:d}"
        )

    def access(self, principal: str, sql: str) -> Access:
        """Run one Athena query as a principal and look at what came back.

        :param principal: role name without prefix, such as ``uk-analyst``
        """
        athena: Any = service_client("athena", self._settings, self._settings.name(principal))
        execution_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": "curated"},
            WorkGroup=self._settings.name(principal),
        )["QueryExecutionId"]
        execution = self._until_ended(
            lambda: athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"],
            ("SUCCEEDED", "FAILED", "CANCELLED"),
        )
        if execution["Status"]["State"] != "SUCCEEDED":
            return Access(principal, refusal=execution["Status"]["StateChangeReason"])
        bucket, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
        text = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()  # type: ignore[attr-defined]
        table = csv.DictReader(io.StringIO(text))
        rows = list(table)
        countries = {row["country"] for row in rows}
        return Access(principal, len(rows), tuple(table.fieldnames or ()), len(countries))

    @staticmethod
    def _until_ended(read: Any, ended: tuple[str, ...]) -> dict[str, Any]:
        deadline = time.monotonic() + STATEMENT_LIMIT_SECONDS
        while True:
            described: dict[str, Any] = read()
            status = described["Status"]
            state = status if isinstance(status, str) else status["State"]
            if state in ended:
                return described
            if time.monotonic() > deadline:
                raise DemoError(f"a statement is still {state} after {STATEMENT_LIMIT_SECONDS} s")
            time.sleep(POLL_SECONDS)
