"""Checks of a whole template before anything is created, and the order in which its resources are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.services.cloudformation.failures import template_error
from local.services.cloudformation.intrinsics import (
    FUNCTION_NAMES,
    PSEUDO_PARAMETERS,
    function_calls,
    references,
)
from local.services.cloudformation.resource_type import ResourceType
from local.services.cloudformation.shapes import problems
from local.services.cloudformation.template import ResourceDeclaration, Template


def check_template(template: Template, types: Mapping[str, ResourceType]) -> None:
    """Refuse what the local AWS would not apply whole.

    :param template: the parsed template.
    :param types: handlers by type name.
    :raises ValidationError: naming every unknown type, property, reference or attribute.
    """
    unknown = [item for item in template.resources.values() if item.type_name not in types]
    if unknown:
        names = ", ".join(f"{item.type_name} (resource {item.logical_id})" for item in unknown)
        raise template_error(
            f"Template format error: Unrecognized resource types: [{names}]. "
            f"The local AWS has these types: {', '.join(sorted(types))}"
        )
    found = [problem for item in template.resources.values() for problem in _property_problems(item, types)]
    found += _reference_problems(template, types)
    if found:
        raise template_error("Template error: " + "; ".join(found))
    creation_order(template)


def _property_problems(item: ResourceDeclaration, types: Mapping[str, ResourceType]) -> Iterator[str]:
    for problem in problems(types[item.type_name].shape, dict(item.properties)):
        yield f"resource {item.logical_id} ({item.type_name}): {problem}"


def _reference_problems(template: Template, types: Mapping[str, ResourceType]) -> Iterator[str]:
    places: dict[str, Any] = {f"resource {name}": dict(item.properties) for name, item in template.resources.items()}
    places |= {f"output {name}": dict(item) for name, item in template.outputs.items()}
    places |= {f"condition {name}": value for name, value in template.conditions.items()}
    for place, value in places.items():
        yield from _value_problems(place, value, template, types)
        yield from _call_problems(place, value, template)
    for name, item in template.resources.items():
        for other in item.depends_on:
            if other not in template.resources:
                yield f"unresolved DependsOn {other} in resource {name}"
    for name, condition in _named_conditions(template):
        if condition not in template.conditions:
            yield f"unresolved condition {condition} in {name}"


def _named_conditions(template: Template) -> Iterator[tuple[str, str]]:
    for name, item in template.resources.items():
        if item.condition:
            yield f"resource {name}", item.condition
    for name, output in template.outputs.items():
        if "Condition" in output:
            yield f"output {name}", output["Condition"]


def _value_problems(place: str, value: Any, template: Template, types: Mapping[str, ResourceType]) -> Iterator[str]:
    for name, attribute in references(value):
        if name not in template.resources:
            if attribute or (name not in template.parameters and name not in PSEUDO_PARAMETERS):
                yield f"unresolved reference {name} in {place}"
        elif attribute and attribute not in types[template.resources[name].type_name].attributes:
            type_name = template.resources[name].type_name
            yield f"{place}: {type_name} has no attribute {attribute} in the local AWS (Fn::GetAtt {name})"


def _call_problems(place: str, value: Any, template: Template) -> Iterator[str]:
    for name, argument in function_calls(value):
        if name not in FUNCTION_NAMES:
            yield f"{place}: the local AWS does not support the function {name}"
        condition = argument[0] if name == "Fn::If" else argument if name == "Condition" else None
        if condition is not None and not isinstance(condition, dict) and condition not in template.conditions:
            yield f"unresolved condition {condition} in {place}"


def dependencies(item: ResourceDeclaration, template: Template) -> list[str]:
    """Logical ids that a resource needs, named or referred to.

    :param item: the resource.
    :param template: its template.
    """
    named = set(item.depends_on) | {name for name, _ in references(dict(item.properties))}
    return sorted(named & template.resources.keys())


def creation_order(template: Template) -> list[str]:
    """Logical ids, each after everything it needs, otherwise in the template's order.

    :param template: the template.
    :raises ValidationError: resources need each other in a circle.
    """
    needs = {name: dependencies(item, template) for name, item in template.resources.items()}
    order: list[str] = []
    ready: set[str] = set()
    while len(order) < len(needs):
        free = [name for name in needs if name not in ready and ready.issuperset(needs[name])]
        if not free:
            circle = ", ".join(name for name in needs if name not in ready)
            raise template_error(f"Circular dependency between resources: [{circle}]")
        order += free
        ready.update(free)
    return order


def deletion_order(needs: Mapping[str, list[str]]) -> list[str]:
    """Logical ids, each before everything it needs.

    :param needs: what each existing resource needs.
    """
    order: list[str] = []
    left = dict(needs)
    while left:
        needed = {other for others in left.values() for other in others}
        free = [name for name in left if name not in needed] or list(left)
        order += reversed(free)
        left = {name: others for name, others in left.items() if name not in free}
    return order
