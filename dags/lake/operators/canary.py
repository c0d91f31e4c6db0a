"""The canary's own steps: land a record, look for it in the catalog, compare what came back, tell how fresh it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.canary import CURATED, DATABASE, LANDING, STAGING, canary_tables, new_record, read_record, runs_of
from lake.catalog import ContractTable, find_partition
from lake.clients import client
from lake.failures import refused_call
from lake.operators.redshift import records
from lake.operators.schema import EnsureTablesOperator
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

# Columns of the two files record.check.sql, in their order.
READ_BACK = ("run_key", "note", "sender", "pieces", "amount", "sent_at")
NAMESPACE = "Sluice"
AGE_METRIC, SUCCESS_METRIC = "CanaryAgeSeconds", "CanarySucceeded"


class CloudWatchHook(AwsBaseHook):
    """The provider has a hook for CloudWatch's logs only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "client_type": "cloudwatch"})


class EnsureCanaryTablesOperator(EnsureTablesOperator):
    """Create the canary's tables in the Glue catalog if they are missing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(product=DATABASE, **kwargs)

    def _wanted(self) -> list[ContractTable]:
        return canary_tables()


class LandRecordOperator(AwsBaseOperator[S3Hook]):
    """Make a record and land it as a supplier would. Each attempt makes a new one, so a repeated run is a new test.

    XComs: ``run`` (the record's name in every zone), ``run_key``.
    """

    aws_hook_class = S3Hook

    def execute(self, context: Context) -> str:
        """:return: S3 address of the landed file"""
        from botocore.exceptions import ClientError

        record = new_record(context["ti"].run_id)
        address = f"{LANDING}run={record.run}/record.csv"
        try:
            self.hook.load_string(record.csv, address, replace=True)
        except ClientError as error:
            raise refused_call(error, f"land {address}", "mwaa/cloudformation/canary.yaml gives the right.") from error
        context["ti"].xcom_push(key="run", value=record.run)
        context["ti"].xcom_push(key="run_key", value=record.run_key)
        return address


class CheckCrawledOperator(AwsBaseOperator[GlueCatalogHook]):
    """Fail unless the crawler has put the run's folder into the catalog.

    :param run: the record's run (templated)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("run")

    def __init__(self, *, run: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def execute(self, context: Context) -> str:
        """:return: location of the crawled partition"""
        from botocore.exceptions import ClientError

        try:
            found = find_partition(self.hook.conn, DATABASE, DATABASE, self.run)
        except ClientError as error:
            raise refused_call(error, f"read the crawled partition of {self.run}", "See canary.yaml.") from error
        if found is None:
            raise AirflowFailException(
                f"The crawler {LAKE.name('canary')} ended well but left no partition {self.run} in "
                f"{DATABASE}.{DATABASE}. Its log is in a CloudWatch log group /aws-glue/crawlers*."
            )
        return str(found["StorageDescriptor"]["Location"])


class CompareRecordOperator(AwsBaseOperator[AthenaHook]):
    """Compare what the lake and the warehouse show with what was sent.

    :param run: the record's run (templated)
    :param lake_query: id of the Athena query that read it (templated)
    :param warehouse_statement: id of the Redshift statement that read it (templated)
    """

    aws_hook_class = AthenaHook
    template_fields = aws_template_fields("run", "lake_query", "warehouse_statement")

    def __init__(self, *, run: str, lake_query: str, warehouse_statement: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.lake_query = lake_query
        self.warehouse_statement = warehouse_statement

    def execute(self, context: Context) -> int:
        """:return: the record's age in seconds when it had come back"""
        record = read_record(self.run)
        athena: Any = self.hook.conn
        answer = athena.get_query_results(QueryExecutionId=self.lake_query)["ResultSet"]["Rows"]
        # The first row of a SELECT's result is its header (Athena API reference, GetQueryResults).
        in_lake = [dict(zip(READ_BACK, (cell.get("VarCharValue") for cell in row["Data"]), strict=True))
                   for row in answer[1:]]  # fmt: skip
        statement = records(client("redshift-data", self.aws_conn_id), self.warehouse_statement)
        in_warehouse = [dict(zip(READ_BACK, row, strict=True)) for row in statement]
        found = [*record.differences("The lake", in_lake), *record.differences("The warehouse", in_warehouse)]
        if not found and in_lake[0]["sender"] != in_warehouse[0]["sender"]:
            found = ["The lake and the warehouse show different pseudonyms"]
        if found:
            raise AirflowFailException(
                "The canary record came back changed:\n- " + "\n- ".join(found) + "\nReal data takes the same way."
            )
        age = round((datetime.now(UTC) - record.sent_at).total_seconds())
        self.log.info("Run %s came back whole after %s s.", self.run, age)
        return age


class PublishFreshnessOperator(AwsBaseOperator[CloudWatchHook]):
    """Publish to CloudWatch whether the record came back, and how old it was then. Runs also after a failure.

    :param compared: task whose result is the record's age
    """

    aws_hook_class = CloudWatchHook

    def __init__(self, *, compared: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.compared = compared

    def execute(self, context: Context) -> dict[str, float]:
        """:return: the published values"""
        from botocore.exceptions import ClientError

        age = context["ti"].xcom_pull(task_ids=self.compared)
        values = {SUCCESS_METRIC: 0.0} if age is None else {SUCCESS_METRIC: 1.0, AGE_METRIC: float(age)}
        dimensions = [{"Name": "Prefix", "Value": LAKE.prefix}, {"Name": "Env", "Value": LAKE.env}]
        units = {SUCCESS_METRIC: "Count", AGE_METRIC: "Seconds"}
        cloudwatch: Any = self.hook.conn
        try:
            cloudwatch.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": units[name]}
                    for name, value in values.items()
                ],
            )
        except ClientError as error:
            raise refused_call(error, "publish the canary's metrics", "See canary.yaml.") from error
        return values


class CleanUpOperator(AwsBaseOperator[S3Hook]):
    """Remove what the runs before the newest ones left in S3 and in the catalog. The warehouse does so while loading.

    The catalog comes first and landing last: while a run's landed file is there, a clean-up that broke off is repeated.

    :param keep: how many runs stay; overlapping runs are the newest, so theirs are never touched
    """

    aws_hook_class = S3Hook

    def __init__(self, *, keep: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep = keep

    def execute(self, context: Context) -> list[str]:
        """:return: the runs that were removed"""
        from botocore.exceptions import ClientError

        try:
            keys = {folder: self._keys(folder) for folder in (STAGING, CURATED, LANDING)}
            runs = sorted(runs_of([key for found in keys.values() for key in found]))
            old = runs[: max(0, len(runs) - self.keep)]
            for run in old:
                self._forget(run)
            for folder, found in keys.items():
                self._delete(folder, [key for key in found if runs_of([key]) & set(old)])
        except ClientError as error:
            raise refused_call(error, "clean up after the canary", "See canary.yaml.") from error
        self.log.info("%s run(s) removed, %s stay.", len(old), len(runs) - len(old))
        return old

    def _keys(self, folder: str) -> list[str]:
        bucket, prefix = self.hook.parse_s3_url(folder)
        return list(self.hook.list_keys(bucket_name=bucket, prefix=prefix) or [])

    def _delete(self, folder: str, keys: list[str]) -> None:
        if keys:
            self.hook.delete_objects(bucket=self.hook.parse_s3_url(folder)[0], keys=keys)

    def _forget(self, run: str) -> None:
        """Take a run out of the catalog: its partitions, and the helper table if its CTAS was killed."""
        catalog = client("glue", self.aws_conn_id)
        for table in ("record", DATABASE):
            try:
                catalog.delete_partition(DatabaseName=DATABASE, TableName=table, PartitionValues=[run])
            except catalog.exceptions.EntityNotFoundException:
                self.log.debug("%s.%s has no partition %s.", DATABASE, table, run)
        try:
            catalog.delete_table(DatabaseName=DATABASE, Name=f"record_{run}")
        except catalog.exceptions.EntityNotFoundException:
            self.log.debug("Run %s left no helper table.", run)
