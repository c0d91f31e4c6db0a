"""Plan a load of the warehouse from what is published, and reconcile both afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake.athena_rows import athena_rows
from lake.clients import client
from lake.failures import refused_call
from lake.landing_files import list_files
from lake.operators.redshift import records
from lake.warehouse import (
    VERSION,
    PublishedDay,
    days_file,
    disagreements,
    load_name,
    manifest,
    pending_days,
    quoted_days,
    totals_by_key,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanLoadOperator(AwsBaseOperator[S3Hook]):
    """Find the published days the warehouse does not hold in their published version, and write the load's manifest.

    What is published is compared with the warehouse's own load ledger, so a load that was missed heals with the next
    one, whatever started it. If nothing is pending the task is skipped; views are still
    refreshed and all days compared.

    XComs: ``load`` (name of the load), ``manifest``, ``days_file`` (S3 addresses), ``days`` (SQL list of the days to
    check).

    :param table: database and name of the published table
    :param ledger_statement: id of the Redshift statement that answered day and version of what is loaded (templated)
    :param folder: S3 address below which the load's files are written, ending with a slash (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("ledger_statement", "folder")

    def __init__(self, *, table: str, ledger_statement: str, folder: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.ledger_statement = ledger_statement
        self.folder = folder

    def execute(self, context: Context) -> list[str]:
        from botocore.exceptions import ClientError

        try:
            published = self._published_days()
            pending = pending_days(published, self._loaded_versions())
            days = quoted_days(day.day for day in (pending or published))
            context["ti"].xcom_push(key="days", value=days)
            if not pending:
                raise AirflowSkipException(f"The warehouse holds all {len(published)} published days; nothing to load.")
            self._write(pending, context)
        except ClientError as error:
            raise refused_call(
                error, f"plan the load of {self.table}", "The airflow role reads the catalog and writes governance."
            ) from error
        return [day.day for day in pending]

    def _published_days(self) -> list[PublishedDay]:
        database, name = self.table.split(".")
        catalog = client("glue", self.aws_conn_id)
        try:
            pages = catalog.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
            partitions = [partition for page in pages for partition in page["Partitions"]]
        except catalog.exceptions.EntityNotFoundException as error:
            raise AirflowSkipException(f"{self.table} does not exist yet: no day was ever published.") from error
        return [
            PublishedDay(
                day=partition["Values"][0],
                version=partition.get("Parameters", {}).get(VERSION, ""),
                location=partition["StorageDescriptor"]["Location"],
                columns=tuple(
                    (column["Name"], column["Type"]) for column in partition["StorageDescriptor"].get("Columns", [])
                ),
            )
            for partition in partitions
        ]

    def _loaded_versions(self) -> dict[str, str]:
        conn = client("redshift-data", self.aws_conn_id)
        return {str(day): str(version) for day, version in records(conn, self.ledger_statement)}

    def _write(self, pending: list[PublishedDay], context: Context) -> None:
        load = load_name(pending)
        addresses = {"manifest": f"{self.folder}{load}/manifest.json", "days_file": f"{self.folder}{load}/days.csv"}
        files = [(url, size) for day in pending for url, size in self._files_of(day)]
        self.hook.load_string(manifest(files), addresses["manifest"], replace=True)
        self.hook.load_string(days_file(pending), addresses["days_file"], replace=True)
        self.log.info("Load %s: %s day(s), %s file(s)", load, len(pending), len(files))
        for key, value in {"load": load, **addresses}.items():
            context["ti"].xcom_push(key=key, value=value)

    def _files_of(self, day: PublishedDay) -> list[tuple[str, int]]:
        bucket, prefix = self.hook.parse_s3_url(day.location)
        files = [(f"s3://{bucket}/{file.key}", file.size) for file in list_files(self.hook.conn, bucket, prefix)]
        if not files:
            raise AirflowFailException(
                f"{self.table} shows {day.location} for {day.day}, but there are no files. Run that day of the "
                "producing DAG again, or point the partition at another version (docs/runbook.md, 'Roll a day back')."
            )
        return files


class ReconcileOperator(AwsBaseOperator[AthenaHook]):
    """Compare totals of the lake and the warehouse, and fail with the keys that differ.

    Both answer the same columns: a key (a day, or a group) and what is measured.

    :param lake_query: id of the Athena query (templated)
    :param warehouse_statement: id of the Redshift statement (templated)
    :param remedy: what to do about a difference, for the message
    """

    aws_hook_class = AthenaHook
    template_fields = aws_template_fields("lake_query", "warehouse_statement")

    def __init__(self, *, lake_query: str, warehouse_statement: str, remedy: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lake_query = lake_query
        self.warehouse_statement = warehouse_statement
        self.remedy = remedy

    def execute(self, context: Context) -> int:
        conn = client("redshift-data", self.aws_conn_id)
        athena: Any = self.hook.conn
        names, *rows = athena_rows(athena, self.lake_query)
        lake = totals_by_key(map(str, names), rows)
        warehouse = totals_by_key(map(str, names), records(conn, self.warehouse_statement))
        if differing := disagreements(lake, warehouse):
            raise AirflowFailException(
                f"The warehouse disagrees with the lake on {len(differing)} key(s):\n- "
                + "\n- ".join(differing)
                + f"\n{self.remedy}"
            )
        self.log.info("Lake and warehouse agree on %s key(s).", len(lake))
        return len(lake)
