"""What nobody may do in the warehouse who is not told to, which CloudFormation has no type for.

In a new warehouse every user may create tables in schema public and have COPY and UNLOAD use every attached IAM role,
and so read the files of the lake past Lake Formation and past the masks (Redshift developer guide, "GRANT", usage notes
of ASSUMEROLE). Only a superuser can end that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from mwaa.deploy.errors import DeployError

# Database role of the pipeline: the tag RedshiftDbRoles of the airflow role (lake.yaml) names it.
LOADER = "lake_loader"
_LOADERS = f"SELECT role_name FROM svv_roles WHERE role_name = '{LOADER}'"
# In this order, each a transaction of its own: ASSUMEROLE is asked for only after PUBLIC lost it. All may be repeated.
STATEMENTS = (
    "REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL",
    f"GRANT ASSUMEROLE ON DEFAULT TO ROLE {LOADER} FOR COPY",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
)
_WITHIN_SECONDS = 300.0


def ensure_warehouse_rights(
    serverless: Any, data: Any, outputs: Mapping[str, str], say: Callable[[str], None], poll_seconds: float
) -> None:
    """Take from PUBLIC what would lead around grants and masks, and leave the pipeline its COPY.

    :param serverless: boto3 client of redshift-serverless.
    :param data: boto3 client of redshift-data. The caller is the warehouse's administrator, by its secret where Secrets
        Manager keeps one.
    :param outputs: of the lake's stack.
    :param say: receives a line the first time.
    :param poll_seconds: pause between two questions whether a statement has ended.
    :raises DeployError: a statement failed, or did not end.
    """
    workgroup = outputs["RedshiftWorkgroupName"]
    name = serverless.get_workgroup(workgroupName=workgroup)["workgroup"]["namespaceName"]
    secret = serverless.get_namespace(namespaceName=name)["namespace"].get("adminPasswordSecretArn")
    target = {"WorkgroupName": workgroup, "Database": outputs["RedshiftDatabaseName"]}
    target |= {"SecretArn": secret} if secret else {}
    is_new = _run(data, target, _LOADERS, poll_seconds) == 0
    for statement in ([f"CREATE ROLE {LOADER}"] if is_new else []) + list(STATEMENTS):
        _run(data, target, statement, poll_seconds)
    if is_new:
        say(f"rights in Redshift: only {LOADER} may COPY, and nobody creates tables in schema public")


def _run(data: Any, target: Mapping[str, str], statement: str, poll_seconds: float) -> int:
    """Return the number of rows of the result."""
    started = data.execute_statement(Sql=statement, **target)["Id"]
    deadline = time.monotonic() + _WITHIN_SECONDS
    while (found := data.describe_statement(Id=started))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        if time.monotonic() > deadline:
            raise DeployError(f"Redshift has not ended `{statement}` after {_WITHIN_SECONDS:.0f} s")
        time.sleep(poll_seconds)
    if found["Status"] != "FINISHED":
        raise DeployError(
            f"Redshift refused `{statement}`: {found.get('Error', found['Status'])}. Until it is done everybody who may"
            " send statements can read the lake's files by COPY. It needs a superuser: the namespace's administrator,"
            " whose secret the caller must be allowed to read (secretsmanager:GetSecretValue)"
        )
    return int(found["ResultRows"])
