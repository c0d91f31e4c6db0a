"""Publish a version of a partition by one call to the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.catalog import CatalogConflictError, find_partition, partition_input
from lake.failures import refused_call
from lake.warehouse import ROOT_VERSION, VERSION

if TYPE_CHECKING:
    from airflow.sdk import Context


KEY_VERSION = "pii_key_version"


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
    :param key_version: version of the key of pseudonyms and ciphertexts in these files, kept as a partition parameter;
        empty if there is none (templated)
    :param parameters: more parameters of the partition (templated)
    :param replaces: S3 folder the partition must show now; anything else means that somebody published meanwhile, and
        nothing is changed (templated)
    :param helper_table: database and name of the table that CTAS needed and nobody needs any more (templated)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields(
        *("database", "table", "value", "location", "version", "rows", "key_version"),
        *("parameters", "replaces", "helper_table"),
    )

    def __init__(
        self,
        *,
        database: str,
        table: str,
        value: str,
        location: str,
        version: str,
        rows: str | int = "",
        key_version: str = "",
        parameters: dict[str, str] | None = None,
        replaces: str = "",
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
        self.key_version = key_version
        self.parameters = parameters or {}
        self.replaces = replaces
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
        self._announce(context, published)
        return published

    def _announce(self, context: Context, published: dict[str, Any]) -> None:
        """Give the event of each outlet what was published."""
        for asset in self.outlets:
            context["outlet_events"][asset].extra = published

    def _swap(self) -> bool:
        """:return: whether the partition was changed"""
        catalog: Any = self.hook.conn
        before = find_partition(catalog, self.database, self.table, self.value)
        shown = before["StorageDescriptor"]["Location"] if before else ""
        if shown == self.location:
            return False
        if self.replaces and shown != self.replaces:
            raise AirflowFailException(
                f"{self.database}.{self.table} {self.value} has moved meanwhile: it shows "
                f"{shown or 'nothing'}, this version was made from {self.replaces}. Nothing was changed; start again, "
                "from what is shown now."
            )
        if not self.replaces and before and before.get("Parameters", {}).get(ROOT_VERSION) == self.version:
            self.log.info("Partition %s shows a replay of this version, which holds more rows: %s", self.value, shown)
            return False
        table = catalog.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        parameters = {VERSION: self.version, **self.parameters}
        for name, value in (("rows", str(self.rows)), (KEY_VERSION, self.key_version)):
            if value not in ("", "None"):
                parameters[name] = value
        try:
            after = partition_input(table, [self.value], self.location, parameters, self._helper())
        except CatalogConflictError as error:
            raise AirflowFailException(str(error)) from error
        where = {"DatabaseName": self.database, "TableName": self.table}
        if before is None:
            try:
                catalog.create_partition(**where, PartitionInput=after)
                return True
            except catalog.exceptions.AlreadyExistsException:
                self.log.info("Partition %s was created by another run in this moment; updating it.", self.value)
        catalog.update_partition(**where, PartitionValueList=[self.value], PartitionInput=after)
        return True

    def _helper(self) -> dict[str, Any] | None:
        if self.helper_table is None:
            return None
        database, name = self.helper_table
        catalog: Any = self.hook.conn
        try:
            return dict(catalog.get_table(DatabaseName=database, Name=name)["Table"])
        except catalog.exceptions.EntityNotFoundException:
            self.log.info("Helper table %s.%s is gone: this version was shown before.", database, name)
            return None

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


class RegisterPartitionOperator(AwsBaseOperator[GlueCatalogHook]):
    """Tell the catalog of a folder that Athena finds by partition projection: Glue reads registered partitions only.

    Athena goes on looking at the projection, so its readers see no difference.

    :param database: Glue database
    :param table: Glue table
    :param values: values of the table's partition columns (templated)
    :param location: S3 folder of the partition (templated)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("database", "table", "values", "location")

    def __init__(self, *, database: str, table: str, values: list[str], location: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.table = table
        self.values = values
        self.location = location

    def execute(self, context: Context) -> None:
        from botocore.exceptions import ClientError

        catalog: Any = self.hook.conn
        where = {"DatabaseName": self.database, "TableName": self.table}
        try:
            table = catalog.get_table(DatabaseName=self.database, Name=self.table)["Table"]
            partition = partition_input(table, self.values, self.location, {})
            catalog.create_partition(**where, PartitionInput=partition)
        except catalog.exceptions.AlreadyExistsException:
            self.log.info("%s.%s %s is registered already.", self.database, self.table, self.values)
        except ClientError as error:
            raise refused_call(
                error,
                f"register {self.database}.{self.table} {self.values}",
                "The airflow role needs INSERT on the table.",
            ) from error
