"""The calls that the amazon provider's operators make, in their order and with their SQL.

RedshiftDataOperator, S3ToRedshiftOperator and RedshiftToS3Operator of provider 9.34.0 all go through
``RedshiftDataHook``: execute_statement (one SQL) or batch_execute_statement (a list), describe_statement until the
state is final, get_statement_result per statement.
"""

from __future__ import annotations

import pyarrow as pa

from tests.local.redshift.conftest import Warehouse


def test_single_statement_with_result(warehouse: Warehouse) -> None:
    client = warehouse.client()
    started = client.execute_statement(
        Sql="SELECT :day::date + 1 AS next_day",
        Parameters=[{"name": "day", "value": "2024-02-28"}],
        WorkgroupName=warehouse.workgroup,
        Database=warehouse.database,
        WithEvent=False,
        StatementName="operator",
    )
    assert started["Id"]
    while client.describe_statement(Id=started["Id"])["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        pass
    result = client.get_statement_result(Id=started["Id"])
    assert result["Records"] == [[{"stringValue": "2024-02-29"}]]
    assert result["ColumnMetadata"][0]["name"] == "next_day"


def test_failing_statement_tells_the_engines_text(warehouse: Warehouse) -> None:
    answer = warehouse.run("SELECT * FROM no_such_table")
    assert (answer.status, answer.error) == ("FAILED", 'ERROR: relation "no_such_table" does not exist')


def test_s3_to_redshift_upsert(warehouse: Warehouse, schema: str) -> None:
    """The operator's four statements for method UPSERT."""
    warehouse.rows(f"CREATE TABLE {schema}.target (id INT, name VARCHAR(10), PRIMARY KEY (id))")
    warehouse.rows(f"INSERT INTO {schema}.target VALUES (1, 'old'), (2, 'kept')")
    content = pa.table({"id": pa.array([1, 3], pa.int32()), "name": ["new", "added"]})
    url = warehouse.put_parquet(f"{schema}/in/1.parquet", content)
    done = warehouse.batch(
        f"CREATE TABLE #target (LIKE {schema}.target INCLUDING DEFAULTS);",
        f"COPY #target\nFROM '{url}'\ncredentials\n'aws_iam_role={warehouse.loader_arn}'\nFORMAT AS PARQUET;",
        f"DELETE FROM {schema}.target USING #target WHERE {schema}.target.id = #target.id;",
        f"INSERT INTO {schema}.target SELECT * FROM #target;",
    )
    assert done["Status"] == "FINISHED", done.get("Error")
    rows = warehouse.rows(f"SELECT * FROM {schema}.target ORDER BY id")
    assert rows == [(1, "new"), (2, "kept"), (3, "added")]


def test_redshift_to_s3(warehouse: Warehouse, schema: str) -> None:
    """The operator's one statement: a query in $$ with its options."""
    warehouse.rows(f"CREATE TABLE {schema}.t AS SELECT 1 AS a, 'it''s' AS b")
    target = f"s3://{warehouse.bucket}/{schema}/out/t_"
    warehouse.rows(
        f"\nUNLOAD ($$SELECT * FROM {schema}.t$$)\nTO '{target}'\ncredentials\n'aws_iam_role={warehouse.loader_arn}'\n"
        "HEADER CSV PARALLEL OFF ALLOWOVERWRITE;\n"
    )
    assert warehouse.get(f"{schema}/out/t_000") == b"a,b\n1,it's\n"
