"""Plan the loads that bring any contract's table in the warehouse to what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from lake.contracts import compiled_contract, contract
from lake.failures import refused_call
from lake.operators.warehouse_load import PlanLoadOperator
from lake.warehouse import PublishedDay, load_name, manifest, pending_days, quoted_days, stage_values, table_values

if TYPE_CHECKING:
    from airflow.sdk import Context


class PlanTableLoadOperator(PlanLoadOperator):
    """Find the partitions whose published version the warehouse does not hold, and write a manifest for each.

    Returns what the statements of each load read (see ``lake.warehouse.table_values``); an empty list maps to no load.
    XCom ``days``: SQL list of the partitions to compare with the lake, all of the warehouse's when nothing is pending.
    XCom ``measures``: what is compared.

    :param product: product whose curated table is loaded
    :param schema: schema of the warehouse
    :param newest_only: the table holds whole snapshots, and the warehouse only the newest
    """

    template_fields = aws_template_fields("ledger_statement", "folder")

    def __init__(self, *, product: str, schema: str, newest_only: bool = False, **kwargs: Any) -> None:
        super().__init__(table=contract(product).table("curated"), **kwargs)
        self.product = product
        self.schema = schema
        self.newest_only = newest_only

    def execute(self, context: Context) -> list[dict[str, str]]:  # type: ignore[override]
        from botocore.exceptions import ClientError

        try:
            published = sorted(self._published_days(), key=lambda day: day.day)
            if self.newest_only:
                published = published[-1:]
            pending = pending_days(published, self._loaded_versions())
            compiled = compiled_contract(self.product)
            loads = [self._load(day, compiled) for day in pending]
        except ClientError as error:
            raise refused_call(
                error, f"plan the load of {self.table}", "The airflow role reads the catalog and writes governance."
            ) from error
        values = table_values(compiled, self.schema)
        context["ti"].xcom_push(key="days", value=quoted_days(day.day for day in (pending or published)))
        context["ti"].xcom_push(key="measures", value=values["measures"])
        self.log.info("%s of %s published partition(s) of %s are to be loaded", len(loads), len(published), self.table)
        return loads

    def _load(self, day: PublishedDay, compiled: dict[str, Any]) -> dict[str, str]:
        address = f"{self.folder}{load_name([day])}/manifest.json"
        self.hook.load_string(manifest(self._files_of(day)), address, replace=True)
        values = {"day": day.day, "version": day.version, "manifest": address}
        # A snapshot replaces every other one; a day replaces itself.
        values["replaced"] = "true" if self.newest_only else f"{compiled['partition_column']} = DATE '{day.day}'"
        values["forgotten"] = "true" if self.newest_only else f"partition_day = DATE '{day.day}'"
        return {**table_values(compiled, self.schema), **stage_values(compiled, day.columns), **values}
