"""Reading a template: YAML or JSON text to typed sections, with CloudFormation's own format errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from local.services.cloudformation.failures import template_error

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Resources",
        "Outputs",
    }
)
RESOURCE_ATTRIBUTES = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
)
DELETION_POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate"})


@dataclass(frozen=True)
class ResourceDeclaration:
    """One entry of the Resources section, functions not resolved."""

    logical_id: str
    type_name: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...]
    condition: str | None
    deletion_policy: str
    update_replace_policy: str


@dataclass(frozen=True)
class Template:
    """A template that has the right form; names and functions are not checked yet."""

    body: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, ResourceDeclaration]
    outputs: Mapping[str, Mapping[str, Any]]


# libyaml reads this repository's template in a tenth of the time.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML 1.1 with CloudFormation's short function tags."""


# AWS reads 2012-10-17 as text, not as a date.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@lru_cache(maxsize=32)
def parse_template(body: str) -> Template:
    """Parse a template. A request parses the same text several times, so results are kept; nobody changes them.

    :param body: YAML or JSON text.
    :raises ValidationError: the text is not a template (message as on AWS: "Template format error: ...").
    """
    document = _load(body)
    if not isinstance(document, dict):
        raise template_error("Template format error: unsupported structure.")
    unknown = sorted(set(document) - SECTIONS)
    if unknown:
        raise template_error(f"Template format error: the local AWS does not support the template section {unknown}.")
    resources = document.get("Resources") or {}
    if not isinstance(resources, dict) or not resources:
        raise template_error("Template format error: At least one Resources member must be defined.")
    return Template(
        body=body,
        description=document.get("Description", ""),
        parameters=document.get("Parameters") or {},
        mappings=document.get("Mappings") or {},
        conditions=document.get("Conditions") or {},
        resources={name: _resource(name, declared) for name, declared in resources.items()},
        outputs=document.get("Outputs") or {},
    )


def _load(body: str) -> Any:
    try:
        if body.lstrip().startswith("{"):
            return json.loads(body)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(body, Loader=_Loader)):
            raise template_error("Template error: YAML aliases are not allowed in CloudFormation templates")
        return yaml.load(body, Loader=_Loader)  # noqa: S506 (a SafeLoader with CloudFormation's tags)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise template_error(f"Template format error: YAML not well-formed.{place} {error.problem}") from None
    except json.JSONDecodeError as error:
        raise template_error(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from None


def _resource(logical_id: str, declared: Any) -> ResourceDeclaration:
    if not isinstance(declared, dict) or not isinstance(declared.get("Type"), str):
        raise template_error(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    unknown = sorted(set(declared) - RESOURCE_ATTRIBUTES)
    if unknown:
        raise template_error(f"Invalid template resource property '{unknown[0]}' of resource {logical_id}")
    depends_on = declared.get("DependsOn", ())
    policies = {name: declared.get(name, "Delete") for name in ("DeletionPolicy", "UpdateReplacePolicy")}
    for name, policy in policies.items():
        if policy not in DELETION_POLICIES:
            raise template_error(
                f"Template error: {name} {policy!r} of resource {logical_id} is not one of {sorted(DELETION_POLICIES)}"
            )
    return ResourceDeclaration(
        logical_id=logical_id,
        type_name=declared["Type"],
        properties=declared.get("Properties") or {},
        depends_on=(depends_on,) if isinstance(depends_on, str) else tuple(depends_on),
        condition=declared.get("Condition"),
        deletion_policy=policies["DeletionPolicy"],
        update_replace_policy=policies["UpdateReplacePolicy"],
    )
