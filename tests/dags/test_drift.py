"""`contracts drift`: real drift, made in the local AWS, is told; what follows the contract is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lake.catalog import contract_tables
from lake.contracts import compiled_contract, contract
from lake.contracts.__main__ import main
from lake.settings import LAKE
from tests.conftest import LocalAws

PRODUCT = "online_retail"
DATABASE = "lake"


@pytest.fixture
def catalog(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Glue with the contract's tables as `ensure_tables` makes them; the command runs as an administrator."""
    from local.environment import aws_variables

    for name, value in aws_variables(local_aws.settings, "local-admin").items():
        monkeypatch.setenv(name, value)
    glue = local_aws.client("glue")
    before: dict[tuple[str, str], Any] = {}
    for table in [*contract_tables(contract(PRODUCT), LAKE), *[None]]:
        database, name = (table.database, table.name) if table else ("landing", PRODUCT)
        try:
            before[database, name] = glue.get_table(DatabaseName=database, Name=name)["Table"]
            glue.delete_table(DatabaseName=database, Name=name)
        except glue.exceptions.EntityNotFoundException:
            before[database, name] = None
        if table:
            glue.create_table(DatabaseName=database, TableInput=table.definition)
    yield glue
    fields = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    for (database, name), table in before.items():
        try:
            glue.delete_table(DatabaseName=database, Name=name)
        except glue.exceptions.EntityNotFoundException:
            assert table is None or database != "curated"
        if table:
            definition = {field: table[field] for field in fields if field in table}
            glue.create_table(DatabaseName=database, TableInput=definition)


def _drift(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[tuple[str, str]]]:
    capsys.readouterr()
    code = main(["drift", PRODUCT, "--json"])
    return code, [(drift["where"], drift["what"]) for drift in json.loads(capsys.readouterr().out)["drift"]]


def _change(glue: Any, change: Callable[[dict[str, Any]], Any], database: str = "curated") -> None:
    table = next(t for t in contract_tables(contract(PRODUCT), LAKE) if t.database == database)
    definition = json.loads(json.dumps(table.definition))
    change(definition)
    glue.delete_table(DatabaseName=database, Name=table.name)
    glue.create_table(DatabaseName=database, TableInput=definition)


