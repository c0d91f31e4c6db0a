"""Compares the resolved properties of a stack's resources with what the services say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import LocalAws


@dataclass(frozen=True)
class Resource:
    """One resource as CloudFormation applied it."""

    logical_id: str
    type_name: str
    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, str]


class PatientAws(LocalAws):
    """A local AWS whose clients are made once: a client costs far more than a call."""

    def client(self, service: str, principal: str = "local-admin") -> Any:
        return _client(self.settings.state_dir, service, principal, super().client)


_clients: dict[tuple[Any, ...], Any] = {}


def _client(state: Any, service: str, principal: str, make: Callable[[str, str], Any]) -> Any:
    key = (state, service, principal)
    if key not in _clients:
        _clients[key] = make(service, principal)
    return _clients[key]


# What a reader gives: the properties, in the template's form, as the service's API says.
Reader = Callable[[LocalAws, Resource], dict[str, Any]]


def resources_of(aws: LocalAws, stack_name: str) -> list[Resource]:
    """The resources of a living stack, from the record that CloudFormation keeps of what it applied."""
    stack_id = aws.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]["StackId"]
    file = aws.settings.folder("cloudformation") / f"{stack_id.rpartition('/')[2]}.json"
    records = json.loads(file.read_text(encoding="utf-8"))["resources"].values()
    return [Resource(**{name: record[name] for name in Resource.__dataclass_fields__}) for record in records]


def differences(
    aws: LocalAws, resource: Resource, readers: Mapping[str, Reader], unreadable: Mapping[tuple[str, str], str]
) -> list[str]:
    """What the API does not say, or says otherwise.

    :param readers: by type name. A type without one is a difference: nobody adds a resource that is not read back.
    :param unreadable: type and property that no API shows -> why.
    """
    if resource.type_name not in readers:
        return [f"{resource.logical_id}: nothing reads {resource.type_name} back, add a reader to tests/mwaa/readback"]
    said = readers[resource.type_name](aws, resource)
    expected = {
        name: value for name, value in resource.properties.items() if (resource.type_name, name) not in unreadable
    }
    return [f"{resource.logical_id}.{text}" for text in _differing(expected, said, "")]


def _differing(expected: Any, said: Any, path: str) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(said, Mapping):
        for name, value in expected.items():
            if name in said:
                yield from _differing(value, said[name], f"{path}.{name}" if path else name)
            else:
                yield f"{path}.{name}: set to {value!r}, the API does not say it".lstrip(".")
    elif isinstance(expected, list) and isinstance(said, list) and len(expected) == len(said):
        for index, (one, other) in enumerate(zip(_ordered(expected), _ordered(said), strict=True)):
            yield from _differing(one, other, f"{path}[{index}]")
    elif expected != said:
        yield f"{path}: set to {expected!r}, the API says {said!r}"


def _ordered(items: list[Any]) -> list[Any]:
    """Services answer lists in an order of their own."""
    return sorted(items, key=lambda item: json.dumps(_key(item), sort_keys=True, default=str))


_NAMES = ("Key", "Id", "Sid", "PolicyName", "CidrIp", "GroupId", "ParameterKey")


def _key(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    named = [
        item[name] for name in ("Key", "Id", "Sid", "PolicyName", "CidrIp", "GroupId", "ParameterKey") if name in item
    ]
    return named or item
