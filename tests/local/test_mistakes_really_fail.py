"""The promise in one file: what must fail fails, and what says it worked really did.

Every test speaks plain boto3, so the same file can be pointed at another local AWS. With plain moto 5.2.5

    moto_server -p 5000 &  SLUICE_TEST_ENDPOINT=http://127.0.0.1:5000 pytest tests/local/test_mistakes_really_fail.py

it fails, which is why it is here: a green pipeline on a server that fails this file proves nothing.
"""

from __future__ import annotations

import io
import json
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import botocore.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCRIPT_THAT_RAISES = b"""
def load_prices():
    raise ValueError("price list for 2010-12-01 is empty")

load_prices()
"""

Client = Callable[..., Any]


class Lake:
    """Names of the deployed lake and clients for its principals, on our local AWS or on any other endpoint."""

    def __init__(self, endpoint: str, client: Client, name: Callable[[str], str]) -> None:
        self.endpoint = endpoint
        self.client = client
        self.name = name
        self.workgroup = name("x").removesuffix("-x")

    def role_arn(self, role: str) -> str:
        return f"arn:aws:iam::123456789012:role/{self.name(role)}"

    def put(self, bucket: str, key: str, body: bytes) -> str:
        self.client("s3").put_object(Bucket=self.name(bucket), Key=key, Body=body)
        return f"s3://{self.name(bucket)}/{key}"

    def workgroup_of(self, principal: str) -> str:
        """The DAGs have a workgroup; each persona has one of its own."""
        return self.workgroup if principal == "airflow" else self.name(principal)

    def query(
        self, sql: str, principal: str = "airflow", database: str = "staging"
    ) -> tuple[dict[str, Any], list[Any]]:
        """Run one Athena statement to its end; returns its execution and its rows."""
        athena = self.client("athena", principal)
        execution_id = athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=self.workgroup_of(principal)
        )["QueryExecutionId"]
        execution = wait_until(
            lambda: athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"],
            lambda e: e["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"},
        )
        rows: list[Any] = []
        if execution["Status"]["State"] == "SUCCEEDED":
            result = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
            rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result]
        return execution, rows

    def warehouse(self, sql: str, principal: str = "airflow") -> tuple[dict[str, Any], list[Any]]:
        """Run one statement through the Redshift Data API to its end; returns its description and its rows."""
        data = self.client("redshift-data", principal)
        statement = data.execute_statement(WorkgroupName=self.workgroup, Database="lake", Sql=sql)["Id"]
        described = wait_until(
            lambda: data.describe_statement(Id=statement), lambda d: d["Status"] in {"FINISHED", "FAILED", "ABORTED"}
        )
        rows: list[Any] = []
        if described["Status"] == "FINISHED" and described.get("HasResultSet"):
            records = data.get_statement_result(Id=statement)["Records"]
            rows = [[next(iter(cell.values())) for cell in record] for record in records]
        return described, rows


def wait_until(read: Callable[[], Any], done: Callable[[Any], bool], limit_seconds: float = 90) -> Any:
    deadline = time.monotonic() + limit_seconds
    while True:
        value = read()
        if done(value):
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"still not ended after {limit_seconds} s: {value}")
        time.sleep(0.2)


@pytest.fixture(scope="module")
def lake(request: pytest.FixtureRequest) -> Lake:
    endpoint = os.environ.get("SLUICE_TEST_ENDPOINT")
    if endpoint is None:
        local_aws = request.getfixturevalue("local_aws")

        def as_principal(service: str, principal: str = "local-admin") -> Any:
            return local_aws.client(service, principal if principal == "local-admin" else local_aws.name(principal))

        return Lake(local_aws.settings.endpoint_url, as_principal, local_aws.name)

    def client(service: str, principal: str = "local-admin") -> Any:
        return boto3.client(
            service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )

    return Lake(endpoint, client, lambda part: f"sluice-dev-{part}")


@pytest.fixture
def job(lake: Lake) -> Any:
    """A Glue job that runs the script it is given; deleted afterwards."""
    glue = lake.client("glue")
    names: list[str] = []

    def create(script: bytes) -> str:
        name = f"mistake-{uuid.uuid4().hex[:8]}"
        location = lake.put("artifacts", f"mistakes/{name}.py", script)
        glue.create_job(
            Name=name,
            Role=lake.role_arn("glue"),
            GlueVersion="5.1",
            Command={"Name": "glueetl", "ScriptLocation": location, "PythonVersion": "3"},
        )
        names.append(name)
        return name

    yield create
    for name in names:
        glue.delete_job(JobName=name)


