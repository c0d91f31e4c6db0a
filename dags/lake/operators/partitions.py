"""Publish a version of a partition by one call to the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from lake.catalog import find_partition, partition_input
from lake.failures import refused_call
from lake.warehouse import VERSION

if TYPE_CHECKING:
    from airflow.sdk import Context


class PublishPartitionOperator(AwsBaseOperator[GlueCatalogHook]):
    """Let a partition show a version: one CreatePartition or UpdatePartition call swaps its location.

    A reader sees the old version or the new one, never a part of either. The files of the old version stay where they
    are, so that the partition can be pointed back at them (docs/runbook.md, "Roll a day back").

    :param database: Glue database
    :param table: Glue table
    :param value: value of the table's only partition column (templated)
    :param location: S3 folder of the version (templated)
    :param version: run key of the version (templated)
    :param rows: rows of the version, kept as a partition parameter; empty if unknown (templated)
    :param helper_table: database and name of the table that CTAS needed and nobody needs any more (templated)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("database", "table", "value", "location", "version", "rows", "helper_table")

    def __init__(
        self,
        *,
        database: str,
        table: str,
        value: str,
        location: str,
        version: str,
        rows: str | int = "",
        helper_table: tuple[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.table = table
        self.value = value
        self.location = location
        self.version = version
        self.rows = rows
        self.helper_table = helper_table

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            changed = self._swap()
            self._drop_helper_table()
        except ClientError as error:
            raise refused_call(
                error,
                f"publish {self.database}.{self.table} {self.value}",
                "The airflow role needs ALTER and INSERT on the table: see sync_permissions.",
            ) from error
        published: dict[str, Any] = {
            "day": self.value,
            "version": self.version,
            **({"rows": int(self.rows)} if self.rows else {}),
        }
        self.log.info("%s.%s %s %s", self.database, self.table, "now shows" if changed else "showed already", published)
        for asset in self.outlets:
            context["outlet_events"][asset].extra = published
        return published

    def _swap(self) -> bool:
        """:return: whether the partition was changed"""
        catalog: Any = self.hook.conn
        before = find_partition(catalog, self.database, self.table, self.value)
        if before is not None and before["StorageDescriptor"]["Location"] == self.location:
            return False
        table = catalog.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        parameters = {VERSION: self.version, **({"rows": str(self.rows)} if self.rows else {})}
        after = partition_input(table, self.value, self.location, parameters)
        where = {"DatabaseName": self.database, "TableName": self.table}
        if before is None:
            try:
                catalog.create_partition(**where, PartitionInput=after)
                return True
            except catalog.exceptions.AlreadyExistsException:
                self.log.info("Partition %s was created by another run in this moment; updating it.", self.value)
        catalog.update_partition(**where, PartitionValueList=[self.value], PartitionInput=after)
        return True

    def _drop_helper_table(self) -> None:
        """Drop the CTAS table. It is external, so its files stay: they are the published version now."""
        if self.helper_table is None:
            return
        database, name = self.helper_table
        catalog: Any = self.hook.conn
        try:
            catalog.delete_table(DatabaseName=database, Name=name)
        except catalog.exceptions.EntityNotFoundException:
            self.log.info("Helper table %s.%s is gone already.", database, name)
