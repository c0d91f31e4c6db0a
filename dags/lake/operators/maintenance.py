"""Remove what nobody needs any more: quarantined rows after their retention, versions that are not shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException

from lake.catalog import find_partition
from lake.clients import client
from lake.contracts import contract
from lake.failures import failure, refused_call
from lake.migration import kept_name, major
from lake.retention import StoredVersion, has_expired, needed, outdated, versions
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context


class VersionStore:
    """The stored versions of a product in a zone.

    :param hook: S3 hook of the task
    :param product: data product
    :param zone: curated or quarantine
    :param only_tell: delete nothing
    """

    def __init__(self, hook: S3Hook, product: str, zone: str, *, only_tell: bool) -> None:
        self._hook = hook
        self._terms = contract(product)
        self._zone = zone
        self._only_tell = only_tell

    def versions(self) -> list[StoredVersion]:
        """:return: every version, by day"""
        bucket, prefix = LAKE.bucket(self._zone), f"{self._terms.product}/"
        column = self._terms.partition_column if self._zone == "curated" else self._terms.landing_partition_key
        s3: Any = self._hook.conn
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return versions(bucket, prefix, column, (entry for page in pages for entry in page.get("Contents", [])))

    def partition(self, day: str) -> dict[str, Any] | None:
        """:return: what readers are shown for a day, None if nothing"""
        catalog = client("glue", self._hook.aws_conn_id)
        return find_partition(catalog, self._terms.databases[self._zone], self._terms.product, day)

    def set_aside(self) -> set[str]:
        """:return: folders of days that a breaking change has set aside (DAG schema_migration): they are still read"""
        catalog = client("glue", self._hook.aws_conn_id)
        found: set[str] = set()
        for number in range(major(self._terms.version) + 1):
            name = kept_name(self._terms.product, f"{number}.0.0")
            where = {"DatabaseName": self._terms.databases[self._zone], "TableName": name}
            try:
                for page in catalog.get_paginator("get_partitions").paginate(**where):
                    found |= {partition["StorageDescriptor"]["Location"] for partition in page["Partitions"]}
            except catalog.exceptions.EntityNotFoundException:
                continue
        return found

    def withdraw(self, day: str) -> None:
        """Take a day from the readers; its files stay.

        :raises AirflowException: if Glue could not
        """
        if self._only_tell:
            return
        answer = client("glue", self._hook.aws_conn_id).batch_delete_partition(
            DatabaseName=self._terms.databases[self._zone],
            TableName=self._terms.product,
            PartitionsToDelete=[{"Values": [day]}],
        )
        if answer.get("Errors"):
            table = self._terms.table(self._zone)
            raise failure(f"Glue kept partition {day} of {table}, and so its files: {answer['Errors']}", heals=True)

    def delete(self, version: StoredVersion) -> str:
        """Delete a version's objects.

        :return: its address
        """
        if not self._only_tell:
            bucket, prefix = self._hook.parse_s3_url(version.location)
            keys = self._hook.list_keys(bucket_name=bucket, prefix=prefix) or []
            self._hook.delete_objects(bucket=bucket, keys=keys)
        return version.location


@contextmanager
def refusals(product: str, zone: str) -> Iterator[None]:
    """Turn refused calls into failures that a person can act on.

    :param product: data product
    :param zone: curated or quarantine
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        raise refused_call(
            error,
            f"remove old versions of {product} in {zone}",
            "The airflow role deletes objects of curated and quarantine, and partitions of quarantine.",
        ) from error


class RemoveVersionsOperator(AwsBaseOperator[S3Hook]):
    """Delete versions that no partition shows or names, once they are so old that nobody will roll back to them.

    Returns their addresses.

    :param product: data product
    :param zone: curated or quarantine
    :param keep_days: days for which a version that is not shown stays (templated)
    :param only_tell: ``True`` deletes nothing (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "zone", "keep_days", "only_tell")

    def __init__(self, *, product: str, zone: str, keep_days: str, only_tell: str = "False", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.zone = zone
        self.keep_days = keep_days
        self.only_tell = only_tell

    def execute(self, context: Context) -> list[str]:
        with refusals(self.product, self.zone):
            return self.remove(datetime.now(UTC))

    def remove(self, now: datetime) -> list[str]:
        """:return: addresses of the versions that were old at a time"""
        store = VersionStore(self.hook, self.product, self.zone, only_tell=self.only_tell == "True")
        removed, set_aside = [], store.set_aside()
        for version in outdated(store.versions(), now, timedelta(days=int(self.keep_days))):
            # Looked up for each version, immediately before: a day may be rolled back while this runs.
            if version.location not in set_aside | needed(store.partition(version.day)):
                removed.append(store.delete(version))
                self.log.info("%s, written %s", version.location, version.newest)
        self.log.info("%s version(s) of %s in %s", len(removed), self.product, self.zone)
        return removed


class ExpireQuarantineOperator(AwsBaseOperator[S3Hook]):
    """Delete quarantined rows that were kept as long as the contract wants: first the partition, then the files.

    Returns the addresses of what was deleted.

    :param product: data product
    :param only_tell: ``True`` deletes nothing (templated)
    """

    aws_hook_class = S3Hook
    template_fields = aws_template_fields("product", "only_tell")

    def __init__(self, *, product: str, only_tell: str = "False", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product
        self.only_tell = only_tell

    def execute(self, context: Context) -> list[str]:
        with refusals(self.product, "quarantine"):
            return self.remove(datetime.now(UTC))

    def remove(self, now: datetime) -> list[str]:
        """:return: addresses of what had been kept long enough at a time
        :raises AirflowFailException: if the contract keeps rows for no whole day; nothing was deleted then
        """
        retention = self._retention()
        store = VersionStore(self.hook, self.product, "quarantine", only_tell=self.only_tell == "True")
        removed = []
        for day, stored in groupby(store.versions(), key=lambda version: version.day):
            of_day, partition = list(stored), store.partition(day)
            if not has_expired(partition, of_day, now, retention):
                continue
            gone = {version.location for version in outdated(of_day, now, retention)}
            if partition is not None:
                gone.add(partition["StorageDescriptor"]["Location"])
                store.withdraw(day)
            removed += [store.delete(version) for version in of_day if version.location in gone]
            self.log.info("%s: kept for %s days and more", day, retention.days)
        return removed

    def _retention(self) -> timedelta:
        days = contract(self.product).quarantine.retention_days
        if type(days) is not int or days < 1:
            raise AirflowFailException(
                f"{self.product}: retentionDays of the quarantine is {days!r}, by which every row would be deleted at "
                "once. Nothing was deleted. Write a whole number of at least 1 into the contract and run "
                "`make contracts`."
            )
        return timedelta(days=days)