def run_job(lake: Lake, name: str) -> dict[str, Any]:
    glue = lake.client("glue")
    run_id = glue.start_job_run(JobName=name)["JobRunId"]
    return wait_until(
        lambda: glue.get_job_run(JobName=name, RunId=run_id)["JobRun"],
        lambda run: run["JobRunState"] not in {"STARTING", "RUNNING", "WAITING", "STOPPING"},
    )


def test_a_glue_script_that_raises_fails_with_its_traceback(lake: Lake, job: Callable[[bytes], str]) -> None:
    run = run_job(lake, job(SCRIPT_THAT_RAISES))

    assert run["JobRunState"] == "FAILED"
    assert "ValueError: price list for 2010-12-01 is empty" in run["ErrorMessage"]
    events = lake.client("logs").filter_log_events(logGroupName="/aws-glue/jobs/error", logStreamNamePrefix=run["Id"])[
        "events"
    ]
    log = "\n".join(event["message"] for event in events)
    assert "Traceback (most recent call last)" in log
    assert "in load_prices" in log


def test_a_glue_script_that_exits_with_a_code_fails(lake: Lake, job: Callable[[bytes], str]) -> None:
    run = run_job(lake, job(b"import sys\nsys.exit(3)\n"))

    assert run["JobRunState"] == "FAILED"
    assert "3" in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC nonsense FROMM nowhere", "mismatched input 'SELEC'"),
        ("SELECT * FROM staging.no_such_table", "TABLE_NOT_FOUND"),
        ("SELECT no_such_column FROM (VALUES 1) AS t (x)", "COLUMN_NOT_FOUND"),
        ("SELECT no_such_function(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT"),
    ],
)
def test_bad_sql_fails_with_athenas_words(lake: Lake, sql: str, message: str) -> None:
    execution, _ = lake.query(sql)

    assert execution["Status"]["State"] == "FAILED"
    assert message in execution["Status"]["StateChangeReason"]


def test_a_ctas_that_succeeds_wrote_files_and_a_table(lake: Lake) -> None:
    table = f"ctas_{uuid.uuid4().hex[:8]}"
    # Where the role of the DAGs may write.
    location = f"s3://{lake.name('curated')}/mistakes/{table}/"

    execution, _ = lake.query(
        f"CREATE TABLE staging.{table} WITH (format = 'PARQUET', external_location = '{location}') AS "
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (id, name)"
    )

    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    listed = lake.client("s3").list_objects_v2(Bucket=lake.name("curated"), Prefix=f"mistakes/{table}/")
    bodies = [
        lake.client("s3").get_object(Bucket=lake.name("curated"), Key=item["Key"])["Body"].read()
        for item in listed["Contents"]
    ]
    assert sum(pq.read_table(io.BytesIO(body)).num_rows for body in bodies) == 2
    columns = lake.client("glue").get_table(DatabaseName="staging", Name=table)["Table"]["StorageDescriptor"]["Columns"]
    assert [(column["Name"], column["Type"]) for column in columns] == [("id", "int"), ("name", "string")]


def test_a_crawler_on_an_empty_prefix_makes_no_table(lake: Lake) -> None:
    tables = crawl(lake, f"mistakes/empty-{uuid.uuid4().hex[:8]}/")

    assert tables == []


def test_a_crawler_on_files_makes_a_table_with_their_columns(lake: Lake) -> None:
    folder = f"orders_{uuid.uuid4().hex[:8]}"
    lake.put(
        "landing", f"mistakes/{folder}/ingest_date=2010-12-01/a.csv", b"id,amount,country\n1,10.5,France\n2,20.0,EIRE\n"
    )

    (table,) = crawl(lake, f"mistakes/{folder}/")

    assert table["Name"] == folder
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [("id", "bigint"), ("amount", "double"), ("country", "string")]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["ingest_date"]


