"""The Data Catalog's rules that plain moto lacks."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.glue.workbench import Workbench


def table_input(name: str, **members: Any) -> dict[str, Any]:
    storage = {"Columns": [{"Name": "Id", "Type": "bigint"}], "Location": "s3://somewhere/else/"}
    return {"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": "Day", "Type": "string"}]} | members


@pytest.fixture
def table(glue: Workbench) -> str:
    """Name of a fresh table partitioned by day."""
    name = f"t_{uuid.uuid4().hex[:8]}"
    glue.glue.create_table(DatabaseName=glue.database, TableInput=table_input(name))
    return name


def partition(day: str, location: str = "s3://somewhere/else/") -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": {"Location": location}}


def test_update_of_an_old_version_is_refused(glue: Workbench, table: str) -> None:
    version = glue.table(table)["VersionId"]
    glue.glue.update_table(DatabaseName=glue.database, TableInput=table_input(table), VersionId=version)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.glue.update_table(DatabaseName=glue.database, TableInput=table_input(table), VersionId=version)


def test_one_of_many_concurrent_updates_wins(glue: Workbench, table: str) -> None:
    """An Iceberg commit is such an update: each that was told "done" must be there."""
    version = glue.table(table)["VersionId"]
    done: list[str] = []
    refused: list[str] = []

    def update(number: int) -> None:
        client = glue.aws.client("glue")
        changed = table_input(table, Parameters={"writer": str(number)})
        try:
            client.update_table(DatabaseName=glue.database, TableInput=changed, VersionId=version)
            done.append(str(number))
        except ClientError as error:
            refused.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=update, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert refused == ["ConcurrentModificationException"] * 5
    assert glue.table(table)["Parameters"]["writer"] == done[0]


def test_names_are_lower_case(glue: Workbench) -> None:
    name = f"Mixed_{uuid.uuid4().hex[:8]}"
    glue.glue.create_table(DatabaseName=glue.database.upper(), TableInput=table_input(name))
    stored = glue.table(name.upper())
    assert (stored["Name"], stored["DatabaseName"]) == (name.lower(), glue.database)
    assert stored["StorageDescriptor"]["Columns"][0]["Name"] == "id"
    assert stored["PartitionKeys"][0]["Name"] == "day"
    with pytest.raises(glue.glue.exceptions.AlreadyExistsException):
        glue.glue.create_table(DatabaseName=glue.database, TableInput=table_input(name.lower()))
    glue.glue.delete_table(DatabaseName=glue.database, Name=name.upper())
    assert name.lower() not in glue.table_names()


def test_versions(glue: Workbench, table: str) -> None:
    """They count from 0; SkipArchive keeps no old one."""
    assert glue.table(table)["VersionId"] == "0"
    glue.glue.update_table(DatabaseName=glue.database, TableInput=table_input(table, Description="one"))
    glue.glue.update_table(
        DatabaseName=glue.database, TableInput=table_input(table, Description="two"), SkipArchive=True
    )
    versions = glue.glue.get_table_versions(DatabaseName=glue.database, TableName=table)["TableVersions"]
    assert [entry["VersionId"] for entry in versions] == ["2", "0"]
    old = glue.glue.get_table_version(DatabaseName=glue.database, TableName=table, VersionId="0")
    assert "Description" not in old["TableVersion"]["Table"]


def test_unknown_database_and_table(glue: Workbench) -> None:
    missing = glue.glue.exceptions.EntityNotFoundException
    calls = [
        lambda: glue.glue.create_table(DatabaseName="no_such_database", TableInput=table_input("t")),
        lambda: glue.glue.get_table(DatabaseName="no_such_database", Name="t"),
        lambda: glue.glue.get_table(DatabaseName=glue.database, Name="no_such_table"),
        lambda: glue.glue.update_table(DatabaseName=glue.database, TableInput=table_input("no_such_table")),
        lambda: glue.glue.delete_table(DatabaseName=glue.database, Name="no_such_table"),
        lambda: glue.glue.get_partitions(DatabaseName=glue.database, TableName="no_such_table"),
        lambda: glue.glue.delete_database(Name="no_such_database"),
    ]
    for call in calls:
        with pytest.raises(missing):
            call()


def test_partition_needs_one_value_per_key(glue: Workbench, table: str) -> None:
    with pytest.raises(glue.glue.exceptions.InvalidInputException, match="number of partition keys do not match"):
        glue.glue.create_partition(
            DatabaseName=glue.database, TableName=table, PartitionInput=partition("1") | {"Values": ["1", "2"]}
        )


def test_partitions(glue: Workbench, table: str) -> None:
    """Create many, filter, swap one's location, delete; the swap is what publishes a day."""
    address = {"DatabaseName": glue.database, "TableName": table}
    days = [f"2010-12-{day:02d}" for day in range(1, 11)]
    answer = glue.glue.batch_create_partition(**address, PartitionInputList=[partition(day) for day in days])
    assert answer.get("Errors", []) == []
    again = glue.glue.batch_create_partition(
        **address, PartitionInputList=[partition(days[0]), partition("2011-01-01")]
    )
    assert [error["ErrorDetail"]["ErrorCode"] for error in again["Errors"]] == ["AlreadyExistsException"]

    def selected(expression: str) -> list[str]:
        found = glue.glue.get_partitions(**address, Expression=expression)["Partitions"]
        return [entry["Values"][0] for entry in found]

    assert selected("day = '2010-12-03'") == ["2010-12-03"]
    assert selected("day >= '2010-12-09' AND day < '2011-01-01'") == ["2010-12-09", "2010-12-10"]
    assert selected("day IN ('2010-12-01', '2011-01-01')") == ["2010-12-01", "2011-01-01"]
    glue.glue.update_partition(
        **address, PartitionValueList=["2010-12-03"], PartitionInput=partition("2010-12-03", "s3://somewhere/new/")
    )
    swapped = glue.glue.get_partition(**address, PartitionValues=["2010-12-03"])["Partition"]
    assert swapped["StorageDescriptor"]["Location"] == "s3://somewhere/new/"
    with pytest.raises(glue.glue.exceptions.EntityNotFoundException):
        glue.glue.update_partition(**address, PartitionValueList=["1999-01-01"], PartitionInput=partition("1999-01-01"))
    glue.glue.delete_partition(**address, PartitionValues=["2010-12-03"])
    assert "2010-12-03" not in selected("day <> ''")
    glue.glue.delete_table(DatabaseName=glue.database, Name=table)
    glue.glue.create_table(DatabaseName=glue.database, TableInput=table_input(table))
    assert glue.partition_values(table) == []