def test_nothing_drifts_by_itself(catalog: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert _drift(capsys) == (0, [])
    assert main(["drift", PRODUCT]) == 0
    assert capsys.readouterr().out == "No drift.\n"


def _columns(definition: dict[str, Any]) -> list[dict[str, str]]:
    columns: list[dict[str, str]] = definition["StorageDescriptor"]["Columns"]
    return columns


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda d: _columns(d).append({"Name": "extra", "Type": "string"}),
            "column extra (string) is not in the contract",
        ),
        (lambda d: _columns(d).pop(), "column line_amount (decimal(18,3)) is missing"),
        (lambda d: _columns(d)[1].update(Type="bigint"), "column line_no is bigint, the contract says int"),
        (
            lambda d: d["PartitionKeys"][0].update(Type="string"),
            "partition key invoice_day is string, the contract says date",
        ),
        (
            lambda d: d["StorageDescriptor"].update(Location="s3://sluice-dev-curated/elsewhere/"),
            "location is s3://sluice-dev-curated/elsewhere/, the contract says s3://sluice-dev-curated/online_retail/",
        ),
        (lambda d: d["Parameters"].update(UpdatedByCrawler="nightly"), "the crawler nightly changed it"),
        (lambda d: d["Parameters"].update(contract_version="9.0.0"), "parameter contract_version is '9.0.0'"),
        (lambda d: d["Parameters"].update(contract_hash="0"), "parameter contract_hash is '0'"),
    ],
)
def test_drift_of_a_published_table(
    change: Callable[[dict[str, Any]], Any], what: str, catalog: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(catalog, change)
    code, found = _drift(capsys)
    assert code == 1
    assert [where for where, _ in found] == ["curated.online_retail"]
    assert found[0][1].startswith(what)


def test_missing_table(catalog: Any, capsys: pytest.CaptureFixture[str]) -> None:
    catalog.delete_table(DatabaseName="quarantine", Name=PRODUCT)
    assert _drift(capsys) == (1, [("quarantine.online_retail", "does not exist")])


def test_landing_is_compared_by_its_columns(catalog: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = [column.name.lower() for column in contract(PRODUCT).landing_columns]
    columns = [{"Name": name, "Type": "string"} for name in [*names[1:], "voucher"]]
    storage = {"Columns": columns, "Location": LAKE.uri("landing", "online_retail/")}
    catalog.create_table(DatabaseName="landing", TableInput={"Name": PRODUCT, "StorageDescriptor": storage})
    code, found = _drift(capsys)
    assert code == 1
    assert [what for _, what in found] == [
        "the crawler saw column(s) voucher that the contract does not know",
        f"the crawler saw no column {names[0]}",
    ]


def test_warehouse(catalog: Any, local_aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    types = {column["name"]: column["redshift_type"] for column in compiled_contract(PRODUCT)["columns"]}
    table = f"mart.{PRODUCT}"
    try:
        _redshift(local_aws, "CREATE SCHEMA IF NOT EXISTS mart")
        _redshift(local_aws, f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
        assert _drift(capsys) == (0, [])
        _redshift(local_aws, f"ALTER TABLE {table} DROP COLUMN country")
        _redshift(local_aws, f"ALTER TABLE {table} ADD COLUMN colour varchar(9)")
        _redshift(local_aws, f"ALTER TABLE {table} ALTER COLUMN stock_code TYPE varchar(99)")
        assert _drift(capsys) == (
            1,
            [
                (table, "column colour (varchar(9)) is not in the contract"),
                (table, "column country (varchar(64)) is missing"),
                (table, "column stock_code is varchar(99), the contract says varchar(32)"),
            ],
        )
    finally:
        _redshift(local_aws, f"DROP TABLE IF EXISTS {table}")


def _redshift(local_aws: LocalAws, sql: str) -> None:
    # As Airflow: the schema stays, and who makes it owns it.
    client = local_aws.client("redshift-data", local_aws.name("airflow"))
    statement = client.execute_statement(Database=DATABASE, WorkgroupName=local_aws.settings.name("x")[:-2], Sql=sql)[
        "Id"
    ]
    while (answer := client.describe_statement(Id=statement))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        pass
    assert answer["Status"] == "FINISHED", answer.get("Error")


def test_without_a_right_in_the_warehouse_the_catalog_is_compared(
    catalog: Any, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from local.environment import aws_variables

    for name, value in aws_variables(local_aws.settings, local_aws.name("airflow")).items():
        monkeypatch.setenv(name, value)
    # boto3 keeps the credentials of its first client; the command is a process of its own.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    capsys.readouterr()
    assert main(["drift", PRODUCT]) == 2
    assert capsys.readouterr().out == "No drift in what could be compared.\n"
    catalog.delete_table(DatabaseName="quarantine", Name=PRODUCT)
    assert main(["drift", PRODUCT]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("quarantine.online_retail: does not exist")
    assert "The warehouse was not compared: the caller lacks the right redshift-data:DescribeTable" in told.err
    assert "AWS_PROFILE=local-admin" in told.err
    assert main(["drift", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [d["where"] for d in document["drift"] if d["where"].endswith(PRODUCT)] == ["quarantine.online_retail"]
    (problem,) = document["not_compared"]
    assert "redshift-data:DescribeTable" in problem


def test_what_cannot_be_read(catalog: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "nowhere"]) == 2
    assert "No contract for product 'nowhere'" in capsys.readouterr().err
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["drift", PRODUCT]) == 2
    assert "127.0.0.1:9" in capsys.readouterr().err
