"""boto3 clients through Airflow's connections, for operators that need a second service beside their own."""

from __future__ import annotations

from typing import Any


def client(service: str, aws_conn_id: str | None) -> Any:
    """:param service: boto3 service name
    :param aws_conn_id: Airflow connection
    :return: boto3 client with the connection's credentials and region
    """
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    hook: Any = AwsGenericHook(aws_conn_id=aws_conn_id, client_type=service)
    return hook.conn
