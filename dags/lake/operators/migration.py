"""Set a published table aside that cannot follow its contract, and begin it anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.glue_catalog import GlueCatalogHook
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lake.catalog import TABLE_INPUT_FIELDS, VERSION, CatalogConflictError, ContractTable, contract_tables
from lake.contracts import compiled_contract, contract
from lake.failures import refused_call
from lake.migration import breaking_difference, kept_name, note
from lake.settings import LAKE

if TYPE_CHECKING:
    from airflow.sdk import Context

SUPERSEDED_BY = "superseded_by"
# Limits of one call (Glue API reference).
CREATED_AT_ONCE, DELETED_AT_ONCE = 100, 25
PARTITION_FIELDS = ("Values", "StorageDescriptor", "Parameters")
ADVICE = "The airflow role needs CREATE_TABLE, ALTER and DELETE on staging and curated."


class PlanMigrationOperator(AwsBaseOperator[GlueCatalogHook]):
    """Compare a product's tables with its contract, and say what a migration would do. Changes nothing.

    Returns ``database``, ``table``, ``kept`` (name of the table that is set aside), ``from`` and ``to`` (contract
    versions), ``differences``, ``days`` and ``readers``; the XCom ``note`` tells it in Markdown. Skipped when every
    table follows the contract or can follow it by itself.

    :param product: data product (templated)
    """

    aws_hook_class = GlueCatalogHook
    template_fields = aws_template_fields("product")

    def __init__(self, *, product: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.product = product

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        terms = contract(self.product)
        try:
            conflicts = list(self._conflicts(contract_tables(terms, LAKE)))
            if not conflicts:
                raise AirflowSkipException(
                    f"The tables of {self.product} follow contract {terms.version} or can follow it by themselves "
                    f"(ensure_tables of the product's DAG): nothing to migrate."
                )
            days = sorted(partition["Values"][0] for partition in self._partitions(terms.table("curated")))
        except CatalogConflictError as error:
            raise AirflowFailException(str(error)) from error
        except ClientError as error:
            raise refused_call(
                error, f"read the tables of {self.product}", "The airflow role needs DESCRIBE."
            ) from error
        version = next(have["Parameters"].get(VERSION, "0") for have, _ in conflicts)
        database, table = terms.table("curated").split(".")
        roles = compiled_contract(self.product)["permissions"]["roles"]
        planned = {
            "database": database,
            "table": table,
            "kept": kept_name(table, version),
            "from": version,
            "to": terms.version,
            "differences": [difference for _, difference in conflicts],
            "days": days,
            "readers": sorted(role["role"] for role in roles if role["access"] == "read"),
        }
        if kept_name(table, version) == kept_name(table, terms.version):
            raise AirflowFailException(
                f"Contract {self.product} {terms.version} breaks with the table of version {version}, so it must raise "
                "the major version (make diff tells it).\n" + "\n".join(planned["differences"])
            )
        self.log.info("%s", note(planned))
        context["ti"].xcom_push(key="note", value=note(planned))
        return planned

    def _conflicts(self, wanted: list[ContractTable]) -> Iterator[tuple[dict[str, Any], str]]:
        """:return: existing table and difference, of each table that cannot follow"""
        catalog: Any = self.hook.conn
        for table in wanted:
            try:
                existing = catalog.get_table(DatabaseName=table.database, Name=table.name)["Table"]
            except catalog.exceptions.EntityNotFoundException:
                continue
            # Those without a version belong to all products together.
            if VERSION in table.definition["Parameters"] and (difference := breaking_difference(table, existing)):
                yield existing, difference

    def _partitions(self, table: str) -> Iterator[dict[str, Any]]:
        database, name = table.split(".")
        catalog: Any = self.hook.conn
        pages = catalog.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
        for page in pages:
            yield from page["Partitions"]


class SetTableAsideOperator(PlanMigrationOperator):
    """Copy the published table with its days to another name, then begin it anew as the contract says.

    Only the catalog changes: files stay where they are. It may be killed at any moment and repeated: the copy is
    complete before anything is taken from the table.

    :param product: data product (templated)
    :param kept: name of the copy, as the approved plan says (templated)
    """

    template_fields = aws_template_fields("product", "kept")

    def __init__(self, *, kept: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kept = kept

    def execute(self, context: Context) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        terms = contract(self.product)
        database, _ = terms.table("curated").split(".")
        try:
            done = [self._renew(table, keep=table.database == database) for table in self._broken(terms)]
        except ClientError as error:
            raise refused_call(error, f"set the table of {self.product} aside", ADVICE) from error
        return {"kept": f"{database}.{self.kept}", "renewed": done}

    def _broken(self, terms: Any) -> list[ContractTable]:
        broken = {(have["DatabaseName"], have["Name"]) for have, _ in self._conflicts(contract_tables(terms, LAKE))}
        return [table for table in contract_tables(terms, LAKE) if (table.database, table.name) in broken]

    def _renew(self, wanted: ContractTable, *, keep: bool) -> str:
        catalog: Any = self.hook.conn
        where = f"{wanted.database}.{wanted.name}"
        existing = catalog.get_table(DatabaseName=wanted.database, Name=wanted.name)["Table"]
        if keep:
            self._copy(existing)
            self._empty(where)
        guard = {"VersionId": existing["VersionId"]} if "VersionId" in existing else {}
        catalog.update_table(DatabaseName=wanted.database, TableInput=wanted.definition, **guard)
        self.log.info("%s begins anew.", where)
        return where

    def _copy(self, existing: dict[str, Any]) -> None:
        catalog: Any = self.hook.conn
        database = existing["DatabaseName"]
        definition = {name: existing[name] for name in TABLE_INPUT_FIELDS if existing.get(name) is not None}
        definition["Name"] = self.kept
        definition["Parameters"] = {**existing["Parameters"], SUPERSEDED_BY: existing["Name"]}
        try:
            catalog.create_table(DatabaseName=database, TableInput=definition)
        except catalog.exceptions.AlreadyExistsException:
            self._require_same_copy(database, existing["Name"])
        there = {tuple(partition["Values"]) for partition in self._partitions(f"{database}.{self.kept}")}
        missing = [
            {name: partition[name] for name in PARTITION_FIELDS if name in partition}
            for partition in self._partitions(f"{database}.{existing['Name']}")
            if tuple(partition["Values"]) not in there
        ]
        for begin in range(0, len(missing), CREATED_AT_ONCE):
            batch = missing[begin : begin + CREATED_AT_ONCE]
            answer = catalog.batch_create_partition(
                DatabaseName=database, TableName=self.kept, PartitionInputList=batch
            )
            self._require_none_failed(answer, f"copy days to {database}.{self.kept}")
        self.log.info("%s day(s) were copied to %s.%s.", len(missing), database, self.kept)

    def _require_same_copy(self, database: str, table: str) -> None:
        """An earlier, killed run may have made the copy; a table of another origin is not touched."""
        catalog: Any = self.hook.conn
        copy = catalog.get_table(DatabaseName=database, Name=self.kept)["Table"]
        if copy.get("Parameters", {}).get(SUPERSEDED_BY) != table:
            raise AirflowFailException(
                f"{database}.{self.kept} exists and was not set aside by this DAG. Nothing was changed; rename it or "
                "drop it first."
            )

    def _empty(self, table: str) -> None:
        """Take the days from the table: they are in the copy."""
        database, name = table.split(".")
        catalog: Any = self.hook.conn
        days = [{"Values": partition["Values"]} for partition in self._partitions(table)]
        for begin in range(0, len(days), DELETED_AT_ONCE):
            batch = days[begin : begin + DELETED_AT_ONCE]
            answer = catalog.batch_delete_partition(DatabaseName=database, TableName=name, PartitionsToDelete=batch)
            self._require_none_failed(answer, f"take days from {table}")

    def _require_none_failed(self, answer: dict[str, Any], doing: str) -> None:
        if errors := answer.get("Errors"):
            first = errors[0]["ErrorDetail"]
            raise AirflowFailException(
                f"{len(errors)} partition(s) were refused, so I could not {doing}: {first['ErrorCode']}: "
                f"{first.get('ErrorMessage', '')}. Clear this task when the cause is removed: it goes on from there."
            )
