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
    before = _metadata_file(iceberg)
    iceberg.run(sql).failed(reason)
    assert _metadata_file(iceberg) == before


def test_a_schema_changes_and_old_rows_stay_readable(athena: Athena) -> None:
    athena.run(
        """CREATE TABLE @raw.evolving (id int, price float, amount decimal(5,2), note string, d date)
        PARTITIONED BY (d) LOCATION 's3://@lake/ice/evolving/' TBLPROPERTIES ('table_type'='ICEBERG')"""
    ).succeeded()
    athena.run("INSERT INTO @raw.evolving VALUES (1, 1.5, 9.99, 'old', date '2024-01-01')").succeeded()
    before = athena.keys("ice/evolving/data")
    for change in (
        "ADD COLUMNS (added string COMMENT 'since 1.1', tags array<string>)",
        "CHANGE COLUMN id id bigint",
        "CHANGE price price double",
        "CHANGE COLUMN amount amount decimal(12,2) AFTER id",
        "CHANGE note remark string COMMENT 'was note' FIRST",
        "SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds'='60')",
    ):
        athena.run(f"ALTER TABLE @raw.evolving {change}").succeeded()
    assert athena.keys("ice/evolving/data") == before, "only metadata changes"
    described = athena.run("SELECT column_name, data_type FROM information_schema.columns "
                           "WHERE table_schema = '@raw' AND table_name = 'evolving' ORDER BY ordinal_position")  # fmt: skip
    assert described.succeeded().rows == [
        ["remark", "varchar"], ["id", "bigint"], ["amount", "decimal(12,2)"], ["price", "double"], ["d", "date"],
        ["added", "varchar"], ["tags", "array(varchar)"],
    ]  # fmt: skip
    big = 10**12
    athena.run(
        f"INSERT INTO @raw.evolving VALUES ('new', {big}, 1234567890.5, 2.5, date '2024-01-02', 'x', ARRAY['y'])"
    )
    rows = athena.run("SELECT remark, id, amount, price, added, tags FROM @raw.evolving ORDER BY id").succeeded().rows
    assert rows == [
        ["old", "1", "9.99", "1.5", None, None],
        ["new", str(big), "1234567890.50", "2.5", "x", "[y]"],
    ]
    athena.run("ALTER TABLE @raw.evolving DROP COLUMN remark").succeeded()
    athena.run("SELECT remark FROM @raw.evolving").failed("remark")
    columns = athena.run("SHOW COLUMNS IN @raw.evolving").succeeded().rows
    assert [row[0].strip() for row in columns] == ["id", "amount", "price", "d", "added", "tags"]
    athena.run("ALTER TABLE @raw.evolving ADD COLUMNS (remark string)").succeeded()
    assert athena.run("SELECT remark FROM @raw.evolving").rows == [[None], [None]], "a new column, not the old one"
    athena.run("UPDATE @raw.evolving SET remark = 'again' WHERE id = 1").succeeded()
    assert athena.run("SELECT count(remark) FROM @raw.evolving").rows == [["1"]]
    athena.run("ALTER TABLE @raw.evolving UNSET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds')").succeeded()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("CHANGE COLUMN id id int", "Cannot change column type: id: bigint -> int"),
        ("CHANGE COLUMN name name bigint", "Cannot change column type: name: string -> bigint"),
        ("CHANGE COLUMN nope nope string", "nope"),
        ("CHANGE COLUMN name id string", "Duplicate column name: id"),
        ("CHANGE COLUMN name name string AFTER nope", "nope"),
        ("CHANGE COLUMN name name nonsense", "ParseException"),
        ("ADD COLUMNS (id bigint)", "Duplicate column name: id"),
        ("ADD COLUMNS (x string, x string)", "Duplicate column name: x"),
        ("ADD COLUMNS (x nonsense)", "ParseException"),
        ("DROP COLUMN nope", "nope"),
        ("DROP COLUMN d", "partition column d"),
        ("REPLACE COLUMNS (id bigint)", "not supported for Iceberg"),
        ("ADD PARTITION (d = '2024-01-01')", "not supported for Iceberg"),
        ("SET LOCATION 's3://@lake/elsewhere/'", "not supported for Iceberg"),
    ],
)
def test_a_change_that_iceberg_does_not_have(iceberg: Athena, change: str, reason: str) -> None:
    before = _metadata_file(iceberg)
    iceberg.run(f"ALTER TABLE @raw.ice {change}").failed(reason)
    assert _metadata_file(iceberg) == before


def _metadata_file(iceberg: Athena) -> str:
    table = iceberg.glue.get_table(DatabaseName=iceberg.raw, Name="ice")["Table"]
    return str(table["Parameters"]["metadata_location"])


def _current_snapshot(iceberg: Athena) -> tuple[int, str]:
    """Id of the table's snapshot, and when it was made."""
    bucket, key = _metadata_file(iceberg).removeprefix("s3://").split("/", 1)
    metadata = json.loads(iceberg.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    made = dt.datetime.fromtimestamp(metadata["snapshots"][-1]["timestamp-ms"] / 1000, dt.UTC)
    return int(metadata["current-snapshot-id"]), made.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