def crawl(lake: Lake, prefix: str) -> list[dict[str, Any]]:
    """Crawl a prefix of the landing bucket; returns the tables that the crawl made."""
    glue = lake.client("glue")
    name = f"mistake-{uuid.uuid4().hex[:8]}"
    glue.create_crawler(
        Name=name,
        Role=lake.role_arn("glue"),
        DatabaseName="landing",
        Targets={"S3Targets": [{"Path": f"s3://{lake.name('landing')}/{prefix}"}]},
    )
    try:
        glue.start_crawler(Name=name)
        ended = wait_until(
            lambda: glue.get_crawler(Name=name)["Crawler"], lambda c: c["State"] == "READY" and "LastCrawl" in c
        )
        assert ended["LastCrawl"]["Status"] == "SUCCEEDED", ended["LastCrawl"]
        found = glue.get_tables(DatabaseName="landing")["TableList"]
        return [table for table in found if prefix in table["StorageDescriptor"]["Location"] + "/"]
    finally:
        glue.delete_crawler(Name=name)


QUALITY_RIGHTS = [
    {"Effect": "Allow", "Action": ["glue:Get*", "glue:PublishDataQuality", "s3:ListBucket"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "lakeformation:GetDataAccess"], "Resource": "*"},
]


def test_data_quality_rules_are_evaluated(lake: Lake) -> None:
    """One rule holds, one does not, one is about a column that is not there."""
    name = f"quality_{uuid.uuid4().hex[:8]}"
    rows = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([1, 2, None], pa.int64())}), rows)
    lake.put("curated", f"mistakes/{name}/rows.parquet", rows.getvalue())
    glue, role = lake.client("glue"), quality_role(lake, name)
    storage = {
        "Columns": [{"Name": "id", "Type": "bigint"}],
        "Location": f"s3://{lake.name('curated')}/mistakes/{name}/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    glue.create_table(DatabaseName="staging", TableInput={"Name": name, "StorageDescriptor": storage})
    lake.client("lakeformation").grant_permissions(
        Principal={"DataLakePrincipalIdentifier": role},
        Resource={"Table": {"DatabaseName": "staging", "Name": name}},
        Permissions=["SELECT"],
    )
    rules = 'Rules = [ RowCount = 3, IsComplete "id", IsComplete "price" ]'
    glue.create_data_quality_ruleset(Name=name, Ruleset=rules)
    source = {"GlueTable": {"DatabaseName": "staging", "TableName": name}}
    started = glue.start_data_quality_ruleset_evaluation_run(DataSource=source, Role=role, RulesetNames=[name])

    run = wait_until(
        lambda: glue.get_data_quality_ruleset_evaluation_run(RunId=started["RunId"]),
        lambda found: found["Status"] not in {"STARTING", "RUNNING"},
    )

    assert run["Status"] == "SUCCEEDED", run
    (result_id,) = run["ResultIds"]
    result = glue.get_data_quality_result(ResultId=result_id)
    assert [found["Result"] for found in result["RuleResults"]] == ["PASS", "FAIL", "FAIL"]
    assert result["RuleResults"][1]["EvaluatedMetrics"] == {"Column.id.Completeness": 2 / 3}
    with pytest.raises(botocore.exceptions.ClientError, match="Parsing Error"):
        glue.create_data_quality_ruleset(Name=f"{name}_wrong", Ruleset="Rules = [ RowCount > many ]")


def quality_role(lake: Lake, name: str) -> str:
    """ARN of a role that Glue can use for an evaluation run."""
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = lake.client("iam")
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    rights = json.dumps({"Version": "2012-10-17", "Statement": QUALITY_RIGHTS})
    iam.put_role_policy(RoleName=name, PolicyName="quality", PolicyDocument=rights)
    return str(made["Role"]["Arn"])


def test_copy_of_a_bad_file_loads_nothing_and_says_which_value_was_bad(lake: Lake) -> None:
    table = f"bad_{uuid.uuid4().hex[:8]}"
    source = lake.put("governance", f"loads/mistakes/{table}/rows.csv", b"1,10.50\n2,ten\n3,30.00\n")
    lake.warehouse("CREATE SCHEMA IF NOT EXISTS mistakes")
    created, _ = lake.warehouse(f"CREATE TABLE mistakes.{table} (id INTEGER, amount DECIMAL(8,2))")
    assert created["Status"] == "FINISHED", created

    copied, _ = lake.warehouse(f"COPY mistakes.{table} FROM '{source}' IAM_ROLE default CSV")

    assert copied["Status"] == "FAILED"
    assert "stl_load_errors" in copied["Error"].lower() or "sys_load_error_detail" in copied["Error"].lower()
    _, rows = lake.warehouse(f"SELECT COUNT(*) FROM mistakes.{table}")
    assert rows == [[0]]
    _, errors = lake.warehouse(
        f"SELECT line_number, TRIM(column_name) FROM sys_load_error_detail WHERE file_name LIKE '%{table}%'"
    )
    assert errors == [[2, "amount"]]


def test_copy_of_a_file_that_is_not_parquet_loads_nothing(lake: Lake) -> None:
    table = f"bad_{uuid.uuid4().hex[:8]}"
    source = lake.put("governance", f"loads/mistakes/{table}/rows.parquet", b"this is not a Parquet file")
    lake.warehouse("CREATE SCHEMA IF NOT EXISTS mistakes")
    lake.warehouse(f"CREATE TABLE mistakes.{table} (id INTEGER)")

    copied, _ = lake.warehouse(f"COPY mistakes.{table} FROM '{source}' IAM_ROLE default FORMAT AS PARQUET")

    assert copied["Status"] == "FAILED"
    assert "parquet" in copied["Error"].lower()
    _, rows = lake.warehouse(f"SELECT COUNT(*) FROM mistakes.{table}")
    assert rows == [[0]]


def test_the_warehouse_computes_and_refuses(lake: Lake) -> None:
    _, rows = lake.warehouse("SELECT 1 + 1")
    assert rows == [[2]]

    nonsense, _ = lake.warehouse("SELEC nonsense")
    assert nonsense["Status"] == "FAILED"
    assert "syntax error" in nonsense["Error"]


def test_a_principal_without_grants_is_refused(lake: Lake) -> None:
    table = f"secret_{uuid.uuid4().hex[:8]}"
    body = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2]}), body)
    lake.put("curated", f"mistakes/{table}/rows.parquet", body.getvalue())
    lake.client("glue").create_table(
        DatabaseName="curated",
        TableInput={
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "parquet"},
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "bigint"}],
                "Location": f"s3://{lake.name('curated')}/mistakes/{table}/",
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
            },
        },
    )
    lake.client("lakeformation").grant_permissions(
        Principal={"DataLakePrincipalIdentifier": lake.role_arn("data-engineer")},
        Resource={"Table": {"DatabaseName": "curated", "Name": table}},
        Permissions=["SELECT"],
    )

    granted, rows = lake.query(f"SELECT COUNT(*) FROM curated.{table}", principal="data-engineer", database="curated")
    refused, _ = lake.query(f"SELECT COUNT(*) FROM curated.{table}", principal="outsider", database="curated")

    assert (granted["Status"]["State"], rows[1:]) == ("SUCCEEDED", [["2"]])
    assert refused["Status"]["State"] == "FAILED"
    assert "Insufficient Lake Formation permission(s)" in refused["Status"]["StateChangeReason"]