def test_lists_come_in_pages(glue: Workbench, table: str) -> None:
    address = {"DatabaseName": glue.database, "TableName": table}
    glue.glue.batch_create_partition(**address, PartitionInputList=[partition(f"{day:02d}") for day in range(5)])
    first = glue.glue.get_partitions(**address, MaxResults=3)
    rest = glue.glue.get_partitions(**address, MaxResults=3, NextToken=first["NextToken"])
    values = [entry["Values"][0] for entry in first["Partitions"] + rest["Partitions"]]
    assert values == [f"{day:02d}" for day in range(5)]
    assert "NextToken" not in rest
    assert len(glue.glue.get_tables(DatabaseName=glue.database, MaxResults=1)["TableList"]) == 1
    with pytest.raises(ClientError, match="Invalid pagination token"):
        glue.glue.get_partitions(**address, NextToken="nonsense")


def test_batches_have_a_limit(glue: Workbench, table: str) -> None:
    address = {"DatabaseName": glue.database, "TableName": table}
    too_many = [partition(f"{day:03d}") for day in range(101)]
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 100"):
        glue.glue.batch_create_partition(**address, PartitionInputList=too_many)
    assert glue.partition_values(table) == []


@pytest.fixture(scope="module")
def outsider(glue: Workbench) -> Any:
    """A Glue client of a role that was granted nothing."""
    role = f"{glue.name}-outsider"
    glue.create_role(role)
    return glue.aws.client("glue", role)


