"""Creates and updates the stacks, in the order of ``parameters/README.md``.

The pinned versions of environment.yaml stay what they are: only a deployment changes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mwaa.deploy.errors import DeployError
from mwaa.deploy.project import PINNED_FILES
from mwaa.deploy.target import Target, stack_parameters
from mwaa.deploy.usage_limit import ensure_usage_limit
from mwaa.deploy.warehouse_rights import ensure_warehouse_rights
from mwaa.templates import template_argument

Say = Callable[[str], None]

# templates.yaml is the bucket from which CloudFormation reads the templates that are too long for a request.
ORDER = ("templates", "network", "lake", "products", "environment", "canary", "alarms", "github-oidc")
_NO_UPDATES = "No updates are to be performed."
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_KEPT = frozenset(file.parameter for file in PINNED_FILES)


def deploy_stacks(
    root: Path, env: str, target: Target, names: list[str], given: Mapping[str, str], say: Say, timeout: float
) -> None:
    """Bring stacks up to date.

    :param root: the repository's root.
    :param env: name of the parameter file.
    :param target: whose stacks.
    :param names: templates, out of `ORDER`.
    :param given: parameters that are in no file, such as DeployerArn.
    :param say: receives lines of progress.
    :param timeout: of one stack, in seconds.
    :raises DeployError: a stack was refused or failed.
    """
    sections = stack_parameters(root, env)
    outputs: dict[str, str] = {}
    for name in ORDER:
        if name in names and _path(root, name).exists():
            parameters = sections.get(name, {"Prefix": target.prefix, "Env": target.env})
            _deploy(root, target, name, outputs | parameters | dict(given), say, timeout)
        outputs |= _outputs(target, name)
        if name == "lake" and name in names:
            ensure_usage_limit(target.redshift_serverless, outputs, say)
            ensure_warehouse_rights(
                target.redshift_serverless, target.redshift_data, outputs, say, min(target.poll_seconds, 1.0)
            )


def _deploy(root: Path, target: Target, name: str, values: Mapping[str, str], say: Say, timeout: float) -> None:
    body = _path(root, name).read_text(encoding="utf-8")
    stack_name, client = target.name(name), target.cloudformation
    existing = _describe(target, stack_name)
    request: dict[str, Any] = {"StackName": stack_name, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    request |= template_argument(body, target.s3, target.name("templates"), client.meta.region_name)
    declared = [item["ParameterKey"] for item in client.validate_template(**_only_template(request))["Parameters"]]
    request["Parameters"] = [
        {"ParameterKey": key, "UsePreviousValue": True}
        if existing and key in _KEPT
        else {"ParameterKey": key, "ParameterValue": values[key]}
        for key in declared
        if key in values or (existing and key in _KEPT)
    ]
    try:
        (client.update_stack if existing else client.create_stack)(**request)
    except ClientError as error:
        if _NO_UPDATES in str(error):
            say(f"{stack_name}: nothing to change")
            return
        raise DeployError(f"{stack_name}: CloudFormation refused {name}.yaml: {error}") from error
    _wait(target, stack_name, say, timeout)


def _path(root: Path, name: str) -> Path:
    return root / "mwaa" / "cloudformation" / f"{name}.yaml"


def _only_template(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key.startswith("Template")}


def _wait(target: Target, stack_name: str, say: Say, timeout: float) -> None:
    begin, last = time.monotonic(), ""
    while True:
        stack = _describe(target, stack_name)
        status = stack["StackStatus"] if stack else "gone"
        if status != last:
            say(f"{stack_name}: {status} ({time.monotonic() - begin:.0f} s)")
            last = status
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.monotonic() - begin > timeout:
            raise DeployError(f"{stack_name} is {status} after {timeout:.0f} s; it goes on by itself")
        time.sleep(target.poll_seconds)
    if status in _GOOD:
        return
    events = target.cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    reasons = [
        f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    raise DeployError("\n".join([f"{stack_name} is {status}", *reversed(reasons[:10])]))


def _describe(target: Target, stack_name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = target.cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _outputs(target: Target, name: str) -> dict[str, str]:
    stack = _describe(target, target.name(name))
    return {item["OutputKey"]: item["OutputValue"] for item in (stack or {}).get("Outputs", ())}
