"""MWAA environments."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.shapes import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRING_MAP,
    STRINGS,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord

_POLL_SECONDS = 0.2
# MWAA's own limit is hours; requirements may take nine minutes.
_DONE_WITHIN_SECONDS = 900
_LOG = structure("Enabled LogLevel", Enabled=BOOLEAN, LogLevel=STRING)
# UpdateEnvironment has no parameter for these.
_FIXED = frozenset({"Name", "KmsKey", "EndpointManagement"})
_ONLY_AT_UPDATE = "WorkerReplacementStrategy"
_PATHS = ("RequirementsS3Path", "PluginsS3Path", "StartupScriptS3Path")


class Environment(ResourceType):
    """AWS::MWAA::Environment, through the service's API, waiting until the environment is what it shall be."""

    type_name = "AWS::MWAA::Environment"
    name_property = "Name"
    attributes = frozenset({"Arn"})
    replaced_by = _FIXED
    shape: ClassVar[Structure] = structure(
        "Name",
        Name=STRING,
        AirflowVersion=STRING,
        EnvironmentClass=STRING,
        MinWorkers=INTEGER,
        MaxWorkers=INTEGER,
        Schedulers=INTEGER,
        MinWebservers=INTEGER,
        MaxWebservers=INTEGER,
        WebserverAccessMode=STRING,
        EndpointManagement=STRING,
        ExecutionRoleArn=STRING,
        KmsKey=STRING,
        SourceBucketArn=STRING,
        DagS3Path=STRING,
        RequirementsS3Path=STRING,
        RequirementsS3ObjectVersion=STRING,
        PluginsS3Path=STRING,
        PluginsS3ObjectVersion=STRING,
        StartupScriptS3Path=STRING,
        StartupScriptS3ObjectVersion=STRING,
        NetworkConfiguration=structure(SubnetIds=STRINGS, SecurityGroupIds=STRINGS),
        WeeklyMaintenanceWindowStart=STRING,
        WorkerReplacementStrategy=STRING,
        LoggingConfiguration=structure(
            DagProcessingLogs=_LOG, SchedulerLogs=_LOG, TaskLogs=_LOG, WebserverLogs=_LOG, WorkerLogs=_LOG
        ),
        AirflowConfigurationOptions=STRING_MAP,
        Tags=STRING_MAP,
    )

    def create(self, order: Order) -> Made:
        client = order.services.client("mwaa")
        arguments = {key: value for key, value in order.properties.items() if key != _ONLY_AT_UPDATE}
        client.create_environment(**arguments)
        environment = _wait(client, order.properties["Name"])
        if environment["Status"] != "AVAILABLE":
            # It was not there before, so nothing of it may stay when the stack is rolled back.
            reason = _reason(environment)
            _delete(client, environment["Name"])
            raise ResourceError(reason)
        return Made(environment["Name"], {"Arn": environment["Arn"]})

    def update(self, order: Order, current: ResourceRecord) -> Made:
        client, name = order.services.client("mwaa"), current.physical_id
        subnets = current.properties.get("NetworkConfiguration", {}).get("SubnetIds")
        network = dict(order.properties.get("NetworkConfiguration", {}))
        if network.pop("SubnetIds", None) != subnets:
            raise ResourceError(f"The subnets of environment {name} cannot be changed: make another environment.")
        arguments = {
            key: value for key, value in order.properties.items() if key not in _FIXED and key not in ("Tags", "Name")
        }
        # A file that the template no longer names is taken away from the environment.
        arguments = dict.fromkeys((path for path in _PATHS if path in current.properties), "") | arguments
        arguments = {"AirflowConfigurationOptions": {}} | arguments
        if network:
            arguments["NetworkConfiguration"] = network
        if _without_tags(order.properties) != _without_tags(current.properties):
            client.update_environment(Name=name, **arguments)
            environment = _wait(client, name)
            if environment["Status"] != "AVAILABLE":
                raise ResourceError(_reason(environment))
        _retag(client, current.attributes["Arn"], current.properties, order.properties)
        return Made(name, current.attributes)

    def delete(self, services: Services, current: ResourceRecord) -> None:
        _delete(services.client("mwaa"), current.physical_id)


def _wait(client: Any, name: str) -> Mapping[str, Any]:
    """Poll until a change has ended, well or not.

    :raises ResourceError: it takes too long.
    """
    deadline = time.monotonic() + _DONE_WITHIN_SECONDS
    while True:
        environment: Mapping[str, Any] = client.get_environment(Name=name)["Environment"]
        if environment["Status"] in {"AVAILABLE", "CREATE_FAILED", "UPDATE_FAILED", "UNAVAILABLE"}:
            return environment
        if time.monotonic() > deadline:
            raise ResourceError(f"Environment {name} is {environment['Status']} after {_DONE_WITHIN_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _delete(client: Any, name: str) -> None:
    try:
        client.delete_environment(Name=name)
        deadline = time.monotonic() + _DONE_WITHIN_SECONDS
        while time.monotonic() < deadline:
            client.get_environment(Name=name)
            time.sleep(_POLL_SECONDS)
    except client.exceptions.ResourceNotFoundException:
        return
    raise ResourceError(f"Environment {name} is still there after {_DONE_WITHIN_SECONDS} s")


def _reason(environment: Mapping[str, Any]) -> str:
    error = environment.get("LastUpdate", {}).get("Error", {})
    cause = f"{error.get('ErrorCode')}: {error.get('ErrorMessage')}" if error else "no reason given"
    return f"Environment {environment['Name']} is {environment['Status']}: {cause}"


def _without_tags(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key != "Tags"}


def _retag(client: Any, arn: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    old, new = before.get("Tags", {}), after.get("Tags", {})
    removed = sorted(old.keys() - new.keys())
    if removed:
        client.untag_resource(ResourceArn=arn, tagKeys=removed)
    if new and new != old:
        client.tag_resource(ResourceArn=arn, Tags=new)
