"""Nobody reads the lake through the warehouse: after the deployment only the pipeline may COPY, and nobody UNLOADs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from mwaa.deploy.errors import DeployError
from mwaa.deploy.warehouse_rights import ensure_warehouse_rights
from tests.conftest import LocalAws

PERSONAS = ("outsider", "uk-analyst", "data-engineer")
REFUSED = "does not have ASSUMEROLE permission on IAM role"


class Warehouse:
    """The lake's warehouse as different roles use it."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.target = {"WorkgroupName": f"{aws.settings.prefix}-{aws.settings.env}", "Database": "lake"}

    def error(self, role: str, *statements: str) -> str:
        """Run statements in one session.

        :return: error of the last one; "" = it succeeded. Those before must succeed.
        """
        client = self.aws.client("redshift-data", role)
        session: dict[str, Any] = {**self.target, "SessionKeepAliveSeconds": 60}
        found: dict[str, Any] = {}
        for statement in statements:
            assert found.get("Status", "FINISHED") == "FINISHED", found.get("Error")
            started = client.execute_statement(Sql=statement, **session)
            session = {"SessionId": started["SessionId"]}
            while (found := client.describe_statement(Id=started["Id"]))["Status"] in (
                "SUBMITTED",
                "PICKED",
                "STARTED",
            ):
                time.sleep(0.02)
        return str(found.get("Error") or "")


@pytest.fixture
def warehouse(local_aws: LocalAws) -> Warehouse:
    return Warehouse(local_aws)


@pytest.fixture
def file(local_aws: LocalAws) -> Iterator[str]:
    """A file that the warehouse's role may read."""
    s3, bucket, key = local_aws.client("s3"), local_aws.name("curated"), f"rights/{uuid.uuid4().hex}.csv"
    s3.put_object(Bucket=bucket, Key=key, Body=b"secret\n")
    yield f"s3://{bucket}/{key}"
    s3.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_persona_copies_nothing(warehouse: Warehouse, file: str, persona: str) -> None:
    role, arn = warehouse.aws.name(persona), warehouse.aws.settings.role_arn("redshift")
    assert "permission denied for schema public" in warehouse.error(role, "CREATE TABLE public.steal (a VARCHAR(99))")
    table = "CREATE TEMP TABLE steal (a VARCHAR(99))"
    for used in ("default", f"'{arn}'"):
        error = warehouse.error(role, table, f"COPY steal FROM '{file}' IAM_ROLE {used} CSV")
        assert f'User "IAMR:{role}" {REFUSED} "{arn}" for COPY' in error


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_persona_unloads_nothing(warehouse: Warehouse, persona: str) -> None:
    role, curated = warehouse.aws.name(persona), warehouse.aws.name("curated")
    error = warehouse.error(role, f"UNLOAD ('SELECT 1 AS a') TO 's3://{curated}/rights/x/' IAM_ROLE default CSV")
    assert f'User "IAMR:{role}" {REFUSED}' in error


def test_a_persona_gives_itself_nothing(warehouse: Warehouse) -> None:
    role = warehouse.aws.name("outsider")
    warehouse.error(role, "SELECT 1")
    for statement in (
        f'GRANT ASSUMEROLE ON ALL TO "IAMR:{role}" FOR ALL',
        f'GRANT ROLE lake_loader TO "IAMR:{role}"',
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    ):
        error = warehouse.error(role, statement) or warehouse.error(role, "CREATE TABLE public.steal (a INT)")
        assert "permission denied" in error, statement


def test_the_pipeline_loads(warehouse: Warehouse, file: str) -> None:
    role = warehouse.aws.name("airflow")
    assert not warehouse.error(
        role, "CREATE TEMP TABLE stage (a VARCHAR(99))", f"COPY stage FROM '{file}' IAM_ROLE default CSV"
    )
    target = f"s3://{warehouse.aws.name('curated')}/rights/x/"
    assert REFUSED in warehouse.error(role, f"UNLOAD ('SELECT 1 AS a') TO '{target}' IAM_ROLE default CSV")


def test_again_changes_nothing_and_an_opened_warehouse_is_closed(warehouse: Warehouse, file: str) -> None:
    aws, said = warehouse.aws, list[str]()
    outputs = {"RedshiftWorkgroupName": warehouse.target["WorkgroupName"], "RedshiftDatabaseName": "lake"}
    outsider, copy = aws.name("outsider"), f"COPY steal FROM '{file}' IAM_ROLE default CSV"
    assert not warehouse.error("local-admin", "GRANT ASSUMEROLE ON ALL TO PUBLIC FOR ALL")
    assert not warehouse.error(outsider, "CREATE TEMP TABLE steal (a VARCHAR(99))", copy)
    for _ in range(2):
        ensure_warehouse_rights(
            aws.client("redshift-serverless"), aws.client("redshift-data"), outputs, said.append, 0.02
        )
        assert REFUSED in warehouse.error(outsider, "CREATE TEMP TABLE steal (a VARCHAR(99))", copy)
    assert said == []


def test_who_is_no_superuser_is_told(warehouse: Warehouse) -> None:
    aws = warehouse.aws
    outputs = {"RedshiftWorkgroupName": warehouse.target["WorkgroupName"], "RedshiftDatabaseName": "lake"}
    airflow = aws.client("redshift-data", aws.name("airflow"))
    with pytest.raises(DeployError, match=r"refused `REVOKE ASSUMEROLE .*only a superuser.*secret"):
        ensure_warehouse_rights(aws.client("redshift-serverless"), airflow, outputs, print, 0.02)
