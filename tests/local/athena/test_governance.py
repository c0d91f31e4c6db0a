# ruff: noqa: E501 - SQL as users write it
"""Lake Formation on metadata, plans and writes: what a caller may not see has no other door.

The attacks on SELECT are in tests/local/lakeformation.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local import rights
from tests.local.athena.conftest import Athena

_SECRETS = ("ssn-", "bob", "topsecret", "200", "@lake/gov/sec")


@dataclass
class GovernedLake:
    """``emp`` (analyst: four columns, rows of the EU), ``sec`` (nobody), ``pub`` (analyst: all)."""

    athena: Athena
    database: str
    analyst: str
    writer: str

    def run(self, sql: str, who: str | None = None) -> Any:
        return self.athena.run(sql.replace("@db", self.database), who or self.analyst, self.database)


@pytest.fixture(scope="module")
def lake(athena: Athena) -> Iterator[GovernedLake]:
    suffix = uuid.uuid4().hex[:8]
    governed = GovernedLake(athena, f"gov_{suffix}", f"analyst-{suffix}", f"writer-{suffix}")
    iam, formation = athena.local_aws.client("iam"), athena.local_aws.client("lakeformation")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    for role in (governed.analyst, governed.writer):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        rights.give(iam, role, *rights.QUERY, *rights.CHANGE_CATALOG, *rights.use_bucket(athena.bucket))
    # No default permissions: otherwise new tables are open to everybody, as on AWS.
    athena.glue.create_database(DatabaseInput={"Name": governed.database, "CreateTableDefaultPermissions": []})
    athena.put("gov/emp/a.csv", "1,ann,eu,100,ssn-1\n2,bob,us,200,ssn-2\n3,carl,eu,300,ssn-3\n")
    athena.put("gov/sec/a.csv", "topsecret\n")
    athena.put("gov/pub/a.csv", "1\n2\n")
    tables = {"emp": "id int, name string, region string, salary int, ssn string", "sec": "v string", "pub": "id int"}
    for name, columns in tables.items():
        athena.run(
            f"CREATE EXTERNAL TABLE {name} ({columns}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
            f"LOCATION 's3://@lake/gov/{name}/'",
            database=governed.database,
        ).succeeded()
    athena.run("CREATE VIEW v_sec AS SELECT v FROM sec", database=governed.database).succeeded()
    _grant(formation, governed)
    yield governed
    for role in (governed.analyst, governed.writer):
        rights.take_all(iam, role)
        iam.delete_role(RoleName=role)


def _grant(formation: Any, lake: GovernedLake) -> None:
    account = "123456789012"
    formation.create_data_cells_filter(
        TableData={
            "TableCatalogId": account,
            "DatabaseName": lake.database,
            "TableName": "emp",
            "Name": "eu",
            "ColumnNames": ["id", "name", "region", "salary"],
            "RowFilter": {"FilterExpression": "region = 'eu'"},
        }
    )
    cells = {"TableCatalogId": account, "DatabaseName": lake.database, "TableName": "emp", "Name": "eu"}
    grants: list[tuple[str, dict[str, Any], list[str]]] = [
        (lake.analyst, {"DataCellsFilter": cells}, ["SELECT"]),
        (lake.analyst, {"Table": {"DatabaseName": lake.database, "Name": "pub"}}, ["SELECT"]),
        (lake.analyst, {"Table": {"DatabaseName": lake.database, "Name": "v_sec"}}, ["SELECT"]),
        (lake.writer, {"Table": {"DatabaseName": lake.database, "Name": "pub"}}, ["SELECT", "INSERT", "ALTER"]),
    ]
    for role, resource, permissions in grants:
        principal = {"DataLakePrincipalIdentifier": f"arn:aws:iam::{account}:role/{role}"}
        formation.grant_permissions(Principal=principal, Resource=resource, Permissions=permissions)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from sec",
        "select ssn from emp",
        "select id from emp where ssn = 'ssn-1'",
        "select * from v_sec",
        "with emp as (select * from sec) select * from emp",
        "select id from pub where exists (select 1 from sec)",
        'select "$path" from emp',
        "explain select * from emp",
        "explain select * from sec",
        "explain analyze select id from emp",
        "describe sec",
        "show create table sec",
        "show columns in sec",
        "show tblproperties sec",
        "show partitions sec",
        "create table cp with (external_location='s3://@lake/gov/cp/') as select id from pub",
        "create external table mine (v string) location 's3://@lake/gov/sec/'",
        "create view mine as select * from pub",
        "insert into pub select id from pub",
        "alter table pub add columns (x int)",
        "alter table sec set location 's3://@lake/gov/pub/'",
        "msck repair table sec",
        "drop table sec",
        "drop table pub",
        "drop database @db cascade",
        "select * from read_csv('s3://@lake/gov/sec/a.csv')",
        'select * from "s3://@lake/gov/sec/a.csv"',
        "select getenv('PATH')",
        "select * from duckdb_secrets()",
        "select current_setting('s3_secret_access_key')",
        "select * from emp for version as of 1",
        "attach 's3://@lake/x.db' as y",
        "copy (select 1) to 's3://@lake/z'",
        "set enable_external_access=true",
        "pragma version",
        "table sec",
        "from sec",
    ],
)
def test_refused(lake: GovernedLake, sql: str) -> None:
    outcome = lake.run(sql)
    assert outcome.state == "FAILED", outcome.rows
    # What the statement itself says may come back.
    told = [secret for secret in _SECRETS if secret not in sql and lake.athena.text(secret) in outcome.reason]
    assert told == []


def test_permitted_columns_and_rows(lake: GovernedLake) -> None:
    assert lake.run("select * from emp order by id").succeeded().rows == [
        ["1", "ann", "eu", "100"],
        ["3", "carl", "eu", "300"],
    ]
    assert lake.run("select count(*) from emp where region = 'us' or 1 = 1").succeeded().rows == [["2"]]
    assert lake.run('select count("$path") from pub').succeeded().rows == [["2"]]


def test_a_hidden_row_cannot_be_told_by_an_error(lake: GovernedLake) -> None:
    outcome = lake.run("select id from emp where region = 'us' and 1 / (salary - 200) = 1")
    assert outcome.succeeded().rows == []


def test_metadata_shows_permitted_columns_only(lake: GovernedLake) -> None:
    described = lake.run("describe emp").succeeded().rows
    assert [row[0].split()[0] for row in described if row[0]] == ["id", "name", "region", "salary"]
    created = "\n".join(row[0] or "" for row in lake.run("show create table emp").succeeded().rows)
    assert "ssn" not in created
    assert lake.run("show tables").succeeded().rows == [["emp"], ["pub"], ["v_sec"]]
    columns = f"select column_name from information_schema.columns where table_schema = '{lake.database}' and table_name = 'emp'"
    assert sorted(row[0] or "" for row in lake.run(columns).succeeded().rows) == ["id", "name", "region", "salary"]
    place = {"CatalogName": "AwsDataCatalog", "DatabaseName": lake.database}
    client = lake.athena.client(lake.analyst)
    metadata = client.get_table_metadata(TableName="emp", **place)["TableMetadata"]
    assert [column["Name"] for column in metadata["Columns"]] == ["id", "name", "region", "salary"]
    listed = client.list_table_metadata(**place)["TableMetadataList"]
    assert [table["Name"] for table in listed] == ["emp", "pub", "v_sec"]
    with pytest.raises(ClientError, match="Required Describe on sec"):
        client.get_table_metadata(TableName="sec", **place)


def test_rights_to_write_are_separate(lake: GovernedLake) -> None:
    lake.run("insert into pub values (3)", lake.writer).succeeded()
    assert lake.run("select count(*) from pub", lake.writer).succeeded().rows == [["3"]]
    assert lake.run("drop table pub", lake.writer).state == "FAILED"
    assert lake.run("select * from emp", lake.writer).state == "FAILED"
