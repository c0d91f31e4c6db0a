"""Connections and variables come from Secrets Manager, as on MWAA, and nothing else is asked for there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from botocore.exceptions import ClientError

from tests.conftest import LocalAws

LOOKUP = "secretsmanager.GetSecretValue"


@pytest.fixture
def lookups(aws: LocalAws) -> Callable[[], int]:
    """How often Airflow asked Secrets Manager since the test began, by the control plane's own log."""
    log: Path = aws.settings.state_dir / "servers" / "control-plane.log"
    who = aws.name("airflow")

    def count() -> int:
        return sum(f"{who} {LOOKUP}" in line for line in log.read_text(errors="replace").splitlines())

    before = count()
    return lambda: count() - before


def test_the_connection_of_the_permission_tasks_is_a_secret(aws: LocalAws, lookups: Callable[[], int]) -> None:
    connection = Connection.get("aws_lakeformation")
    assert connection.extra_dejson == {"role_arn": aws.settings.role_arn("lake-admin")}
    assert lookups() == 1


def test_aws_default_is_not_asked_for(aws: LocalAws, lookups: Callable[[], int]) -> None:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    caller = AwsGenericHook(aws_conn_id="aws_default", client_type="sts").conn.get_caller_identity()
    assert f"assumed-role/{aws.name('airflow')}/" in caller["Arn"]
    assert lookups() == 0


def test_a_connection_that_nobody_made_is_a_clear_failure(aws: LocalAws, lookups: Callable[[], int]) -> None:
    with pytest.raises(AirflowNotFoundException, match="no_such_connection"):
        Connection.get("no_such_connection")
    assert lookups() == 1


def test_a_variable_is_a_secret_if_its_name_says_so(aws: LocalAws, lookups: Callable[[], int]) -> None:
    secrets = aws.client("secretsmanager")
    name = "airflow/variables/lake_secrets_test"
    secrets.create_secret(Name=name, SecretString='{"threshold": 5}')
    try:
        assert Variable.get("lake_secrets_test", deserialize_json=True) == {"threshold": 5}
        assert lookups() == 1
    finally:
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with pytest.raises((AirflowRuntimeError, KeyError)):
        Variable.get("not_ours_secrets_test")
    assert lookups() == 1


def test_a_role_without_the_right_gets_no_connection(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    from local.environment import aws_variables

    secret = "airflow/connections/aws_lakeformation"
    with pytest.raises(ClientError, match="AccessDeniedException"):
        aws.client("secretsmanager", aws.name("outsider")).get_secret_value(SecretId=secret)

    for name, value in aws_variables(aws.settings, aws.name("outsider")).items():
        monkeypatch.setenv(name, value)
    # Airflow itself says no more than this; the refusal is in the control plane's log (on AWS: in CloudTrail).
    with pytest.raises(AirflowNotFoundException, match="aws_lakeformation"):
        Connection.get("aws_lakeformation")
