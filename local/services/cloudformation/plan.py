"""What an update would do: the difference between a stack and a template with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.services.cloudformation.analysis import creation_order
from local.services.cloudformation.failures import ResourceError, template_error
from local.services.cloudformation.intrinsics import Scope
from local.services.cloudformation.resource_type import ResourceType
from local.services.cloudformation.shapes import normalise
from local.services.cloudformation.state import ResourceRecord, Stack
from local.services.cloudformation.template import ResourceDeclaration


@dataclass(frozen=True)
class Change:
    """One resource that an update touches.

    :ivar replaced: a Modify that makes a new resource in place of the old one.
    :ivar properties: names of the properties that differ.
    """

    action: Literal["Add", "Modify", "Remove"]
    logical_id: str
    type_name: str
    physical_id: str = ""
    replaced: bool = False
    properties: tuple[str, ...] = ()


def wanted_resources(scope: Scope) -> dict[str, ResourceDeclaration]:
    """Resources whose condition holds, in creation order.

    :param scope: the new template with its parameters.
    """
    resources = scope.template.resources
    return {name: resources[name] for name in creation_order(scope.template) if scope.wanted(resources[name].condition)}


def resolved_properties(item: ResourceDeclaration, scope: Scope, types: Mapping[str, ResourceType]) -> dict[str, Any]:
    """The properties of a resource, without functions and with the types of its handler.

    :param item: the resource.
    :param scope: what its functions can see.
    :param types: handlers by type name.
    :raises ResourceError: it refers to a resource that does not exist yet.
    """
    resolved: dict[str, Any] = normalise(types[item.type_name].shape, scope.resolve(dict(item.properties)))
    return resolved


def changed_properties(
    record: ResourceRecord, properties: Mapping[str, Any], resource_type: ResourceType
) -> tuple[str, ...]:
    """Names whose value differs.

    :param record: the resource as applied.
    :param properties: what it must become.
    :param resource_type: the handler.
    """
    names = record.properties.keys() | properties.keys()
    changed = {name for name in names if record.properties.get(name) != properties.get(name)}
    if record.status == "UPDATE_FAILED":
        # An interrupted update: what can be applied again is, because nobody knows how far it came.
        changed |= properties.keys() - resource_type.replaced_by
    return tuple(sorted(changed))


def resolved_outputs(scope: Scope) -> list[dict[str, str]]:
    """The stack's outputs.

    :param scope: names the outputs can see.
    """
    outputs = []
    for key, declared in scope.template.outputs.items():
        if not scope.wanted(declared.get("Condition")):
            continue
        output = {"OutputKey": key, "OutputValue": str(scope.resolve(declared["Value"]))}
        if "Description" in declared:
            output["Description"] = declared["Description"]
        if "Export" in declared:
            output["ExportName"] = str(scope.resolve(declared["Export"]["Name"]))
        outputs.append(output)
    return outputs


def planned_changes(stack: Stack, scope: Scope, types: Mapping[str, ResourceType]) -> list[Change]:
    """Every resource that differs, additions and changes in creation order, then removals.

    :param stack: the stack as it is.
    :param scope: the new template with its parameters, over the stack's resources.
    :param types: handlers by type name.
    """
    wanted = wanted_resources(scope)
    changes = []
    for name, item in wanted.items():
        record = stack.resources.get(name)
        if record is None:
            changes.append(Change("Add", name, item.type_name))
        else:
            change = _modification(record, item, scope, types)
            changes += [change] if change else []
    changes += [
        Change("Remove", name, record.type_name, record.physical_id)
        for name, record in stack.resources.items()
        if name not in wanted
    ]
    return changes


def _modification(
    record: ResourceRecord, item: ResourceDeclaration, scope: Scope, types: Mapping[str, ResourceType]
) -> Change | None:
    if record.type_name != item.type_name:
        raise template_error(
            f"Update of resource type is not permitted. Resource {item.logical_id}: give it another name"
        )
    try:
        names = changed_properties(record, resolved_properties(item, scope, types), types[item.type_name])
    except ResourceError:
        # It refers to a resource that this update will make first.
        names = tuple(sorted(item.properties))
    policies = (record.deletion_policy, record.update_replace_policy)
    if not names and policies == (item.deletion_policy, item.update_replace_policy):
        return None
    replaced = bool(types[item.type_name].replaced_by & set(names))
    return Change("Modify", item.logical_id, item.type_name, record.physical_id, replaced, names)
