"""Does a request fit its shape? botocore checks types on the client's side, the service also patterns and lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Java's classes of letters, separators and digits, and its pairs of surrogates, as Python writes them.
_UNICODE_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
}


def violations(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Everything that is wrong with a value, in AWS's words.

    :param shape: botocore's shape.
    :param value: what the request holds there.
    :param path: where that is.
    """
    if getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        yield from _structure_violations(shape, value, path)
        return
    expected = _PYTHON_TYPES.get(shape.type_name)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean")):
        yield f"Value {value!r} at '{path}' failed to satisfy constraint: Member must be a {shape.type_name}"
        return
    yield from _size_violations(shape, value, path)
    if shape.type_name == "string":
        yield from _string_violations(shape, value, path)
    elif shape.type_name == "list":
        for position, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{position}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path} (key)")
            yield from violations(shape.value, item, f"{path}.{key}")


def _structure_violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"Value at '{path}' failed to satisfy constraint: Member must be a structure"
        return
    prefix = f"{path}." if path else ""
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    for required in shape.required_members:
        if value.get(required) is None:
            yield f"Value null at '{prefix}{required}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name not in names and name not in shape.members:
            yield f"'{prefix}{name}' is no member of {shape.name}"
        elif item is not None:
            yield from violations(shape.members[names.get(name, name)], item, prefix + name)


def _size_violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    size = value if shape.type_name in {"integer", "long", "double"} else None
    what = "value"
    if shape.type_name in {"string", "list", "map"}:
        size, what = len(value), "length"
    if size is None:
        return
    limits = shape.metadata
    shown = repr(value) if shape.type_name != "map" else "at"
    if "max" in limits and size > limits["max"]:
        bound = f"Member must have {what} less than or equal to {limits['max']}"
        yield f"Value {shown} at '{path}' failed to satisfy constraint: {bound}"
    if "min" in limits and size < limits["min"]:
        bound = f"Member must have {what} greater than or equal to {limits['min']}"
        yield f"Value {shown} at '{path}' failed to satisfy constraint: {bound}"


def _string_violations(shape: Any, value: str, path: str) -> Iterator[str]:
    if getattr(shape, "enum", None) and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        rule = f"Member must satisfy enum value set: [{allowed}]"
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"
    pattern = shape.metadata.get("pattern")
    if pattern:
        python = pattern
        for java, ours in _UNICODE_CLASSES.items():
            python = python.replace(java, ours)
        if not re.fullmatch(python, value):
            rule = f"Member must satisfy regular expression pattern: {pattern}"
            yield f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"
