"""Template parameters: defaults, constraints and list types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.services.cloudformation.failures import template_error

PARAMETER_TYPES = frozenset({"String", "Number", "CommaDelimitedList", "List<Number>"})


def resolve_parameters(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str | list[str]]:
    """Value of every parameter, checked against its declaration.

    :param declared: the template's Parameters section.
    :param given: values of the request, as text.
    :raises ValidationError: unknown, missing or not allowed value.
    """
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise template_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = sorted(name for name, spec in declared.items() if name not in given and "Default" not in spec)
    if missing:
        raise template_error(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, spec, given.get(name, spec.get("Default", ""))) for name, spec in declared.items()}


def _value(name: str, spec: Mapping[str, Any], value: Any) -> str | list[str]:
    kind = spec.get("Type")
    # AWS::EC2::Subnet::Id and its like are texts here: there is no EC2 to look them up in.
    is_aws_type = isinstance(kind, str) and kind.startswith(("AWS::", "List<AWS::")) and "SSM::Parameter" not in kind
    if kind not in PARAMETER_TYPES and not is_aws_type:
        raise template_error(f"Template format error: the local AWS does not support parameter type {kind} of {name}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    _check(name, spec, text)
    if kind == "CommaDelimitedList" or str(kind).startswith("List<"):
        return [item.strip() for item in text.split(",")] if text else []
    return text


def _check(name: str, spec: Mapping[str, Any], text: str) -> None:
    hint = spec.get("ConstraintDescription")
    allowed = spec.get("AllowedValues")
    allowed_texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in allowed or []]
    if allowed and text not in allowed_texts:
        raise template_error(f"Parameter '{name}' must be one of AllowedValues: {hint or ', '.join(allowed_texts)}")
    pattern = spec.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, text):
        raise template_error(f"Parameter {name} failed to satisfy constraint: {hint or f'must match {pattern}'}")
    if not spec.get("MinLength", 0) <= len(text) <= spec.get("MaxLength", len(text)):
        raise template_error(f"Parameter {name} failed to satisfy constraint: {hint or 'length'}")
    if spec.get("Type") == "Number":
        _check_number(name, spec, text)


def _check_number(name: str, spec: Mapping[str, Any], text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        raise template_error(f"Parameter '{name}' must be a number.") from None
    if number < float(spec.get("MinValue", number)):
        raise template_error(f"Parameter '{name}' must be a number not less than {spec['MinValue']}")
    if number > float(spec.get("MaxValue", number)):
        raise template_error(f"Parameter '{name}' must be a number not greater than {spec['MaxValue']}")
