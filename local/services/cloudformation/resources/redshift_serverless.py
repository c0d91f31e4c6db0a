"""Redshift Serverless namespaces and workgroups."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from local.services.cloudformation.failures import ResourceError
from local.services.cloudformation.resource_type import Made, Order, ResourceType, Services
from local.services.cloudformation.resources.tags import lower_case_tags
from local.services.cloudformation.shapes import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    TAGS,
    ListOf,
    Structure,
    structure,
)
from local.services.cloudformation.state import ResourceRecord

# The warehouse starts a database server on first use.
_READY_WITHIN_SECONDS = 60
_POLL_SECONDS = 0.1
_SERVICE = "redshift-serverless"


def _wait_until_available(read: Callable[[], Mapping[str, Any]], what: str) -> Mapping[str, Any]:
    """Poll until the service says AVAILABLE.

    :param read: asks the service.
    :param what: for the message.
    :raises ResourceError: it does not become available.
    """
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while True:
        found = read()
        if found["status"] == "AVAILABLE":
            return found
        if time.monotonic() > deadline:
            raise ResourceError(f"{what} is {found['status']} after {_READY_WITHIN_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _arguments(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The template's properties as the API spells them: first letter in lower case."""
    arguments = {key[0].lower() + key[1:]: value for key, value in properties.items() if key != "Tags"}
    if "configParameters" in arguments:
        arguments["configParameters"] = [
            {"parameterKey": item["ParameterKey"], "parameterValue": item["ParameterValue"]}
            for item in arguments["configParameters"]
        ]
    return arguments


def _attributes(prefix: str, found: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{prefix}.{key[0].upper()}{key[1:]}": str(value)
        for key, value in found.items()
        if isinstance(value, (str, int))
    }


def _retag(order: Order, arn: str, current: ResourceRecord) -> None:
    client = order.services.client(_SERVICE)
    old = {tag["Key"] for tag in current.properties.get("Tags", ())}
    new = order.properties.get("Tags", [])
    removed = sorted(old - {tag["Key"] for tag in new})
    if removed:
        client.untag_resource(resourceArn=arn, tagKeys=removed)
    if new:
        client.tag_resource(resourceArn=arn, tags=lower_case_tags(new))


class Namespace(ResourceType):
    """AWS::RedshiftServerless::Namespace."""

    type_name = "AWS::RedshiftServerless::Namespace"
    name_property = "NamespaceName"
    attributes = frozenset(f"Namespace.{name}" for name in ("NamespaceArn", "NamespaceId", "NamespaceName", "DbName"))
    replaced_by = frozenset({"NamespaceName"})
    shape: ClassVar[Structure] = structure(
        "NamespaceName",
        NamespaceName=STRING,
        AdminUsername=STRING,
        DbName=STRING,
        DefaultIamRoleArn=STRING,
        IamRoles=STRINGS,
        KmsKeyId=STRING,
        LogExports=STRINGS,
        ManageAdminPassword=BOOLEAN,
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        arguments = _arguments(order.properties)
        tags = lower_case_tags(order.properties.get("Tags", []))
        order.services.client(_SERVICE).create_namespace(**arguments, tags=tags)
        return self._made(order.services, arguments["namespaceName"])

    def update(self, order: Order, current: ResourceRecord) -> Made:
        name = current.physical_id
        if order.properties.get("DbName") != current.properties.get("DbName"):
            raise ResourceError(f"The database name of namespace {name} cannot be changed: make another namespace.")
        arguments = {key: value for key, value in _arguments(order.properties).items() if key != "dbName"}
        # An empty list takes roles and exports away that the template no longer names.
        arguments = {"iamRoles": [], "logExports": []} | arguments
        order.services.client(_SERVICE).update_namespace(**arguments)
        made = self._made(order.services, name)
        _retag(order, made.attributes["Namespace.NamespaceArn"], current)
        return made

    def delete(self, services: Services, current: ResourceRecord) -> None:
        client = services.client(_SERVICE)
        try:
            client.delete_namespace(namespaceName=current.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    def _made(self, services: Services, name: str) -> Made:
        client = services.client(_SERVICE)
        found = _wait_until_available(
            lambda: client.get_namespace(namespaceName=name)["namespace"],  # type: ignore[no-any-return]
            f"Namespace {name}",
        )
        return Made(name, _attributes("Namespace", found))


class Workgroup(ResourceType):
    """AWS::RedshiftServerless::Workgroup."""

    type_name = "AWS::RedshiftServerless::Workgroup"
    name_property = "WorkgroupName"
    attributes = frozenset(
        {"Workgroup.WorkgroupArn", "Workgroup.WorkgroupId", "Workgroup.WorkgroupName", "Workgroup.NamespaceName"}
    )
    replaced_by = frozenset({"WorkgroupName", "NamespaceName"})
    shape: ClassVar[Structure] = structure(
        "WorkgroupName",
        WorkgroupName=STRING,
        NamespaceName=STRING,
        BaseCapacity=INTEGER,
        MaxCapacity=INTEGER,
        PubliclyAccessible=BOOLEAN,
        EnhancedVpcRouting=BOOLEAN,
        SubnetIds=STRINGS,
        SecurityGroupIds=STRINGS,
        ConfigParameters=ListOf(structure(ParameterKey=STRING, ParameterValue=STRING)),
        Tags=TAGS,
    )

    def create(self, order: Order) -> Made:
        arguments = _arguments(order.properties)
        tags = lower_case_tags(order.properties.get("Tags", []))
        order.services.client(_SERVICE).create_workgroup(**arguments, tags=tags)
        return self._made(order.services, arguments["workgroupName"])

    def update(self, order: Order, current: ResourceRecord) -> Made:
        arguments = {key: value for key, value in _arguments(order.properties).items() if key != "namespaceName"}
        order.services.client(_SERVICE).update_workgroup(**arguments)
        made = self._made(order.services, current.physical_id)
        _retag(order, made.attributes["Workgroup.WorkgroupArn"], current)
        return made

    def delete(self, services: Services, current: ResourceRecord) -> None:
        client = services.client(_SERVICE)
        try:
            client.delete_workgroup(workgroupName=current.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    def _made(self, services: Services, name: str) -> Made:
        client = services.client(_SERVICE)
        found = _wait_until_available(
            lambda: client.get_workgroup(workgroupName=name)["workgroup"],  # type: ignore[no-any-return]
            f"Workgroup {name}",
        )
        return Made(name, _attributes("Workgroup", found))
