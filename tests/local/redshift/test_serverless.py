"""Namespaces and workgroups: refusals, isolation, what an update changes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.redshift.conftest import Warehouse


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def serverless(warehouse: Warehouse) -> Any:
    return warehouse.local_aws.client("redshift-serverless")


def test_refusals(warehouse: Warehouse, serverless: Any) -> None:
    name = warehouse.workgroup
    role = "arn:aws:iam::123456789012:role/x"
    assert refused(serverless.create_namespace, namespaceName=name) == "ConflictException"
    assert refused(serverless.create_workgroup, namespaceName=name, workgroupName=name) == "ConflictException"
    assert (
        refused(serverless.create_workgroup, namespaceName="nope", workgroupName="w-x") == "ResourceNotFoundException"
    )
    assert refused(serverless.get_namespace, namespaceName="nope") == "ResourceNotFoundException"
    assert refused(serverless.get_workgroup, workgroupName="nope") == "ResourceNotFoundException"
    assert refused(serverless.delete_namespace, namespaceName=name) == "ConflictException"
    assert refused(serverless.create_namespace, namespaceName="Upper_Case") == "ValidationException"
    assert refused(serverless.create_namespace, namespaceName="n-x", defaultIamRoleArn=role) == "ValidationException"
    assert refused(serverless.update_workgroup, workgroupName=name, baseCapacity=13) == "ValidationException"
    assert refused(serverless.list_snapshots) == "UnknownOperationException"


def test_usage_limits(warehouse: Warehouse, serverless: Any) -> None:
    """Known difference: kept, and never reached, because nothing here uses RPUs."""
    arn = serverless.get_workgroup(workgroupName=warehouse.workgroup)["workgroup"]["workgroupArn"]
    wanted = {"resourceArn": arn, "usageType": "serverless-compute", "amount": 1}
    assert refused(serverless.create_usage_limit, **wanted | {"amount": 0}) == "ValidationException"
    assert refused(serverless.create_usage_limit, **wanted | {"resourceArn": arn + "x"}) == "ResourceNotFoundException"
    assert refused(serverless.update_usage_limit, usageLimitId="nope", amount=2) == "ResourceNotFoundException"

    made = serverless.create_usage_limit(**wanted, period="daily", breachAction="deactivate")["usageLimit"]
    try:
        assert serverless.list_usage_limits(resourceArn=arn)["usageLimits"] == [made]
        changed = serverless.update_usage_limit(usageLimitId=made["usageLimitId"], amount=2)["usageLimit"]
        assert changed == made | {"amount": 2}
        assert warehouse.rows("select 1 as a") == [(1,)]
    finally:
        serverless.delete_usage_limit(usageLimitId=made["usageLimitId"])
    assert refused(serverless.get_usage_limit, usageLimitId=made["usageLimitId"]) == "ResourceNotFoundException"


def test_two_namespaces_share_no_data(warehouse: Warehouse, serverless: Any, schema: str) -> None:
    name = f"other-{uuid.uuid4().hex[:8]}"
    warehouse.rows(f"create table {schema}.t as select 1 as a")
    serverless.create_namespace(namespaceName=name, dbName=warehouse.database)
    serverless.create_workgroup(namespaceName=name, workgroupName=name)
    try:
        assert "does not exist" in warehouse.error(f"select * from {schema}.t", WorkgroupName=name)
        assert warehouse.rows("select current_database()", WorkgroupName=name) == [(warehouse.database,)]
        warehouse.rows("create table t (a int)", WorkgroupName=name)
        copy = "COPY t FROM 's3://bucket/key' IAM_ROLE default CSV"
        assert "default IAM role is not set" in warehouse.error(copy, WorkgroupName=name)
        listed = warehouse.client().list_databases(WorkgroupName=name, Database=warehouse.database)["Databases"]
        assert listed == [warehouse.database]
    finally:
        serverless.delete_workgroup(workgroupName=name)
        serverless.delete_namespace(namespaceName=name)
    request = {"WorkgroupName": name, "Database": warehouse.database, "Sql": "select 1"}
    assert refused(warehouse.client().execute_statement, **request) == "ResourceNotFoundException"


def test_roles_of_the_namespace_can_change(warehouse: Warehouse, serverless: Any, schema: str) -> None:
    warehouse.rows(f"create table {schema}.t (a int)")
    url = warehouse.put(f"{schema}/1.csv", "1\n")
    copy = f"COPY {schema}.t FROM '{url}' IAM_ROLE '{warehouse.stranger_arn}' CSV"
    name = warehouse.workgroup
    both = [warehouse.loader_arn, warehouse.stranger_arn]
    serverless.update_namespace(namespaceName=name, iamRoles=[warehouse.loader_arn])
    assert "is not authorized to assume IAM Role" in warehouse.error(copy)
    serverless.update_namespace(namespaceName=name, iamRoles=both)
    assert "Access Denied" in warehouse.error(copy)
    assert serverless.get_namespace(namespaceName=name)["namespace"]["iamRoles"] == both


def test_tags(warehouse: Warehouse, serverless: Any) -> None:
    arn = serverless.get_workgroup(workgroupName=warehouse.workgroup)["workgroup"]["workgroupArn"]
    serverless.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    assert serverless.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "1"}]
    serverless.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert serverless.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_databases_of_a_namespace(warehouse: Warehouse, schema: str) -> None:
    name = f"db_{schema}"
    warehouse.rows(f"CREATE DATABASE {name}")
    assert "already exists" in warehouse.error(f"CREATE DATABASE {name}")
    assert warehouse.rows("select current_database()", Database=name) == [(name,)]
    assert "cannot drop the currently open database" in warehouse.error(f"DROP DATABASE {name}", Database=name)
    warehouse.rows(f"DROP DATABASE {name}")
    assert "does not exist" in warehouse.error("select 1", Database=name)
