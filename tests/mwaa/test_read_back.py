"""Every property of what `local up` deploys is what its service says; and the comparison itself can fail."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.services.cloudformation.template import parse_template
from tests.conftest import LocalAws
from tests.mwaa.readback import READERS, UNREADABLE, stack_differences
from tests.mwaa.readback.comparison import PatientAws, Resource, differences, resources_of

TEMPLATES = sorted((Path(__file__).parents[2] / "mwaa" / "cloudformation").glob("*.yaml"))
STACKS = ("templates", "lake", "products", "canary")


@pytest.mark.parametrize("stack", STACKS)
def test_every_property_is_read_back(local_aws: LocalAws, stack: str) -> None:
    assert resources_of(local_aws, local_aws.name(stack))
    assert stack_differences(local_aws, local_aws.name(stack)) == []


def test_a_type_without_a_reader_is_noticed(local_aws: LocalAws) -> None:
    unknown = Resource("New", "AWS::Lambda::Function", "x", {}, {})
    (found,) = differences(local_aws, unknown, READERS, UNREADABLE)
    assert "nothing reads AWS::Lambda::Function back" in found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.stem)
def test_every_type_of_every_template_has_a_reader(template: Path) -> None:
    resources = parse_template(template.read_text(encoding="utf-8")).resources.values()
    assert {item.type_name for item in resources} <= READERS.keys()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all scalars."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        yield path
        return
    for name, child in children:
        yield from places(child, (*path, name))


def changed(properties: Any, path: tuple[Any, ...]) -> Any:
    """The properties with one scalar changed."""
    result = copy.deepcopy(properties)
    parent = result
    for name in path[:-1]:
        parent = parent[name]
    value = parent[path[-1]]
    parent[path[-1]] = not value if isinstance(value, bool) else f"{value}-changed"
    return result


def test_a_difference_in_any_single_value_is_noticed(local_aws: LocalAws) -> None:
    """One resource of each type of the lake; what its service says is asked once."""
    aws = PatientAws(local_aws.settings)
    one_of_each = {item.type_name: item for item in resources_of(aws, aws.name("lake"))}
    tried = 0
    for type_name, resource in one_of_each.items():
        said = READERS[type_name](aws, resource)
        readers = {type_name: lambda _aws, _resource, said=said: said}
        for path in places(dict(resource.properties)):
            if (type_name, path[0]) in UNREADABLE:
                continue
            other = replace(resource, properties=changed(dict(resource.properties), path))
            assert differences(aws, other, readers, UNREADABLE), f"{resource.logical_id}: {path}"
            tried += 1
    assert tried > 200
