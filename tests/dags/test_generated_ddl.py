"""The generated DDL is executed by the engines it is for."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

from lake.contracts import CONTRACTS_FOLDER, compiled_contract, products
from lake.operators.redshift import RedshiftStatementOperator, records
from lake.settings import LAKE
from tests.dags.running import run_task

if TYPE_CHECKING:
    from tests.conftest import LocalAws

pytestmark = pytest.mark.parametrize("product", products())


def ddl(product: str, name: str) -> str:
    return (CONTRACTS_FOLDER / "generated" / product / name).read_text()


def athena(aws: LocalAws, text: str) -> list[list[str | None]]:
    """:return: the rows of the statement's answer; asked as administrator, whom no grant or policy stops"""
    client = aws.client("athena")
    query_id = client.start_query_execution(QueryString=text, WorkGroup=LAKE.workgroup)["QueryExecutionId"]
    deadline = time.monotonic() + 60
    while True:
        status = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            break
        assert time.monotonic() < deadline, text
        time.sleep(0.1)
    assert status["State"] == "SUCCEEDED", f"{status.get('StateChangeReason')}\n{text}"
    rows = client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


@pytest.mark.parametrize("name", ["athena_hive.ddl.sql", "athena_iceberg.ddl.sql"])
def test_athena_makes_a_table_that_can_be_written_and_read(aws: LocalAws, product: str, name: str) -> None:
    table = f"{product}_{uuid.uuid4().hex[:8]}"
    named = f"{product}_iceberg" if "iceberg" in name else product
    text = ddl(product, name).replace("${curated}", aws.name("curated"))
    for old, new in ((f"`{named}` (", f"`{table}` ("), (f"curated.{named} (", f"curated.{table} ("),
                     (f"/{named}/'", f"/tests/{table}/'")):  # fmt: skip
        text = text.replace(old, new)
    assert table in text
    athena(aws, text)
    columns = compiled_contract(product)["columns"]
    # A Hive table's partition column comes last, and so it does in our contracts' INSERT.
    partition = compiled_contract(product)["partition_column"]
    ordered = [c for c in columns if c["name"] != partition] + [c for c in columns if c["name"] == partition]
    names = ", ".join(column["name"] for column in ordered)
    values = ", ".join(
        "DATE '2010-12-01'" if column["name"] == partition else f"CAST(NULL AS {_trino(column['athena_type'])})"
        for column in ordered
    )
    athena(aws, f"INSERT INTO curated.{table} ({names}) SELECT {values}")
    assert athena(aws, f"SELECT {partition}, count(*) FROM curated.{table} GROUP BY 1")[1:] == [["2010-12-01", "1"]]


def _trino(hive: str) -> str:
    return "varchar" if hive == "string" else "timestamp(3)" if hive == "timestamp" else hive


def test_redshift_makes_a_table_with_the_contracts_columns(aws: LocalAws, product: str) -> None:
    schema = f"t{uuid.uuid4().hex[:8]}"
    text = ddl(product, "redshift.ddl.sql").replace("${schema}", schema)
    (statement,) = run_task(
        RedshiftStatementOperator(
            task_id="statement",
            sql=f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{schema}' "
            "ORDER BY ordinal_position",
            **_redshift(f"CREATE SCHEMA {schema}", text),
        )
    )
    found = [row[0] for row in records(aws.client("redshift-data", aws.name("airflow")), statement)]
    assert found == [column["name"] for column in compiled_contract(product)["columns"]]


def _redshift(*before: str) -> dict[str, object]:
    """:return: where statements run, after running these"""
    where = {
        "database": LAKE.warehouse_database,
        "workgroup_name": LAKE.workgroup,
        "poll_interval": 0.1,
        "deferrable": True,
    }
    run_task(RedshiftStatementOperator(task_id="statement", sql=list(before), **where))
    return where