@pytest.mark.parametrize(
    ("service", "action", "arguments"),
    [
        ("glue", "create_dev_endpoint", {"EndpointName": "x", "RoleArn": "arn:aws:iam::123456789012:role/x"}),
        ("athena", "create_notebook", {"WorkGroup": "primary", "Name": "x"}),
        ("redshift-data", "list_schemas", {"Database": "lake", "WorkgroupName": "no-such-workgroup"}),
        ("lakeformation", "get_temporary_data_location_credentials", {"DataLocations": ["s3://x/"]}),
        ("quicksight", "list_dashboards", {"AwsAccountId": "123456789012"}),
    ],
)
def test_what_is_not_served_is_refused_at_once(
    lake: Lake, service: str, action: str, arguments: dict[str, Any]
) -> None:
    begin = time.monotonic()
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        getattr(lake.client(service), action)(**arguments)

    status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert 400 <= status < 500, refused.value.response
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert time.monotonic() - begin < 30, "botocore retried"


def test_an_unknown_access_key_is_refused(lake: Lake) -> None:
    stranger = boto3.client(
        "glue",
        endpoint_url=lake.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIASTRANGERSTRANGER",
        aws_secret_access_key="x",
    )
    with pytest.raises(botocore.exceptions.ClientError, match="security token"):
        stranger.get_databases()