def test_nothing_is_written_without_a_grant(glue: Workbench, table: str, outsider: Any) -> None:
    """Lake Formation decides about every write to the catalog."""
    address = {"DatabaseName": glue.database, "TableName": table}
    calls = [
        lambda: outsider.delete_database(Name=glue.database),
        lambda: outsider.create_table(DatabaseName=glue.database, TableInput=table_input("outsiders")),
        lambda: outsider.update_table(DatabaseName=glue.database, TableInput=table_input(table, Description="mine")),
        lambda: outsider.delete_table(DatabaseName=glue.database, Name=table),
        lambda: outsider.create_partition(**address, PartitionInput=partition("1")),
        lambda: outsider.batch_create_partition(**address, PartitionInputList=[partition("1")]),
        lambda: outsider.update_partition(**address, PartitionValueList=["1"], PartitionInput=partition("1")),
        lambda: outsider.delete_partition(**address, PartitionValues=["1"]),
    ]
    before = glue.table(table)
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert glue.table(table) == before
    errors = outsider.batch_delete_table(DatabaseName=glue.database, TablesToDelete=[table])["Errors"]
    assert [error["ErrorDetail"]["ErrorCode"] for error in errors] == ["AccessDeniedException"]


def test_nothing_is_seen_without_a_grant(glue: Workbench, table: str, outsider: Any) -> None:
    address = {"DatabaseName": glue.database, "TableName": table}
    for call in (
        lambda: outsider.get_database(Name=glue.database),
        lambda: outsider.get_table(DatabaseName=glue.database, Name=table),
        lambda: outsider.get_table_versions(**address),
        lambda: outsider.get_partitions(**address),
        lambda: outsider.get_partition(**address, PartitionValues=["1"]),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            call()
    assert outsider.get_tables(DatabaseName=glue.database)["TableList"] == []
    assert glue.database not in {database["Name"] for database in outsider.get_databases()["DatabaseList"]}


def test_only_granted_columns_are_seen(glue: Workbench) -> None:
    """SELECT on some columns shows these, and no others, to GetTable too."""
    role = f"{glue.name}-analyst"
    glue.create_role(role)
    name = f"shared_{uuid.uuid4().hex[:8]}"
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "secret", "Type": "string"}]
    storage = {"Columns": columns, "Location": "s3://somewhere/else/"}
    glue.glue.create_table(DatabaseName=glue.database, TableInput={"Name": name, "StorageDescriptor": storage})
    granted = {"TableWithColumns": {"DatabaseName": glue.database, "Name": name, "ColumnNames": ["id"]}}
    glue.grant(["SELECT"], granted, role)
    analyst = glue.aws.client("glue", role)
    seen = analyst.get_table(DatabaseName=glue.database, Name=name)["Table"]["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in seen] == ["id"]
    assert [table["Name"] for table in analyst.get_tables(DatabaseName=glue.database)["TableList"]] == [name]


def test_creator_owns_the_table(glue: Workbench) -> None:
    """Who may create a table may then change and drop it, and is named in it."""
    owner = glue.aws.client("glue", glue.role)
    name = f"owned_{uuid.uuid4().hex[:8]}"
    owner.create_table(DatabaseName=glue.database, TableInput=table_input(name))
    assert glue.table(name)["CreatedBy"].endswith(f":role/{glue.role}")
    owner.update_table(DatabaseName=glue.database, TableInput=table_input(name, Description="mine"))
    owner.create_partition(DatabaseName=glue.database, TableName=name, PartitionInput=partition("1"))
    owner.delete_table(DatabaseName=glue.database, Name=name)
    assert name not in glue.table_names()
