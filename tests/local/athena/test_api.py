# ruff: noqa: E501 - SQL as users write it
"""Athena's API around the queries: workgroups, idempotency, paging, cancelling, metadata, result files."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.services.athena.executions import QueryExecution
from tests.local.athena.conftest import Athena

# Runs for minutes unless it is interrupted.
_ENDLESS = (
    "select count(*) from unnest(sequence(1,100000)) a(x) cross join unnest(sequence(1,100000)) b(y) where x*y % 7 = 3"
)


def refused(call: Callable[[], Any], code: str = "InvalidRequestException") -> str:
    """The message of a refusal that botocore does not retry."""
    with pytest.raises(ClientError) as error:
        call()
    response = error.value.response
    assert response["Error"]["Code"] == code
    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    return str(response["Error"]["Message"])


@pytest.fixture
def workgroup(athena: Athena) -> Iterator[str]:
    """A workgroup with a default location, not enforced."""
    name = f"wg-{uuid.uuid4().hex[:8]}"
    configuration = {
        "EnforceWorkGroupConfiguration": False,
        "ResultConfiguration": {"OutputLocation": f"s3://{athena.bucket}/wg/"},
    }
    athena.client().create_work_group(Name=name, Configuration=configuration)
    yield name
    athena.client().delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)


def test_unknown_things_are_refused(athena: Athena) -> None:
    client = athena.client()
    unknown = "00000000-0000-0000-0000-000000000000"
    assert "was not found" in refused(lambda: client.get_query_execution(QueryExecutionId=unknown))
    assert "was not found" in refused(lambda: client.get_query_results(QueryExecutionId=unknown))
    assert "was not found" in refused(lambda: client.stop_query_execution(QueryExecutionId=unknown))
    assert "is not found" in refused(lambda: client.get_work_group(WorkGroup="nope"))
    assert "is not found" in refused(lambda: client.update_work_group(WorkGroup="nope", Description="x"))
    assert "is not found" in refused(lambda: client.delete_work_group(WorkGroup="nope"))
    assert "is not found" in refused(lambda: athena.start("select 1", WorkGroup="nope"))
    assert "was not found" in refused(lambda: client.get_named_query(NamedQueryId=unknown))
    refused(lambda: client.get_prepared_statement(StatementName="x", WorkGroup="primary"), "ResourceNotFoundException")
    batch = client.batch_get_query_execution(QueryExecutionIds=[unknown])
    assert [entry["QueryExecutionId"] for entry in batch["UnprocessedQueryExecutionIds"]] == [unknown]


def test_a_query_needs_a_place_for_its_result(athena: Athena) -> None:
    assert "No output location provided" in refused(lambda: athena.start("select 1", ResultConfiguration={}))
    assert "not a valid S3 path" in refused(
        lambda: athena.start("select 1", ResultConfiguration={"OutputLocation": "file:///tmp"})
    )


def test_the_same_request_token_is_the_same_query(athena: Athena) -> None:
    token = uuid.uuid4().hex + uuid.uuid4().hex
    first = athena.start("select 1", ClientRequestToken=token)
    assert athena.start("select 1", ClientRequestToken=token) == first
    assert "ClientRequestToken" in refused(lambda: athena.start("select 2", ClientRequestToken=token))
    athena.wait(first)
    assert athena.start("select 1", ClientRequestToken=token) == first


def test_results_come_in_pages_with_one_header(athena: Athena) -> None:
    done = athena.run(
        "select n, 'a\nb \"q\", ' || cast(n as varchar) t, if(n = 2, null, '') e from unnest(sequence(1,5)) x(n)"
    )
    done.succeeded()
    answers: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = athena.client().get_query_results(QueryExecutionId=done.id, MaxResults=2, **token)
        answers.append([[v.get("VarCharValue") for v in row["Data"]] for row in answer["ResultSet"]["Rows"]])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [len(page) for page in answers] == [2, 2, 2]
    assert answers[0][0] == ["n", "t", "e"]
    rows = sorted(row for page in answers for row in page if row[0] != "n")
    assert rows == [[str(n), f'a\nb "q", {n}', None if n == 2 else ""] for n in range(1, 6)]
    types = [c["Type"] for c in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert types == ["bigint", "varchar", "varchar"]
    assert refused(lambda: athena.client().get_query_results(QueryExecutionId=done.id, MaxResults=1001))


def test_result_files_are_in_s3(athena: Athena) -> None:
    query = athena.run("select 1 a, cast(null as varchar) b, true c, 1.50 d, array[1,2] e").succeeded()
    location = query.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{athena.bucket}/results/{query.id}.csv"
    body = athena.s3.get_object(Bucket=athena.bucket, Key=f"results/{query.id}.csv")["Body"].read().decode()
    assert body == '"a","b","c","d","e"\n"1",,"true","1.50","[1, 2]"\n'
    show = athena.run("SHOW DATABASES").succeeded()
    assert show.execution["ResultConfiguration"]["OutputLocation"].endswith(f"{show.id}.txt")
    assert show.execution["StatementType"] == "DDL"


def test_a_failure_says_why(athena: Athena) -> None:
    execution = athena.run("select zz from (values 1) t(a)").failed("COLUMN_NOT_FOUND: line 1:8").execution
    error = execution["Status"]["AthenaError"]
    assert error["ErrorCategory"] == 2
    assert error["Retryable"] is False
    assert error["ErrorMessage"] == execution["Status"]["StateChangeReason"]
    assert "Final query state: FAILED" in refused(
        lambda: athena.client().get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    )


def test_stop_really_interrupts_running_and_queued_queries(athena: Athena) -> None:
    # More than run at once: the rest waits in the queue.
    ids = [athena.start(_ENDLESS) for _ in range(4)]
    for execution_id in reversed(ids):
        athena.client().stop_query_execution(QueryExecutionId=execution_id)
    for execution_id in ids:
        assert athena.wait(execution_id)["Status"]["State"] == "CANCELLED"
    assert athena.run("select 1").succeeded().rows == [["1"]]


def test_a_cancelled_ctas_leaves_nothing(athena: Athena) -> None:
    sql = f"CREATE TABLE @curated.cut WITH (external_location='s3://@lake/cut/') AS {_ENDLESS.replace('count(*)', 'count(*) n')}"
    execution_id = athena.start(sql)
    athena.client().stop_query_execution(QueryExecutionId=execution_id)
    assert athena.wait(execution_id)["Status"]["State"] == "CANCELLED"
    athena.run("select * from @curated.cut").failed("TABLE_NOT_FOUND")
    assert athena.keys("cut/") == []


def test_a_failing_ctas_leaves_no_table(athena: Athena) -> None:
    sql = """CREATE TABLE @curated.half WITH (external_location='s3://@lake/half/') AS
    SELECT 10 / (5000 - n) x FROM unnest(sequence(1,5000)) t(n)"""
    athena.run(sql).failed("DIVISION_BY_ZERO")
    athena.run("select * from @curated.half").failed("TABLE_NOT_FOUND")
    assert athena.keys("half/") == []


def test_an_enforced_workgroup_decides_where_results_go(athena: Athena, workgroup: str) -> None:
    enforce = {"EnforceWorkGroupConfiguration": True}
    athena.client().update_work_group(WorkGroup=workgroup, ConfigurationUpdates=enforce)
    done = athena.run("select 1", WorkGroup=workgroup).succeeded()
    assert done.execution["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{athena.bucket}/wg/")
    ctas = "CREATE TABLE @curated.enforced WITH (external_location='s3://@lake/enforced/') AS SELECT 1 a"
    athena.run(ctas, WorkGroup=workgroup).failed("enforces a centralized output location")
    made = athena.run("CREATE TABLE @curated.enforced AS SELECT 1 a", WorkGroup=workgroup).succeeded()
    table = athena.glue.get_table(DatabaseName=athena.curated, Name="enforced")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"s3://{athena.bucket}/wg/tables/{made.id}/"


def test_a_workgroup_limits_scanned_bytes(athena: Athena, workgroup: str) -> None:
    update = athena.client().update_work_group
    update(WorkGroup=workgroup, ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000})
    athena.put("big/a.csv", "x" * 99 + "\n" + ("y" * 99 + "\n") * 110_000)
    athena.run("CREATE EXTERNAL TABLE big (t string) LOCATION 's3://@lake/big/'").succeeded()
    over = athena.run("select max(t) from big", WorkGroup=workgroup)
    assert (over.state, over.reason) == ("CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")
    ctas = "CREATE TABLE @curated.bigger WITH (external_location='s3://@lake/bigger/') AS SELECT max(t) t FROM big"
    assert athena.run(ctas, WorkGroup=workgroup).state == "CANCELLED"
    assert athena.keys("bigger/") == []
    athena.run("select * from @curated.bigger").failed("TABLE_NOT_FOUND")
    update(WorkGroup=workgroup, ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True})
    within = athena.run("select max(t) from big", WorkGroup=workgroup).succeeded()
    assert within.scanned == 100 * 110_001


def test_a_disabled_workgroup_takes_no_queries(athena: Athena, workgroup: str) -> None:
    athena.client().update_work_group(WorkGroup=workgroup, State="DISABLED")
    assert "is disabled" in refused(lambda: athena.start("select 1", WorkGroup=workgroup))
    athena.client().update_work_group(WorkGroup=workgroup, State="ENABLED")
    athena.run("select 1", WorkGroup=workgroup).succeeded()
    assert "not empty" in refused(lambda: athena.client().delete_work_group(WorkGroup=workgroup))
    assert "cannot be deleted" in refused(lambda: athena.client().delete_work_group(WorkGroup="primary"))
    assert "already created" in refused(lambda: athena.client().create_work_group(Name=workgroup))


def test_history_is_listed_per_workgroup(athena: Athena, workgroup: str) -> None:
    ids = [athena.run(f"select {number}", WorkGroup=workgroup).id for number in range(3)]
    first = athena.client().list_query_executions(WorkGroup=workgroup, MaxResults=2)
    assert first["QueryExecutionIds"] == [ids[2], ids[1]]
    rest = athena.client().list_query_executions(WorkGroup=workgroup, MaxResults=2, NextToken=first["NextToken"])
    assert rest["QueryExecutionIds"] == [ids[0]]
    batch = athena.client().batch_get_query_execution(QueryExecutionIds=ids)
    assert [execution["Query"] for execution in batch["QueryExecutions"]] == ["select 0", "select 1", "select 2"]


def test_prepared_statements_over_the_api(athena: Athena, workgroup: str) -> None:
    client = athena.client()
    client.create_prepared_statement(StatementName="P", WorkGroup=workgroup, QueryStatement="select ? + 1")
    assert "already exists" in refused(
        lambda: client.create_prepared_statement(StatementName="p", WorkGroup=workgroup, QueryStatement="select 1")
    )
    assert athena.run("EXECUTE p USING 41", WorkGroup=workgroup).succeeded().rows == [["42"]]
    athena.run("EXECUTE p USING 41").failed("was not found in workgroup primary")
    client.update_prepared_statement(StatementName="P", WorkGroup=workgroup, QueryStatement="select ? + 2")
    found = client.get_prepared_statement(StatementName="P", WorkGroup=workgroup)["PreparedStatement"]
    assert found["QueryStatement"] == "select ? + 2"
    assert [p["StatementName"] for p in client.list_prepared_statements(WorkGroup=workgroup)["PreparedStatements"]] == [
        "P"
    ]
    client.delete_prepared_statement(StatementName="P", WorkGroup=workgroup)
    refused(lambda: client.get_prepared_statement(StatementName="P", WorkGroup=workgroup), "ResourceNotFoundException")


def test_catalog_metadata(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE meta (a int COMMENT 'first') PARTITIONED BY (d string) STORED AS PARQUET LOCATION 's3://@lake/meta/'"
    ).succeeded()
    client, place = athena.client(), {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.raw}
    table = client.get_table_metadata(TableName="meta", **place)["TableMetadata"]
    assert table["Columns"] == [{"Name": "a", "Type": "int", "Comment": "first"}]
    assert table["PartitionKeys"] == [{"Name": "d", "Type": "string"}]
    assert table["Parameters"]["location"] == f"s3://{athena.bucket}/meta/"
    listed = client.list_table_metadata(Expression="met", **place)["TableMetadataList"]
    assert [found["Name"] for found in listed] == ["meta"]
    assert client.get_database(**place)["Database"]["Name"] == athena.raw
    names = [
        d["Name"]
        for p in client.get_paginator("list_databases").paginate(CatalogName="AwsDataCatalog")
        for d in p["DatabaseList"]
    ]
    assert athena.raw in names
    assert "EntityNotFoundException" in refused(
        lambda: client.get_table_metadata(TableName="x", **place), "MetadataException"
    )
    refused(lambda: client.get_database(CatalogName="AwsDataCatalog", DatabaseName="x"), "MetadataException")


def test_history_survives_a_restart() -> None:
    execution = QueryExecution("select 1", "db", "AwsDataCatalog", "primary", "", False, "arn", "role", [], {})
    execution.place("s3://bucket/")
    assert execution.start()
    restored = pickle.loads(pickle.dumps(execution))
    restored.interrupted()
    described = restored.describe()
    assert described["Status"]["State"] == "FAILED"
    assert "restart" in described["Status"]["StateChangeReason"]
    assert described["Status"]["AthenaError"]["Retryable"] is True
    restored.finish("SUCCEEDED")
    assert restored.state == "FAILED"
