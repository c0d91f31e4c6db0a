"""External schemas over the Glue catalog: read by the schema's role, under Lake Formation."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.local import rights

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
GET_DATA = rights.allow("lakeformation:GetDataAccess")
COLUMNS = [("id", "bigint"), ("name", "string"), ("price", "decimal(8,2)"), ("sold_at", "timestamp")]


class External:
    """One external table of its own, in an external schema of its own, on the template's workgroup."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.name = f"events_{uuid.uuid4().hex[:8]}"
        self.schema = f"lake_{self.name}"

    def create(self) -> None:
        location = f"{self.aws.name('curated')}/spectrum-tests/{self.name}"
        glue = self.aws.client("glue")
        storage = {"Columns": [{"Name": n, "Type": t} for n, t in COLUMNS], "Location": f"s3://{location}/", **PARQUET}
        glue.create_table(
            DatabaseName="curated",
            TableInput={
                "Name": self.name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "parquet"},
                "PartitionKeys": [{"Name": "day", "Type": "date"}],
                "StorageDescriptor": storage,
            },
        )
        for day, rows in {"2024-01-01": 2, "2024-01-02": 3}.items():
            table = pa.table(
                {
                    "id": pa.array(range(rows), pa.int64()),
                    "name": pa.array(["plain", None, ""][:rows]),
                    "price": pa.array([None, "1.50", "2.25"][:rows]).cast(pa.decimal128(8, 2)),
                    "sold_at": pa.array([1_704_067_200_000_000] * rows, pa.timestamp("us")),
                }
            )
            body = io.BytesIO()
            pq.write_table(table, body)
            bucket, _, prefix = location.partition("/")
            key = f"{prefix}/day={day}/rows.parquet"
            self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body.getvalue())
            glue.create_partition(
                DatabaseName="curated",
                TableName=self.name,
                PartitionInput={
                    "Values": [day],
                    "StorageDescriptor": {**storage, "Location": f"s3://{location}/day={day}/"},
                },
            )
        created, error = self.run(
            f"CREATE EXTERNAL SCHEMA {self.schema} FROM DATA CATALOG DATABASE 'curated' IAM_ROLE default"
        )
        assert created is not None, error

    def grant(self, permissions: Sequence[str] = ("SELECT",), **resource: Any) -> None:
        self.aws.client("lakeformation").grant_permissions(
            Principal={"DataLakePrincipalIdentifier": f"arn:aws:iam::123456789012:role/{self.aws.name('redshift')}"},
            Resource=resource or {"Table": {"DatabaseName": "curated", "Name": self.name}},
            Permissions=list(permissions),
        )

    def run(self, sql: str) -> tuple[list[list[Any]] | None, str]:
        """Rows of a statement, or None and its error."""
        data = self.aws.client("redshift-data", self.aws.name("airflow"))
        workgroup = self.aws.name("x").removesuffix("-x")
        statement = data.execute_statement(WorkgroupName=workgroup, Database="lake", Sql=sql)["Id"]
        deadline = time.monotonic() + 60
        while (described := data.describe_statement(Id=statement))["Status"] not in {"FINISHED", "FAILED", "ABORTED"}:
            assert time.monotonic() < deadline, described
            time.sleep(0.05)
        if described["Status"] != "FINISHED":
            return None, described["Error"]
        if not described["HasResultSet"]:
            return [], ""
        records = data.get_statement_result(Id=statement)["Records"]
        return [[None if c.get("isNull") else next(iter(c.values())) for c in row] for row in records], ""


@pytest.fixture(scope="module")
def external(local_aws: Any) -> Iterator[External]:
    iam, role = local_aws.client("iam"), local_aws.name("redshift")
    # What a warehouse with external schemas needs besides COPY; the template's has none, so it does not have it.
    rights.give(iam, role, rights.allow("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"), GET_DATA)
    table = External(local_aws)
    table.create()
    table.run(f"CREATE SCHEMA {table.name}_own")
    yield table
    table.run(f"DROP SCHEMA {table.name}_own CASCADE")
    iam.delete_role_policy(RoleName=role, PolicyName=rights.POLICY)
    table.run(f"DROP SCHEMA {table.schema} CASCADE")
    local_aws.client("glue").delete_table(DatabaseName="curated", Name=table.name)


