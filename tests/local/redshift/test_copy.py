"""COPY beyond the scenarios: manifests, rights of the IAM role, exact values, atomicity."""

from __future__ import annotations

import datetime
import decimal
import random

import pyarrow as pa
import pytest

from tests.local.redshift.conftest import Warehouse


@pytest.fixture
def table(warehouse: Warehouse, schema: str) -> str:
    warehouse.rows(f"CREATE TABLE {schema}.t (a INT, b VARCHAR(5))")
    return f"{schema}.t"


def part(numbers: list[int | None], texts: list[str | None]) -> pa.Table:
    return pa.table({"a": pa.array(numbers, pa.int64()), "b": pa.array(texts, pa.string())})


def test_role_without_rights_is_refused(warehouse: Warehouse, table: str) -> None:
    url = warehouse.put_parquet("rights/1.parquet", part([1], ["x"]))
    copy = f"COPY {table} FROM '{url}' IAM_ROLE '{warehouse.stranger_arn}' FORMAT PARQUET"
    assert "S3ServiceException:Access Denied,Status 403" in warehouse.error(copy)
    assert warehouse.rows(f"select count(*) from {table}") == [(0,)]


def test_one_bad_file_of_many_loads_nothing(warehouse: Warehouse, table: str) -> None:
    warehouse.put_parquet(f"{table}/1.parquet", part([1, 2], ["x", "y"]))
    warehouse.put_parquet(f"{table}/2.parquet", part([3], ["too long"]))
    error = warehouse.error(f"COPY {table} FROM 's3://{warehouse.bucket}/{table}/' IAM_ROLE default FORMAT PARQUET")
    assert "The length of the data column b is longer than the length defined in the table. Table: 5, Data: 8" in error
    assert f"s3://{warehouse.bucket}/{table}/2.parquet" in error
    assert warehouse.rows(f"select count(*) from {table}") == [(0,)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (pa.table({"a": [1]}), "Unmatched number of columns between table and file. Table columns: 2, Data columns: 1"),
        (pa.table({"a": [2**40], "b": ["x"]}), "not in range"),
        (pa.table({"a": ["x"], "b": ["x"]}), "incompatible Parquet schema for column 'a'"),
    ],
    ids=["columns", "overflow", "type"],
)
def test_parquet_that_does_not_fit(warehouse: Warehouse, table: str, content: pa.Table, text: str) -> None:
    url = warehouse.put_parquet(f"{table}/bad.parquet", content)
    assert text in warehouse.error(f"COPY {table} FROM '{url}' IAM_ROLE default FORMAT PARQUET")
    status = f"select status, loaded_rows from sys_load_history where data_source = '{url}'"
    assert warehouse.rows(status) == [("failed", 0)]


def test_bytes_count_not_characters(warehouse: Warehouse, table: str) -> None:
    url = warehouse.put_parquet(f"{table}/utf8.parquet", part([1], ["äöü"]))
    assert "Table: 5, Data: 6" in warehouse.error(f"COPY {table} FROM '{url}' IAM_ROLE default FORMAT PARQUET")


class TestManifest:
    def test_loads_the_listed_files_only(self, warehouse: Warehouse, table: str) -> None:
        one = warehouse.put_parquet(f"{table}/1.parquet", part([1], ["x"]))
        two = warehouse.put_parquet(f"{table}/2.parquet", part([2], ["y"]))
        warehouse.put_parquet(f"{table}/stray.parquet", part([9], ["z"]))
        manifest = warehouse.put_manifest(f"{table}/manifest.json", one, two)
        answer = warehouse.run(f"COPY {table} FROM '{manifest}' IAM_ROLE default FORMAT PARQUET MANIFEST")
        assert (answer.status, answer.affected) == ("FINISHED", 2)
        assert warehouse.rows(f"select * from {table} order by a") == [(1, "x"), (2, "y")]
        files = "select count(*) from stl_load_commits where query = (select max(query) from stl_load_commits)"
        assert warehouse.rows(files) == [(2,)]

    def test_changed_file_fails(self, warehouse: Warehouse, table: str) -> None:
        one = warehouse.put_parquet(f"{table}/changed.parquet", part([1], ["x"]))
        manifest = warehouse.put_manifest(f"{table}/manifest.json", one, changed=7)
        error = warehouse.error(f"COPY {table} FROM '{manifest}' IAM_ROLE default FORMAT PARQUET MANIFEST")
        assert "the manifest says 7" in error

    def test_columnar_files_need_their_size(self, warehouse: Warehouse, table: str) -> None:
        one = warehouse.put_parquet(f"{table}/1.parquet", part([1], ["x"]))
        manifest = warehouse.put(f"{table}/m.json", f'{{"entries": [{{"url": "{one}"}}]}}')
        error = warehouse.error(f"COPY {table} FROM '{manifest}' IAM_ROLE default FORMAT PARQUET MANIFEST")
        assert "meta.content_length is missing" in error

    @pytest.mark.parametrize("content", ["not json", "[]", '{"entries": [{}]}'])
    def test_broken_manifest(self, warehouse: Warehouse, table: str, content: str) -> None:
        manifest = warehouse.put(f"{table}/m.json", content)
        error = warehouse.error(f"COPY {table} FROM '{manifest}' IAM_ROLE default FORMAT PARQUET MANIFEST")
        assert "Problem reading manifest file" in error

    def test_missing_optional_file_is_skipped(self, warehouse: Warehouse, table: str) -> None:
        one = warehouse.put(f"{table}/1.csv", "1,x\n")
        manifest = warehouse.put(
            f"{table}/m.json", f'{{"entries": [{{"url": "{one}"}}, {{"url": "{one}.gone", "mandatory": false}}]}}'
        )
        assert warehouse.run(f"COPY {table} FROM '{manifest}' IAM_ROLE default CSV MANIFEST").affected == 1


