"""The contract's tables, and how an existing table follows a new contract version."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from lake.catalog import CatalogConflictError, ContractTable, contract_tables, followed, partition_input
from lake.contracts import Column, contract
from lake.settings import LakeSettings

LAKE = LakeSettings(prefix="acme", env="test", poll_seconds=1, alerts_topic_arn="")
CONTRACT = contract("online_retail")


def curated(version: str = CONTRACT.version, columns: tuple[Column, ...] = CONTRACT.columns) -> ContractTable:
    """:return: the published table of a contract"""
    terms = dataclasses.replace(CONTRACT, version=version)
    vars(terms)["columns"] = columns
    return next(table for table in contract_tables(terms, LAKE) if table.database == "curated")


def stored(table: ContractTable) -> dict[str, Any]:
    """:return: the table as GetTable answers it"""
    return copy.deepcopy(table.definition) | {"DatabaseName": table.database, "CreatedBy": "somebody", "VersionId": "1"}


def test_every_zone_has_its_table_at_its_own_bucket() -> None:
    tables = {f"{table.database}.{table.name}": table.definition for table in contract_tables(CONTRACT, LAKE)}
    assert sorted(tables) == [
        "curated.online_retail",
        "governance.decisions",
        "governance.ledger",
        "governance.quality_metrics",
        "governance.quality_results",
        "governance.quality_scores",
        "quarantine.online_retail",
        "staging.online_retail",
    ]
    locations = {name: table["StorageDescriptor"]["Location"] for name, table in tables.items()}
    assert locations["curated.online_retail"] == "s3://acme-test-curated/online_retail/"
    assert locations["governance.ledger"] == "s3://acme-test-governance/ledger/"


def test_the_partition_column_is_not_among_the_files_columns() -> None:
    definition = curated().definition
    columns = [column["Name"] for column in definition["StorageDescriptor"]["Columns"]]
    assert definition["PartitionKeys"] == [{"Name": "invoice_day", "Type": "date"}]
    assert [*columns, "invoice_day"] == [column.name for column in CONTRACT.columns]


def test_an_unchanged_table_is_left_alone() -> None:
    assert followed(stored(curated()), curated()) is None


def test_a_ledger_of_before_learns_the_verdict() -> None:
    (ledger,) = (table for table in contract_tables(CONTRACT, LAKE) if table.name == "ledger")
    before = stored(ledger)
    assert before["StorageDescriptor"]["Columns"].pop() == {"Name": "verdict", "Type": "string"}
    after = followed(before, ledger)
    assert after is not None
    assert after["StorageDescriptor"]["Columns"] == ledger.definition["StorageDescriptor"]["Columns"]


def test_new_columns_go_to_the_end_and_nothing_else_changes() -> None:
    before = stored(curated())
    before["Parameters"]["somebody"] = "else"
    after = followed(before, curated("1.1.0", (Column("channel", "string", False), *CONTRACT.columns)))
    assert after is not None
    assert after["StorageDescriptor"]["Columns"] == [
        *before["StorageDescriptor"]["Columns"],
        {"Name": "channel", "Type": "string"},
    ]
    assert after["Parameters"]["contract_version"] == "1.1.0"
    assert after["Parameters"]["somebody"] == "else"
    assert "CreatedBy" not in after, "UpdateTable refuses what only GetTable answers"


def _retyped(name: str, kind: str) -> tuple[Column, ...]:
    return tuple(
        dataclasses.replace(column, type=kind) if column.name == name else column for column in CONTRACT.columns
    )


def test_a_wider_type_that_athena_casts_is_followed() -> None:
    before = stored(curated())
    after = followed(before, curated("1.2.0", _retyped("quantity", "bigint")))
    assert after is not None
    types = {column["Name"]: column["Type"] for column in after["StorageDescriptor"]["Columns"]}
    assert types["quantity"] == "bigint"
    assert [*types] == [column["Name"] for column in before["StorageDescriptor"]["Columns"]]


@pytest.mark.parametrize(
    ("column", "kind"),
    [("quantity", "smallint"), ("quantity", "double"), ("unit_price", "decimal(18,3)"), ("unit_price", "double")],
)
def test_types_that_athena_does_not_cast_are_refused(column: str, kind: str) -> None:
    with pytest.raises(CatalogConflictError, match=rf"(?s){column} .* -> .*schema_migration"):
        followed(stored(curated()), curated("2.0.0", _retyped(column, kind)))


def test_an_older_contract_never_touches_a_newer_table() -> None:
    with pytest.raises(CatalogConflictError, match=r"follows contract version 1\.10\.0, this deployment has 1\.9\.0"):
        followed(stored(curated("1.10.0")), curated("1.9.0"))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (tuple(c for c in CONTRACT.columns if c.name != "country"), "country is not in the contract any more"),
        (
            tuple(dataclasses.replace(c, type="string") if c.name == "quantity" else c for c in CONTRACT.columns),
            "quantity int -> string",
        ),
    ],
    ids=["column dropped", "type changed"],
)
def test_breaking_changes_are_refused_with_the_difference(columns: tuple[Column, ...], says: str) -> None:
    with pytest.raises(CatalogConflictError, match=says):
        followed(stored(curated()), curated("2.0.0", columns))


def test_partition_keys_cannot_change_in_place() -> None:
    before = stored(curated())
    before["PartitionKeys"] = [{"Name": "invoice_month", "Type": "string"}]
    with pytest.raises(CatalogConflictError, match="invoice_month"):
        followed(before, curated())


def test_a_partition_is_stored_like_its_table_at_its_own_place() -> None:
    table = stored(curated())
    partition = partition_input(table, ["2010-12-01"], "s3://b/v/", {"version": "k"})
    assert partition["StorageDescriptor"]["SerdeInfo"] == table["StorageDescriptor"]["SerdeInfo"]
    assert partition["StorageDescriptor"]["Location"] == "s3://b/v/"
    assert table["StorageDescriptor"]["Location"] == "s3://acme-test-curated/online_retail/"


def _written(**kinds: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in kinds.items()]}}


def test_a_partitions_columns_stand_as_in_its_files() -> None:
    table = {"DatabaseName": "curated", "Name": "shop", **_written(no="int", added="string", price="decimal(8,2)")}
    written = _written(price="decimal(8,2)", added="varchar(3)", no="int")
    partition = partition_input(table, ["2010-12-01"], "s3://b/v/", {}, written)
    assert partition["StorageDescriptor"]["Columns"] == [
        {"Name": "price", "Type": "decimal(8,2)"},
        {"Name": "added", "Type": "string"},
        {"Name": "no", "Type": "int"},
    ]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (_written(no="bigint"), "no is bigint, the table says int"),
        (_written(), "no is not written"),
        (_written(no="int", more="int"), "more is int, the table says nothing of it"),
    ],
    ids=["other type", "column forgotten", "unknown column"],
)
def test_files_that_are_not_what_the_table_says_are_never_shown(written: dict[str, Any], says: str) -> None:
    table = {"DatabaseName": "curated", "Name": "shop", **_written(no="int")}
    with pytest.raises(CatalogConflictError, match=rf"{says}.*curated/shop\.ctas\.sql"):
        partition_input(table, ["2010-12-01"], "s3://b/v/", {}, written)
