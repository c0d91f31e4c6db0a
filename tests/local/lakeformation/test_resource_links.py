"""Resource links: kept as they are, granted on as AWS lets one, and never followed to something else by an engine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import LocalAws

from .conftest import Lake

Refused = Callable[..., dict[str, Any]]

THEIRS = {"CatalogId": "999999999999", "DatabaseName": "sales", "Name": "orders"}
LINK = {"Table": {"DatabaseName": "db", "Name": "orders"}}


@pytest.fixture
def link(lake: Lake) -> None:
    """``db.orders``, a link to a table of another account."""
    lake.client("glue", "local-admin").create_table(
        DatabaseName="db", TableInput={"Name": "orders", "TargetTable": THEIRS}
    )


@pytest.mark.parametrize("permission", ["SELECT", "INSERT", "ALTER", "DELETE", "ALL"])
def test_a_link_takes_no_rights_of_its_target(lake: Lake, refused: Refused, link: None, permission: str) -> None:
    error = refused(lake.grant, "analyst", LINK, permission)
    assert error["Code"] == "InvalidInputException"
    assert "granted on its target" in error["Message"]


def test_a_link_is_seen_by_whom_it_was_granted_to(lake: Lake, link: None) -> None:
    glue = lake.client("glue", "analyst")
    with pytest.raises(ClientError, match="Insufficient Lake Formation permission"):
        glue.get_table(DatabaseName="db", Name="orders")
    lake.grant("analyst", LINK, "DESCRIBE")
    found = glue.get_table(DatabaseName="db", Name="orders")["Table"]
    assert found["TargetTable"] == THEIRS
    assert [table["TargetTable"] for table in glue.get_tables(DatabaseName="db")["TableList"]] == [THEIRS]
    with pytest.raises(ClientError, match="Required Drop"):
        glue.delete_table(DatabaseName="db", Name="orders")
    lake.grant("analyst", LINK, "DROP")
    glue.delete_table(DatabaseName="db", Name="orders")


def test_a_link_to_a_database_keeps_its_target(lake: Lake, refused: Refused) -> None:
    target = {"CatalogId": "999999999999", "DatabaseName": "sales"}
    glue = lake.client("glue", "local-admin")
    glue.create_database(DatabaseInput={"Name": "theirs", "TargetDatabase": target})
    try:
        assert glue.get_database(Name="theirs")["Database"]["TargetDatabase"] == target
        assert target in [found.get("TargetDatabase") for found in glue.get_databases()["DatabaseList"]]
        resource = {"Database": {"Name": "theirs"}}
        assert refused(lake.grant, "analyst", resource, "CREATE_TABLE")["Code"] == "InvalidInputException"
        lake.grant("analyst", resource, "DESCRIBE")
        assert lake.client("glue", "analyst").get_database(Name="theirs")["Database"]["TargetDatabase"] == target
    finally:
        glue.delete_database(Name="theirs")


@dataclass(frozen=True)
class Linked:
    """A database with the table ``real``, the link ``own`` to it and the link ``theirs`` to another account's table.

    :param database_link: a link to a database of another account
    """

    local_aws: LocalAws
    database: str
    database_link: str

    def query(self, sql: str, role: str = "local-admin") -> tuple[str, str, list[Any]]:
        """State, reason and rows of a query."""
        athena = self.local_aws.client("athena", role)
        results = {"ResultConfiguration": {"OutputLocation": f"s3://{self.local_aws.name('athena')}/links/"}}
        started = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            # Each role asks in the workgroup of its own name.
            **(results if role == "local-admin" else {"WorkGroup": role}),
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                break
            time.sleep(0.05)
        if status["State"] != "SUCCEEDED":
            return status["State"], status.get("StateChangeReason", ""), []
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return "SUCCEEDED", "", [[value.get("VarCharValue") for value in row["Data"]] for row in rows]


@pytest.fixture(scope="module")
def linked(local_aws: LocalAws) -> Iterator[Linked]:
    mark = uuid.uuid4().hex[:8]
    it = Linked(local_aws, f"links_{mark}", f"their_links_{mark}")
    glue, s3 = local_aws.client("glue"), local_aws.client("s3")
    bucket = local_aws.name("staging")
    s3.put_object(Bucket=bucket, Key=f"{it.database}/a.csv", Body=b"1\n2\n")
    glue.create_database(DatabaseInput={"Name": it.database, "CreateTableDefaultPermissions": []})
    glue.create_database(
        DatabaseInput={
            "Name": it.database_link,
            "TargetDatabase": {"CatalogId": "999999999999", "DatabaseName": "sales"},
        }
    )
    state, reason, _ = it.query(
        f"CREATE EXTERNAL TABLE real (id int) ROW FORMAT DELIMITED LOCATION 's3://{bucket}/{it.database}/'"
    )
    assert state == "SUCCEEDED", reason
    own = {"CatalogId": "123456789012", "DatabaseName": it.database, "Name": "real"}
    for name, target in (("own", own), ("theirs", THEIRS)):
        glue.create_table(DatabaseName=it.database, TableInput={"Name": name, "TargetTable": target})
    yield it
    glue.delete_database(Name=it.database)
    glue.delete_database(Name=it.database_link)
    s3.delete_object(Bucket=bucket, Key=f"{it.database}/a.csv")


STATEMENTS = [
    "SELECT * FROM {link}",
    "SELECT count(*) FROM real r LEFT JOIN {link} l ON true",
    "SELECT id FROM real WHERE id IN (SELECT id FROM {link})",
    "INSERT INTO {link} VALUES (3)",
    "CREATE TABLE copied WITH (format = 'PARQUET') AS SELECT * FROM {link}",
    "CREATE VIEW seen AS SELECT * FROM {link}",
    "CREATE OR REPLACE VIEW {link} AS SELECT * FROM real",
    "UNLOAD (SELECT * FROM {link}) TO 's3://nowhere/' WITH (format = 'PARQUET')",
    "DROP TABLE {link}",
    "DESCRIBE {link}",
    "SHOW CREATE TABLE {link}",
    "SHOW COLUMNS IN {link}",
    "ALTER TABLE {link} SET TBLPROPERTIES ('a' = 'b')",
    "MSCK REPAIR TABLE {link}",
]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize(
    ("name", "target"), [("own", "123456789012.{0}.real"), ("theirs", "999999999999.sales.orders")]
)
def test_athena_refuses_a_link_and_names_its_target(linked: Linked, statement: str, name: str, target: str) -> None:
    state, reason, _ = linked.query(statement.format(link=name))
    assert state == "FAILED"
    assert "NOT_SUPPORTED" in reason
    assert f"{linked.database}.{name} is a resource link to {target.format(linked.database)}" in reason
    assert linked.query("SELECT id FROM real ORDER BY id") == ("SUCCEEDED", "", [["id"], ["1"], ["2"]])


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM {db}.orders", "SHOW TABLES IN {db}", "CREATE VIEW {db}.v AS SELECT 1 AS x", "DROP DATABASE {db}"],
)
def test_athena_refuses_a_link_to_a_database(linked: Linked, statement: str) -> None:
    state, reason, _ = linked.query(statement.format(db=linked.database_link))
    assert state == "FAILED"
    assert f"{linked.database_link} is a resource link to 999999999999.sales" in reason


def test_a_link_is_listed_and_has_no_columns_here(linked: Linked) -> None:
    assert linked.query("SHOW TABLES") == ("SUCCEEDED", "", [["own"], ["real"], ["theirs"]])
    _, _, rows = linked.query(
        f"SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '{linked.database}'"
    )
    assert rows[1:] == [["real", "id"]]
    athena = linked.local_aws.client("athena")
    with pytest.raises(ClientError, match="is a resource link to 999999999999"):
        athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=linked.database, TableName="theirs")
    with pytest.raises(ClientError, match="is a resource link to 999999999999"):
        athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=linked.database_link)


def test_who_may_not_see_a_link_does_not_learn_its_target(linked: Linked) -> None:
    role = linked.local_aws.name("uk-analyst")
    for name in ("own", "theirs"):
        state, reason, _ = linked.query(f"SELECT * FROM {name}", role)
        assert state == "FAILED"
        assert "999999999999" not in reason
        assert "real" not in reason
