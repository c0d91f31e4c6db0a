"""The environment update: the pinned versions change as parameters of the stack, so that it stays the truth.

While CloudFormation works, the environment is asked as well: its LastUpdate.Error says what the stack's events only
repeat in part, and after a failure CloudFormation's own rollback makes a second update that succeeds and hides it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mwaa.deploy.deployed import USABLE
from mwaa.deploy.errors import DeployError, DeployFailed
from mwaa.deploy.project import PINNED_FILES
from mwaa.deploy.target import Target

Say = Callable[[str], None]

_NO_UPDATES = "No updates are to be performed."
_SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
_AT_REST = USABLE | {"UNAVAILABLE", "CREATE_FAILED"}
_PROGRESS_SECONDS = 60.0
_LOGS = ("WorkerLogs", "SchedulerLogs")


@dataclass(frozen=True)
class _Before:
    """What was there before an update. What differs afterwards is of the update, whatever the clocks say."""

    last_update: Mapping[str, Any]
    events: frozenset[str]

    @staticmethod
    def of(target: Target) -> _Before:
        environment = target.mwaa.get_environment(Name=target.environment)["Environment"]
        return _Before(environment.get("LastUpdate", {}), frozenset(event["EventId"] for event in _events(target)))


def find_stack(target: Target) -> dict[str, Any]:
    """The stack of the environment.

    :param target: whose.
    :raises DeployError: there is none.
    """
    try:
        stack: dict[str, Any] = target.cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise DeployError(
            f"There is no stack {target.stack}. The deploy tool changes the environment through its stack only: "
            f"create it with python -m mwaa.deploy stacks --env {target.env}"
        ) from error
    return stack


def parameters_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of a stack by name.

    :param stack: as DescribeStacks describes it.
    """
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", ())}


def settle(target: Target, say: Say, timeout: float) -> None:
    """Wait until nothing changes the environment: an interrupted deployment may have left an update under way.

    :param target: whose environment.
    :param say: receives lines of progress.
    :param timeout: in seconds.
    :raises DeployError: the stack or the environment is in no state to go on from.
    """
    stack, environment = _wait(target, say, timeout)
    if stack["StackStatus"] not in _SETTLED:
        raise DeployError(
            f"stack {target.stack} is {stack['StackStatus']}: {stack.get('StackStatusReason', 'no reason given')}. "
            "Bring it to rest first (aws cloudformation continue-update-rollback, or delete and create it)"
        )
    if environment["Status"] not in USABLE:
        raise DeployError(f"environment {target.environment} is {environment['Status']}{_cause(environment)}")


def update_versions(target: Target, versions: Mapping[str, str], say: Say, timeout: float) -> None:
    """Pin the environment to other versions and wait for the end.

    :param target: whose environment.
    :param versions: by stack parameter, for all three; empty = none.
    :param say: receives lines of progress.
    :param timeout: in seconds. A graceful update waits for running tasks, so it can take hours.
    :raises DeployFailed: the update failed; the environment runs what it ran before, or is UNAVAILABLE.
    """
    stack = find_stack(target)
    present = parameters_of(stack)
    missing = sorted(versions.keys() - present.keys())
    if missing:
        raise DeployError(f"stack {target.stack} has no parameter {missing[0]}: it is not of environment.yaml")
    before = _Before.of(target)
    directly = all(present[name] == version for name, version in versions.items())
    if directly:
        say("the stack names these versions already, the environment runs others: it is brought back to the stack")
        _update_directly(target, versions)
    else:
        _update_stack(target, present, versions)
    stack, environment = _wait(target, say, timeout, before)
    pins = {file.parameter: environment.get(file.setting, "") for file in PINNED_FILES}
    rolled_back = not directly and stack["StackStatus"] != "UPDATE_COMPLETE"
    if environment["Status"] == "AVAILABLE" and pins == dict(versions) and not rolled_back:
        return
    raise DeployFailed(_failure(target, stack, environment, before))


def _update_stack(target: Target, present: Mapping[str, str], versions: Mapping[str, str]) -> None:
    parameters = [
        {"ParameterKey": name, "ParameterValue": versions[name]}
        if name in versions
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in present
    ]
    try:
        target.cloudformation.update_stack(
            StackName=target.stack,
            UsePreviousTemplate=True,
            Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
    except ClientError as error:
        raise DeployFailed(f"CloudFormation refused the update of {target.stack}: {error}") from error


def _update_directly(target: Target, versions: Mapping[str, str]) -> None:
    changes: dict[str, str] = {}
    for file in PINNED_FILES:
        path = file.setting.removesuffix("ObjectVersion") + "Path"
        if versions[file.parameter]:
            changes |= {path: file.name, file.setting: versions[file.parameter]}
        else:
            changes |= {path: ""}
    try:
        target.mwaa.update_environment(Name=target.environment, WorkerReplacementStrategy="GRACEFUL", **changes)
    except ClientError as error:
        raise DeployFailed(f"MWAA refused the update of {target.environment}: {error}") from error


def _wait(
    target: Target, say: Say, timeout: float, before: _Before | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Poll until neither the stack nor the environment is in progress; the environment keeps the first error it had."""
    begin = said = time.monotonic()
    last, error = "", None
    while True:
        stack = find_stack(target)
        environment: dict[str, Any] = target.mwaa.get_environment(Name=target.environment)["Environment"]
        update = environment.get("LastUpdate", {})
        if before and update.get("Error") and update != before.last_update:
            error = error or update["Error"]
        state = f"stack {stack['StackStatus']}, environment {environment['Status']}"
        busy = stack["StackStatus"].endswith("_IN_PROGRESS") or environment["Status"] not in _AT_REST
        now = time.monotonic()
        if (busy and state != last) or now - said > _PROGRESS_SECONDS:
            say(f"{state} ({now - begin:.0f} s)")
            last, said = state, now
        if not busy:
            if error:
                environment = {**environment, "LastUpdate": {**update, "Error": error}}
            return stack, environment
        if now - begin > timeout:
            raise DeployFailed(
                f"{state} after {timeout:.0f} s. The update goes on by itself (GRACEFUL waits for running tasks): "
                "deploy again when it has ended; nothing else was changed"
            )
        time.sleep(target.poll_seconds)


def _failure(target: Target, stack: Mapping[str, Any], environment: Mapping[str, Any], before: _Before) -> str:
    lines = [
        f"the update of {target.environment} failed: stack {stack['StackStatus']}, "
        f"environment {environment['Status']}{_cause(environment)}"
    ]
    for event in reversed(_events(target)):
        new = event["EventId"] not in before.events
        if new and event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason"):
            lines.append(f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}")
    groups = [
        environment.get("LoggingConfiguration", {}).get(name, {}).get("CloudWatchLogGroupArn", "") for name in _LOGS
    ]
    named = [arn.rpartition("log-group:")[2] for arn in groups if arn]
    if named:
        lines.append(f"  logs: {', '.join(named)}")
    if environment["Status"] == "UNAVAILABLE":
        lines.append("  the environment was not restored: python -m mwaa.deploy status, then AWS support")
    else:
        lines.append("  the environment runs what it ran before; the DAGs were not touched")
    return "\n".join(lines)


def _events(target: Target) -> list[Any]:
    """The newest page of the stack's events, newest first."""
    events: list[Any] = target.cloudformation.describe_stack_events(StackName=target.stack)["StackEvents"]
    return events


def _cause(environment: Mapping[str, Any]) -> str:
    error = environment.get("LastUpdate", {}).get("Error")
    return f" ({error.get('ErrorCode')}: {error.get('ErrorMessage')})" if error else ""
