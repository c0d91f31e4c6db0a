"""Intrinsic functions: what they refer to, and their values."""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.services.cloudformation.failures import ResourceError, template_error
from local.services.cloudformation.state import ResourceRecord
from local.services.cloudformation.template import Template

NO_VALUE = object()
PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}" for name in ("AccountId", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
# ${!Literal} is written out as ${Literal}.
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


def function_of(value: Any) -> tuple[str, Any] | None:
    """Name and argument when a value is a function call.

    :param value: any part of a template.
    """
    if isinstance(value, dict) and len(value) == 1:
        name, argument = next(iter(value.items()))
        if name in {"Ref", "Condition"} or (isinstance(name, str) and name.startswith("Fn::")):
            return name, argument
    return None


def function_calls(value: Any) -> Iterator[tuple[str, Any]]:
    """Every function call inside a value, outermost first.

    :param value: any part of a template.
    """
    call = function_of(value)
    if call is not None:
        yield call
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from function_calls(child)


def references(value: Any) -> Iterator[tuple[str, str | None]]:
    """Every (name, attribute) a value refers to; attribute is None for `Ref`.

    :param value: any part of a template.
    """
    call = function_of(value)
    if call is None:
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for child in children:
            yield from references(child)
        return
    name, argument = call
    if name == "Ref":
        yield argument, None
    elif name == "Fn::GetAtt":
        yield argument[0], argument[1]
    elif name == "Fn::Sub":
        yield from _sub_references(argument)
    elif name != "Condition":
        yield from references(argument)


def _sub_references(argument: Any) -> Iterator[tuple[str, str | None]]:
    text, local_names = (argument, {}) if isinstance(argument, str) else argument
    for literal, placeholder in _PLACEHOLDER.findall(text):
        if not literal and placeholder not in local_names:
            name, _, attribute = placeholder.partition(".")
            yield name, attribute or None
    yield from references(local_names)


@dataclass
class Scope:
    """Names that functions can see while one stack is deployed.

    :ivar parameters: parameter values and pseudo parameters.
    :ivar records: resources that exist by now.
    :ivar zones: names of the region's availability zones; asked only when a template wants to know.
    """

    template: Template
    parameters: Mapping[str, Any]
    records: Mapping[str, ResourceRecord]
    zones: Callable[[], list[str]] = list

    def condition(self, name: str) -> bool:
        """Truth of a named condition.

        :param name: key of the Conditions section.
        """
        if name not in self.template.conditions:
            raise template_error(f"Template format error: Unresolved condition {name}")
        return bool(self.resolve(self.template.conditions[name]))

    def wanted(self, condition: str | None) -> bool:
        """Whether a resource or output with this condition is part of the stack.

        :param condition: the condition's name, or None.
        """
        return condition is None or self.condition(condition)

    def resolve(self, value: Any) -> Any:
        """Value of any part of the template.

        :param value: with functions.
        :raises ResourceError: a name has no value yet.
        """
        call = function_of(value)
        if call is not None:
            name, argument = call
            return _FUNCTIONS[name](self, argument)
        if isinstance(value, dict):
            resolved = {name: self.resolve(item) for name, item in value.items()}
            return {name: item for name, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in (self.resolve(child) for child in value) if item is not NO_VALUE]
        return value

    def ref(self, name: str) -> Any:
        """Value of `Ref`.

        :param name: parameter, pseudo parameter or logical id.
        """
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        return self._record(name).physical_id

    def attribute(self, logical_id: str, name: str) -> str:
        """Value of `Fn::GetAtt`.

        :param logical_id: the resource.
        :param name: the attribute.
        """
        attributes = self._record(logical_id).attributes
        if name not in attributes:
            raise ResourceError(f"Requested attribute {name} does not exist in schema of {logical_id}")
        return attributes[name]

    def _record(self, logical_id: str) -> ResourceRecord:
        record = self.records.get(logical_id)
        if record is None:
            raise ResourceError(f"Unresolved resource dependency {logical_id}: it is not part of the stack")
        return record


def _join(scope: Scope, argument: Any) -> str:
    delimiter, parts = argument
    return str(delimiter).join(str(part) for part in scope.resolve(parts))


def _sub(scope: Scope, argument: Any) -> str:
    text, local_names = (argument, {}) if isinstance(argument, str) else argument
    values = scope.resolve(local_names)

    def value_of(match: re.Match[str]) -> str:
        literal, placeholder = match.groups()
        if literal:
            return "${" + placeholder + "}"
        if placeholder in values:
            return str(values[placeholder])
        name, _, attribute = placeholder.partition(".")
        return str(scope.attribute(name, attribute) if attribute else scope.ref(name))

    return _PLACEHOLDER.sub(value_of, text)


def _select(scope: Scope, argument: Any) -> Any:
    index, items = scope.resolve(argument[0]), scope.resolve(argument[1])
    try:
        return items[int(index)]
    except IndexError:
        raise template_error(f"Template error: Fn::Select cannot select nonexistent value at index {index}") from None


def _split(scope: Scope, argument: Any) -> list[str]:
    delimiter, text = argument
    return str(scope.resolve(text)).split(delimiter)


def _cidr(scope: Scope, argument: Any) -> list[str]:
    """Equal parts of an address block: `[block, how many, bits of each part's own addresses]`."""
    block, count, bits = [str(item) for item in scope.resolve(argument)] if len(argument) == 3 else ("", "", "")
    try:
        network = ipaddress.ip_network(block)
        new_prefix = network.max_prefixlen - int(bits)
        parts = [str(part) for part in itertools.islice(network.subnets(new_prefix=new_prefix), int(count))]
    except ValueError as error:
        raise template_error(f"Template error: Fn::Cidr of {argument}: {error}") from None
    if len(parts) < int(count):
        raise template_error(
            f"Template error: Fn::Cidr: {block} has {len(parts)} blocks with {bits} bits, {count} are wanted"
        )
    return parts


def _get_azs(scope: Scope, argument: Any) -> list[str]:
    region = scope.resolve(argument)
    if region not in {"", scope.parameters["AWS::Region"]}:
        raise template_error(f"Template error: the local AWS has one region, Fn::GetAZs of {region} has no answer here")
    return scope.zones()


def _if(scope: Scope, argument: Any) -> Any:
    name, when_true, when_false = argument
    return scope.resolve(when_true if scope.condition(name) else when_false)


def _find_in_map(scope: Scope, argument: Any) -> Any:
    value: Any = scope.template.mappings
    for key in scope.resolve(argument):
        if key not in value:
            raise template_error(f"Template error: Unable to get mapping for {'::'.join(map(str, argument))}")
        value = value[key]
    return value


def _get_att(scope: Scope, argument: Any) -> str:
    return scope.attribute(argument[0], argument[1])


def _equals(scope: Scope, argument: Any) -> bool:
    left, right = (str(side).lower() if isinstance(side, bool) else str(side) for side in scope.resolve(argument))
    return left == right


_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, name: scope.ref(name),
    "Condition": lambda scope, name: scope.condition(name),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": _get_azs,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::Equals": _equals,
    "Fn::Not": lambda scope, argument: not scope.resolve(argument[0]),
    "Fn::And": lambda scope, argument: all(scope.resolve(item) for item in argument),
    "Fn::Or": lambda scope, argument: any(scope.resolve(item) for item in argument),
    "Fn::Base64": lambda scope, text: base64.b64encode(str(scope.resolve(text)).encode()).decode(),
    "Fn::ToJsonString": lambda scope, value: json.dumps(scope.resolve(value)),
}

FUNCTION_NAMES = frozenset(_FUNCTIONS)
