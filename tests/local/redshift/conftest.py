"""One namespace of the local Redshift for this folder's tests, beside the one that the template makes."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.local import rights

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


# To send statements and log in with a database user of one's own; what that may do is the warehouse's decision.
USE_WAREHOUSE = [rights.allow("redshift-data:*", "redshift-serverless:GetCredentials")]


@dataclass
class Answer:
    """What a statement gave; ``rows`` hold plain Python values."""

    id: str
    status: str
    error: str | None
    affected: int
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass
class Warehouse:
    """Runs SQL on the tests' workgroup through the Data API."""

    local_aws: Any
    workgroup: str
    database: str
    bucket: str
    loader_arn: str
    stranger_arn: str
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, principal: str = "local-admin", service: str = "redshift-data") -> Any:
        """One client per principal: making one costs more than the statements of a test."""
        if (service, principal) not in self.clients:
            self.clients[service, principal] = self.local_aws.client(service, principal)
        return self.clients[service, principal]

    def run(self, sql: str, principal: str = "local-admin", **request: Any) -> Answer:
        """Run one statement to its end."""
        if "SessionId" not in request:
            request = {"WorkgroupName": self.workgroup, "Database": self.database} | request
        client = self.client(principal)
        started = client.execute_statement(Sql=sql, **request)
        return self.wait(client, started["Id"])

    def rows(self, sql: str, principal: str = "local-admin", **request: Any) -> list[tuple[Any, ...]]:
        """Run a statement that must succeed."""
        answer = self.run(sql, principal, **request)
        assert answer.status == "FINISHED", f"{answer.error}\n{sql}"
        return answer.rows

    def error(self, sql: str, principal: str = "local-admin", **request: Any) -> str:
        """Run a statement that must fail; give its error text."""
        answer = self.run(sql, principal, **request)
        assert answer.status == "FAILED", f"{answer.status} {answer.rows}\n{sql}"
        assert answer.error
        return answer.error

    def batch(self, *sqls: str, principal: str = "local-admin", **request: Any) -> dict[str, Any]:
        client = self.client(principal)
        target = {"WorkgroupName": self.workgroup, "Database": self.database}
        started = client.batch_execute_statement(Sqls=list(sqls), **(target | request))
        self.wait(client, started["Id"])
        described: dict[str, Any] = client.describe_statement(Id=started["Id"])
        return described

    def wait(self, client: Any, statement_id: str) -> Answer:
        described = client.describe_statement(Id=statement_id, WaitTimeSeconds=30)
        while described["Status"] in ("SUBMITTED", "PICKED", "STARTED"):
            described = client.describe_statement(Id=statement_id, WaitTimeSeconds=30)
        answer = Answer(statement_id, described["Status"], described.get("Error"), described["ResultRows"])
        if described["HasResultSet"] and "SubStatements" not in described:
            for page in client.get_paginator("get_statement_result").paginate(Id=statement_id):
                answer.columns = page["ColumnMetadata"]
                answer.rows += [tuple(_value(item) for item in record) for record in page["Records"]]
        return answer

    def s3(self) -> Any:
        return self.client(service="s3")

    def put(self, key: str, content: bytes | str) -> str:
        """Write an object; give its URL."""
        body = content.encode() if isinstance(content, str) else content
        self.s3().put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def put_parquet(self, key: str, table: pa.Table) -> str:
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        return self.put(key, buffer.getvalue())

    def put_gzip(self, key: str, text: str) -> str:
        return self.put(key, gzip.compress(text.encode()))

    def put_manifest(self, key: str, *urls: str, mandatory: bool = True, **changed_lengths: int) -> str:
        """Write a manifest of existing objects with their true lengths (or the given ones, by last part of the key)."""
        entries = []
        for url in urls:
            name = url.removeprefix(f"s3://{self.bucket}/")
            size = changed_lengths.get(name.rsplit("/", 1)[-1].split(".")[0])
            if size is None:
                size = self.s3().head_object(Bucket=self.bucket, Key=name)["ContentLength"]
            entries.append({"url": url, "mandatory": mandatory, "meta": {"content_length": size}})
        return self.put(key, json.dumps({"entries": entries}))

    def keys(self, prefix: str) -> list[str]:
        found = self.s3().list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def get(self, key: str) -> bytes:
        content: bytes = self.s3().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content


def _value(item: dict[str, Any]) -> Any:
    kind, value = next(iter(item.items()))
    return None if kind == "isNull" else value


def make_role(local_aws: Any, name: str, statements: list[dict[str, Any]], tags: dict[str, str] | None = None) -> str:
    iam = local_aws.client("iam")
    given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=given)["Role"]["Arn"]
    if statements:
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_role_policy(RoleName=name, PolicyName="tests", PolicyDocument=json.dumps(policy))
    return arn


@pytest.fixture(scope="session")
def warehouse(local_aws: Any) -> Iterator[Warehouse]:
    """A namespace with two roles: the loader may use the tests' bucket, the stranger may not."""
    suffix = uuid.uuid4().hex[:8]
    name, bucket = f"redshift-tests-{suffix}", f"redshift-tests-{suffix}"
    local_aws.client("s3").create_bucket(Bucket=bucket)
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]}
    loader = make_role(local_aws, f"redshift-loader-{suffix}", [{**allow, "Resource": arns}])
    stranger = make_role(local_aws, f"redshift-stranger-{suffix}", [])
    serverless = local_aws.client("redshift-serverless")
    serverless.create_namespace(
        namespaceName=name, dbName="tests", iamRoles=[loader, stranger], defaultIamRoleArn=loader
    )
    serverless.create_workgroup(workgroupName=name, namespaceName=name, baseCapacity=8)
    yield Warehouse(local_aws, name, "tests", bucket, loader, stranger)
    serverless.delete_workgroup(workgroupName=name)
    serverless.delete_namespace(namespaceName=name)


@pytest.fixture
def schema(warehouse: Warehouse) -> Iterator[str]:
    """An empty schema of the test's own."""
    name = f"t_{uuid.uuid4().hex[:8]}"
    warehouse.rows(f"CREATE SCHEMA {name}")
    yield name
    warehouse.rows(f"DROP SCHEMA {name} CASCADE")
