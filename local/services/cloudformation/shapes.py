"""Shapes of resource properties: which ones a handler applies, and of which type.

A property without a shape is refused before anything is created, so a template never deploys to the laptop
with a setting that the laptop ignores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LeafKind = Literal["string", "integer", "number", "boolean", "json"]


@dataclass(frozen=True)
class Leaf:
    """A scalar, or free-form JSON such as a policy document."""

    kind: LeafKind


@dataclass(frozen=True)
class ListOf:
    """A list whose items share one shape."""

    item: Shape


@dataclass(frozen=True)
class MapOf:
    """A map with free keys (for example job arguments)."""

    value: Shape


@dataclass(frozen=True)
class Structure:
    """An object with known fields.

    :param fields: shape per property name.
    :param required: names that must be present.
    """

    fields: Mapping[str, Shape]
    required: frozenset[str] = field(default_factory=frozenset)


Shape = Leaf | ListOf | MapOf | Structure

STRING = Leaf("string")
INTEGER = Leaf("integer")
NUMBER = Leaf("number")
BOOLEAN = Leaf("boolean")
JSON = Leaf("json")
STRINGS = ListOf(STRING)
STRING_MAP = MapOf(STRING)
TAGS = ListOf(Structure({"Key": STRING, "Value": STRING}, frozenset({"Key", "Value"})))


class PropertyError(ValueError):
    """A property value does not fit its shape; the message starts with the path of the property."""


def structure(required: str = "", /, **fields: Shape) -> Structure:
    """Short form of :class:`Structure`.

    :param required: required property names, separated by blanks.
    :param fields: shape per property name.
    """
    return Structure(fields, frozenset(required.split()))


def _is_intrinsic(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def problems(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Find unknown and missing properties in a template, before its functions are resolved.

    :param shape: what the handler applies.
    :param value: properties as they are written in the template.
    :param path: dotted path of `value` inside the resource's properties.
    """
    if _is_intrinsic(value):
        if "Fn::If" in value:
            for branch in value["Fn::If"][1:]:
                yield from problems(shape, branch, path)
        return
    if isinstance(shape, Structure):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListOf):
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for index, item in enumerate(value):
            yield from problems(shape.item, item, f"{path}[{index}]")
    elif isinstance(shape, MapOf):
        if not isinstance(value, dict):
            yield f"{path}: a map is expected"
    elif shape.kind != "json" and isinstance(value, (dict, list)):
        yield f"{path}: a {shape.kind} is expected"


def _structure_problems(shape: Structure, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or 'Properties'}: an object is expected"
        return
    prefix = f"{path}." if path else ""
    for name in sorted(shape.required - value.keys()):
        yield f"{prefix}{name}: required property is missing"
    for name, item in value.items():
        if name in shape.fields:
            yield from problems(shape.fields[name], item, prefix + name)
        else:
            known = ", ".join(shape.fields)
            yield f"{prefix}{name}: the local AWS does not apply this property (it applies {known})"


def normalise(shape: Shape, value: Any, path: str = "") -> Any:
    """Give resolved values the type of their shape, as CloudFormation does ("15" becomes 15 where a number is due).

    :param shape: what the handler applies.
    :param value: resolved properties.
    :param path: dotted path of `value` inside the resource's properties.
    :raises PropertyError: a value cannot have the type of its shape.
    """
    if isinstance(shape, Structure):
        missing = sorted(shape.required - value.keys())
        if missing:
            raise PropertyError(f"{path or 'Properties'}: required property {missing[0]} has no value")
        prefix = f"{path}." if path else ""
        return {name: normalise(shape.fields[name], item, prefix + name) for name, item in value.items()}
    if isinstance(shape, ListOf):
        if not isinstance(value, list):
            raise PropertyError(f"{path}: a list is expected, found {value!r}")
        return [normalise(shape.item, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(shape, MapOf):
        return {name: normalise(shape.value, item, f"{path}.{name}") for name, item in value.items()}
    return _leaf_value(shape, value, path)


def _leaf_value(shape: Leaf, value: Any, path: str) -> Any:
    if shape.kind == "json":
        return value
    if isinstance(value, (dict, list)):
        raise PropertyError(f"{path}: a {shape.kind} is expected, found {value!r}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if shape.kind == "string":
        return text
    if shape.kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise PropertyError(f"{path}: true or false is expected, found {value!r}")
        return text.lower() == "true"
    try:
        return int(text) if shape.kind == "integer" else float(text)
    except ValueError:
        raise PropertyError(f"{path}: a {shape.kind} is expected, found {value!r}") from None
