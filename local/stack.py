"""The lake's stacks on the local AWS: `mwaa/cloudformation/*.yaml` through CloudFormation, as on AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.clients import service_client
from local.errors import LocalAwsError
from local.identity import LOCAL_ADMIN
from local.settings import REPOSITORY, LocalSettings
from mwaa.deploy.errors import DeployError
from mwaa.deploy.warehouse_rights import ensure_warehouse_rights
from mwaa.templates import template_argument

TEMPLATE = REPOSITORY / "mwaa" / "cloudformation" / "lake.yaml"
# What `local up` deploys before the lake: the bucket from which CloudFormation reads long templates.
TEMPLATES_BUCKET = TEMPLATE.with_name("templates.yaml")
# What `local up` deploys after the lake. They take Prefix and Env only.
FURTHER_TEMPLATES = (TEMPLATE.with_name("products.yaml"), TEMPLATE.with_name("canary.yaml"))
_NO_UPDATES = "No updates are to be performed."
_POLL_SECONDS = 0.1
_DEPLOYED_WITHIN_SECONDS = 180
# What CloudFormation lets nobody update, and what holds nothing worth keeping: deleted and made again.
_MADE_AGAIN = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})


class StackFailed(LocalAwsError):
    """A deployment failed; the message names every resource and its reason."""


def stack_name(settings: LocalSettings) -> str:
    """Name of the lake's stack.

    :param settings: of the local AWS.
    """
    return settings.name("lake")


def deploy(
    settings: LocalSettings, progress: Callable[[str], None] = print, parameters: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Create the lake's stack or bring it up to date. Nothing to change is no error.

    The warehouse gets its rights as on AWS.

    :param settings: of the local AWS, whose servers run.
    :param progress: receives a line when an earlier, failed stack has to be removed first, or the rights are new.
    :param parameters: template parameters that differ from the laptop's: demo personas on, deployer local-admin.
    :returns: the stack's outputs.
    :raises StackFailed: with logical id and reason of every failed resource, or the warehouse's rights cannot be set.
    """
    deploy_template(settings, TEMPLATES_BUCKET, {"Prefix": settings.prefix, "Env": settings.env}, progress)
    outputs = deploy_template(settings, TEMPLATE, _parameters(settings, parameters or {}), progress)
    serverless, data = service_client("redshift-serverless", settings), service_client("redshift-data", settings)
    try:
        ensure_warehouse_rights(serverless, data, outputs, progress, _POLL_SECONDS)
    except DeployError as error:
        raise StackFailed(str(error)) from error
    return outputs


def deploy_further(settings: LocalSettings, progress: Callable[[str], None] = print) -> None:
    """Create or update the stacks beside the lake's. What they make, they may take away again: they hold no data.

    :raises StackFailed: with logical id and reason of every failed resource.
    """
    for template in FURTHER_TEMPLATES:
        deploy_template(settings, template, {"Prefix": settings.prefix, "Env": settings.env}, progress)


def deploy_template(
    settings: LocalSettings, template: Path, parameters: Mapping[str, str], progress: Callable[[str], None] = print
) -> dict[str, str]:
    """Create the stack of one template or bring it up to date: ``canary.yaml`` is stack ``sluice-dev-canary``.

    :returns: the stack's outputs.
    :raises StackFailed: with logical id and reason of every failed resource.
    """
    client: Any = service_client("cloudformation", settings)
    name = settings.name(template.stem)
    stack = _describe(client, name)
    if stack and stack["StackStatus"].endswith("_IN_PROGRESS"):
        stack = _wait(client, stack["StackId"])
    if stack and stack["StackStatus"] in _MADE_AGAIN:
        progress(f"stack {name} is {stack['StackStatus']}: deleting it first")
        _delete(client, stack["StackId"])
        stack = None
    request = {
        "StackName": name,
        **_template(settings, template),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    if not _start(client, request, template.name, exists=stack is not None):
        return _outputs(stack or {})
    deployed = _wait(client, name)
    if deployed["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise StackFailed(_failure(client, deployed))
    return _outputs(deployed)


def delete(settings: LocalSettings) -> None:
    """Delete the stack. Buckets, databases, the warehouse and the secret are kept, as on AWS.

    :param settings: of the local AWS, whose servers run.
    :raises StackFailed: with logical id and reason of every resource that could not be deleted.
    """
    delete_template(settings, TEMPLATE)


def delete_template(settings: LocalSettings, template: Path) -> None:
    """Delete the stack of one template; one that is gone already is no error.

    :raises StackFailed: with logical id and reason of every resource that could not be deleted.
    """
    client: Any = service_client("cloudformation", settings)
    stack = _describe(client, settings.name(template.stem))
    if stack is not None:
        _delete(client, stack["StackId"])


def _delete(client: Any, stack_id: str) -> None:
    client.delete_stack(StackName=stack_id)
    deleted = _wait(client, stack_id)
    if deleted["StackStatus"] != "DELETE_COMPLETE":
        raise StackFailed(_failure(client, deleted))


def _parameters(settings: LocalSettings, given: Mapping[str, str]) -> dict[str, str]:
    laptop = {
        "Prefix": settings.prefix,
        "Env": settings.env,
        "DeployerArn": f"arn:aws:iam::{settings.account_id}:user/{LOCAL_ADMIN}",
        "DemoPersonas": "true",
    }
    return laptop | dict(given)


def _template(settings: LocalSettings, template: Path) -> dict[str, str]:
    """The template as a request takes it, by the same rule as the deploy tool on AWS."""
    s3: Any = service_client("s3", settings)
    return template_argument(template.read_text(encoding="utf-8"), s3, settings.name("templates"), settings.region)


def _describe(client: Any, name: str) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stack


def _start(client: Any, request: dict[str, Any], template: str, exists: bool) -> bool:
    """Start the deployment; False when the stack is as the template says already."""
    try:
        if exists:
            client.update_stack(**request)
        else:
            client.create_stack(**request)
    except ClientError as error:
        if _NO_UPDATES in str(error):
            return False
        message = error.response["Error"]["Message"]
        hint = (
            ". `python -m local reset` starts afresh and deletes all local data"
            if "can not be updated" in message
            else ""
        )
        raise StackFailed(f"CloudFormation refused {template}: {message}{hint}") from error
    return True


def _wait(client: Any, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _DEPLOYED_WITHIN_SECONDS
    while True:
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() > deadline:
            raise StackFailed(
                f"stack {stack['StackName']} is {stack['StackStatus']} after {_DEPLOYED_WITHIN_SECONDS} s"
            )
        time.sleep(_POLL_SECONDS)


def _failure(client: Any, stack: dict[str, Any]) -> str:
    """Every resource that failed in the last operation, oldest first."""
    reasons = []
    for event in client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]:
        if event.get("ResourceStatusReason") == "User Initiated":
            break
        if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != stack["StackName"]:
            reason = event.get("ResourceStatusReason", "")
            reasons.append(f"  {event['LogicalResourceId']} ({event['ResourceType']}): {reason}")
    lines = [f"stack {stack['StackName']} is {stack['StackStatus']}: {stack.get('StackStatusReason', '')}".rstrip(": ")]
    return "\n".join(lines + reasons[::-1])


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