def test_without_a_grant_the_role_may_not_read(external: External) -> None:
    rows, error = external.run(f"SELECT COUNT(*) FROM {external.schema}.{external.name}")

    assert rows is None
    assert "Lake Formation" in error


def test_a_table_that_is_not_there(external: External) -> None:
    rows, error = external.run(f"SELECT 1 FROM {external.schema}.nothing")

    assert rows is None
    assert f'relation "{external.schema}.nothing" does not exist' in error


def test_external_tables_are_created_in_glue(external: External) -> None:
    rows, error = external.run(
        f"CREATE EXTERNAL TABLE {external.schema}.other (id INTEGER) STORED AS PARQUET LOCATION 's3://x/'"
    )

    assert rows is None
    assert "create the table in Glue" in error


def test_a_resource_link_is_not_followed(external: External) -> None:
    name = f"{external.name}_link"
    target = {"CatalogId": "123456789012", "DatabaseName": "curated", "Name": external.name}
    external.aws.client("glue").create_table(DatabaseName="curated", TableInput={"Name": name, "TargetTable": target})
    try:
        _, hidden = external.run(f"SELECT 1 FROM {external.schema}.{name}")
        external.grant(["DESCRIBE"], Table={"DatabaseName": "curated", "Name": name})
        rows, error = external.run(f"SELECT 1 FROM {external.schema}.{name}")
    finally:
        external.aws.client("glue").delete_table(DatabaseName="curated", Name=name)

    assert rows is None
    assert f"curated.{name} is a resource link to 123456789012.curated.{external.name}, which" in error
    assert "Lake Formation" in hidden


@pytest.fixture(scope="module")
def readable(external: External) -> External:
    external.grant()
    return external


def test_values_types_and_partition_column(readable: External) -> None:
    rows, error = readable.run(
        f"SELECT e.id, e.name, e.price, CAST(e.sold_at AS VARCHAR), CAST(e.day AS VARCHAR) "
        f"FROM {readable.schema}.{readable.name} e WHERE e.day = '2024-01-02' ORDER BY e.id"
    )
    at, day = "2024-01-01 00:00:00", "2024-01-02"
    assert rows == [[0, "plain", None, at, day], [1, None, "1.50", at, day], [2, "", "2.25", at, day]], error


def test_star_count_and_qualified_names(readable: External) -> None:
    table = f"{readable.schema}.{readable.name}"
    assert readable.run(f"SELECT COUNT(*) FROM {table}")[0] == [[5]]
    rows, error = readable.run(f"SELECT * FROM {table} WHERE {table}.id = 2")
    assert rows is not None, error
    assert len(rows[0]) == len(COLUMNS) + 1


def test_join_and_insert_with_a_local_table(readable: External) -> None:
    local = f"{readable.name}_own.local"
    assert readable.run(f"CREATE TABLE {local} (id BIGINT, day DATE)")[1] == ""
    assert readable.run(f"INSERT INTO {local} SELECT id, day FROM {readable.schema}.{readable.name}")[1] == ""
    rows, error = readable.run(
        f"SELECT l.day, COUNT(*) FROM {local} l JOIN {readable.schema}.{readable.name} e "
        f"ON e.id = l.id AND e.day = l.day GROUP BY l.day ORDER BY 1"
    )
    assert [count for _, count in rows or []] == [2, 3], error


def test_late_binding_view(readable: External) -> None:
    view = f"{readable.name}_own.view"
    created, error = readable.run(
        f"CREATE VIEW {view} AS SELECT id, name FROM {readable.schema}.{readable.name} WITH NO SCHEMA BINDING"
    )
    assert created is not None, error
    assert readable.run(f"SELECT COUNT(*) FROM {view}")[0] == [[5]]