def test_every_type_keeps_its_value(warehouse: Warehouse, schema: str) -> None:
    """The binary encoding of each type, with extremes, against what PostgreSQL gives back."""
    seeded = random.Random(7)
    numbers = [decimal.Decimal(seeded.randrange(-(10**11), 10**11)).scaleb(-3) for _ in range(500)]
    numbers += [
        decimal.Decimal(text).quantize(decimal.Decimal("0.001"))
        for text in ("0", "-0.001", "0.100", "10000", "-99999999.999")
    ]
    count = len(numbers)
    moments = [datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=i * 10**11 + 1) for i in range(count)]
    content = pa.table(
        {
            "s": pa.array([(-1) ** i * (i % 2**15) for i in range(count)], pa.int16()),
            "l": pa.array([(-1) ** i * (2**62 + i) for i in range(count)], pa.int64()),
            "n": pa.array(numbers, pa.decimal128(14, 3)),
            "f": pa.array([i / 7 for i in range(count)], pa.float64()),
            "o": pa.array([i % 2 == 0 for i in range(count)]),
            "v": pa.array([None if i % 5 == 0 else f"ä'\\\n{i}" for i in range(count)]),
            "d": pa.array([moment.date() for moment in moments], pa.date32()),
            "t": pa.array(moments, pa.timestamp("ns")),
            "z": pa.array(moments, pa.timestamp("us", "UTC")),
        }
    )
    warehouse.rows(
        f"CREATE TABLE {schema}.t (s SMALLINT, l BIGINT, n DECIMAL(14,3), f FLOAT8, o BOOLEAN, v VARCHAR(40), d DATE,"
        " t TIMESTAMP, z TIMESTAMPTZ)"
    )
    url = warehouse.put_parquet(f"{schema}/types.parquet", content)
    warehouse.rows(f"COPY {schema}.t FROM '{url}' IAM_ROLE default FORMAT PARQUET")
    rows = warehouse.rows(f"select s, l, n, f, o, v, d, t from {schema}.t order by d, t")
    expected = sorted(content.drop_columns(["z"]).to_pylist(), key=lambda row: row["t"])
    for row, wanted in zip(rows, expected, strict=True):
        assert row[:2] == (wanted["s"], wanted["l"])
        assert decimal.Decimal(row[2]) == wanted["n"]
        assert row[3] == pytest.approx(wanted["f"])
        assert row[4:7] == (wanted["o"], wanted["v"], str(wanted["d"]))
        assert row[7].startswith(str(wanted["t"])[:19])
    assert warehouse.rows(f"select count(*) from {schema}.t where t <> z at time zone 'UTC'") == [(0,)]


def test_rolled_back_load_keeps_its_history(warehouse: Warehouse, table: str) -> None:
    url = warehouse.put(f"{table}/bad.csv", "1,x\nnope,y\n")
    done = warehouse.batch(f"insert into {table} values (0, 'o')", f"COPY {table} FROM '{url}' IAM_ROLE default CSV")
    assert done["Error"].startswith("Query #2 failed with ERROR: Load into table 't' failed")
    assert warehouse.rows(f"select count(*) from {table}") == [(0,)]
    errors = (
        f"select line_number, trim(column_name), trim(raw_line) from sys_load_error_detail where file_name = '{url}'"
    )
    assert warehouse.rows(errors) == [(2, "a", "nope,y")]


def test_long_and_broken_lines(warehouse: Warehouse, table: str) -> None:
    """A 5 MB line and a quote that never closes are rejects like any other."""
    url = warehouse.put(f"{table}/lines.csv", f'1,a\n2,{"x" * (5 << 20)}\n3,c\n4,"open\n')
    answer = warehouse.run(f"COPY {table} FROM '{url}' IAM_ROLE default CSV MAXERROR 2")
    assert (answer.status, answer.affected) == ("FINISHED", 2)
    lines = f"select line_number from sys_load_error_detail where file_name = '{url}' order by 1"
    assert warehouse.rows(lines) == [(2,), (4,)]
