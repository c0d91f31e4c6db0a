# ruff: noqa: E501 - SQL as users write it
"""Iceberg tables: real snapshots through pyiceberg, read by DuckDB."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.local.athena.conftest import Athena

_TABLE = """CREATE TABLE @raw.ice (id bigint, name string, d date) PARTITIONED BY (month(d), bucket(4, id))
LOCATION 's3://@lake/ice/t/' TBLPROPERTIES ('table_type'='ICEBERG','format'='parquet')"""
_MERGE = """MERGE INTO @raw.ice t USING (SELECT * FROM (VALUES (1,'m1'),(9,'m9')) x(id,name)) s ON t.id=s.id
WHEN MATCHED THEN UPDATE SET name=s.name WHEN NOT MATCHED THEN INSERT (id,name,d) VALUES (s.id,s.name,date '2024-03-01')"""


@pytest.fixture(scope="module")
def iceberg(athena: Athena) -> Athena:
    athena.run(_TABLE).succeeded()
    return athena


def test_one_table_through_its_life(iceberg: Athena) -> None:
    table = iceberg.glue.get_table(DatabaseName=iceberg.raw, Name="ice")["Table"]
    assert table["Parameters"]["table_type"].upper() == "ICEBERG"
    assert table["Parameters"]["metadata_location"].startswith(f"s3://{iceberg.bucket}/ice/t/metadata/")
    assert [column["Type"] for column in table["StorageDescriptor"]["Columns"]] == ["bigint", "string", "date"]

    rows = "(1,'a',date '2024-01-01'),(2,'b',date '2024-02-01'),(3,'c',date '2024-02-02')"
    assert iceberg.run(f"INSERT INTO @raw.ice VALUES {rows}").succeeded().execution["SubstatementType"] == "INSERT"
    inserted = iceberg.run("select * from @raw.ice order by id").succeeded()
    assert inserted.rows == [["1", "a", "2024-01-01"], ["2", "b", "2024-02-01"], ["3", "c", "2024-02-02"]]
    assert inserted.scanned > 0
    version, made = _current_snapshot(iceberg)

    iceberg.run("UPDATE @raw.ice SET name='zz' WHERE id=2").succeeded()
    assert iceberg.run("select name from @raw.ice where id=2").rows == [["zz"]]
    iceberg.run("DELETE FROM @raw.ice WHERE id=3").succeeded()
    assert iceberg.run("select count(*) from @raw.ice").rows == [["2"]]
    iceberg.run(_MERGE).succeeded()
    assert iceberg.run("select id,name from @raw.ice order by id").rows == [["1", "m1"], ["2", "zz"], ["9", "m9"]]

    by_time = f"select count(*) c from @raw.ice for timestamp as of timestamp '{made} UTC'"
    assert iceberg.run(by_time).succeeded().rows == [["3"]]
    by_version = f"select name from @raw.ice for version as of {version} where id=2"
    assert iceberg.run(by_version).succeeded().rows == [["b"]]

    iceberg.run(
        """CREATE TABLE @raw.ice_copy WITH (table_type='ICEBERG', location='s3://@lake/ice/c/', is_external=false,
        partitioning=ARRAY['d'], format='PARQUET') AS SELECT id, d FROM @raw.ice"""
    ).succeeded()
    assert iceberg.run("select count(*) from @raw.ice_copy").rows == [["3"]]
    iceberg.run("OPTIMIZE @raw.ice REWRITE DATA USING BIN_PACK").succeeded()
    iceberg.run("VACUUM @raw.ice").succeeded()
    assert iceberg.run("select count(*) from @raw.ice").rows == [["3"]]
    iceberg.run("DROP TABLE @raw.ice_copy").succeeded()
    assert iceberg.keys("ice/c/data") == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE @raw.ice SET nope='x'", "nope"),
        ("DELETE FROM @raw.ice WHERE id IN (SELECT id FROM @raw.ice)", "Subqueries in DELETE"),
        ("INSERT INTO @raw.ice VALUES (1)", "mismatched column types"),
        (
            "CREATE TABLE @raw.ice (id int) LOCATION 's3://@lake/y/' TBLPROPERTIES ('table_type'='ICEBERG')",
            "already exists",
        ),
        ("SELECT * FROM @raw.ice FOR VERSION AS OF 12345", "12345"),
    ],
)
def test_wrong_statements_change_nothing(iceberg: Athena, sql: str, reason: str) -> None:
    before = iceberg.glue.get_table(DatabaseName=iceberg.raw, Name="ice")["Table"]["Parameters"]["metadata_location"]
    iceberg.run(sql).failed(reason)
    after = iceberg.glue.get_table(DatabaseName=iceberg.raw, Name="ice")["Table"]["Parameters"]["metadata_location"]
    assert before == after


def _current_snapshot(iceberg: Athena) -> tuple[int, str]:
    """Id of the table's snapshot, and when it was made."""
    location = iceberg.glue.get_table(DatabaseName=iceberg.raw, Name="ice")["Table"]["Parameters"]["metadata_location"]
    bucket, key = location.removeprefix("s3://").split("/", 1)
    metadata = json.loads(iceberg.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    made = dt.datetime.fromtimestamp(metadata["snapshots"][-1]["timestamp-ms"] / 1000, dt.UTC)
    return int(metadata["current-snapshot-id"]), made.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
