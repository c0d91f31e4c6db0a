"""Every identity policy of every template: real actions, no wildcard where AWS knows something finer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.services.cloudformation.template import parse_template
from local.services.iam import reference
from local.services.iam.conditions import GLOBAL_KEYS
from local.services.iam.policy import compile_document

TEMPLATES = sorted((Path(__file__).parents[2] / "mwaa" / "cloudformation").glob("*.yaml"))

# Actions whose resource type in IAM's reference is not what our calls are about.
NO_FINER_RESOURCE = {
    "cloudwatch:PutMetricData": "a dataset is for OpenTelemetry; the namespace is limited by a condition",
}


def documents() -> list[tuple[str, dict[str, Any]]]:
    """Name and document of each policy of roles, managed policies and policies beside a role."""
    found = []
    for path in TEMPLATES:
        for name, item in parse_template(path.read_text(encoding="utf-8")).resources.items():
            if item.type_name == "AWS::IAM::Role":
                found += [
                    (f"{path.stem}.{name}.{policy['PolicyName']}", policy["PolicyDocument"])
                    for policy in item.properties.get("Policies", [])
                ]
            elif item.type_name in ("AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::Policy"):
                found.append((f"{path.stem}.{name}", item.properties["PolicyDocument"]))
    return found


def statements() -> list[Any]:
    return [
        pytest.param(statement, id=f"{name}.{statement.get('Sid', position)}")
        for name, document in documents()
        for position, statement in enumerate(as_list(document["Statement"]))
    ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_are_policies():
    assert len(documents()) >= 6


@pytest.mark.parametrize("statement", statements())
def test_every_statement_has_a_name(statement):
    """Records, docs/permissions.md and the mutation test speak of statements by their Sid."""
    assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])


@pytest.mark.parametrize("statement", statements())
def test_actions_are_real_and_without_wildcards(statement):
    assert "NotAction" not in statement
    for action in as_list(statement["Action"]):
        assert "*" not in action, action
        assert reference.action_exists(action), f"{action} is no action of AWS"


@pytest.mark.parametrize("statement", statements())
def test_everything_is_a_resource_only_where_aws_knows_no_finer_one(statement):
    assert "NotResource" not in statement
    if "*" not in as_list(statement["Resource"]):
        return
    for action in as_list(statement["Action"]):
        if action not in NO_FINER_RESOURCE:
            assert reference.resource_types(action) == (), f"{action} can be limited to a resource"


@pytest.mark.parametrize("statement", statements())
def test_conditions_are_known_to_their_actions(statement):
    keys = [key for pairs in statement.get("Condition", {}).values() for key in pairs]
    for action in as_list(statement["Action"]):
        for key in keys:
            known = GLOBAL_KEYS | reference.condition_keys(action)
            assert key.lower() in known or key.lower().startswith("aws:"), f"{action} knows no {key}"


@pytest.mark.parametrize(("name", "document"), documents(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_local_iam_evaluates_all_of_it(name, document):
    """Nothing in a template is of a kind that only AWS would look at. Functions stand for some text."""
    text = json.loads(json.dumps(document), object_hook=lambda item: "x" if _is_function(item) else item)
    assert compile_document(text, name)


def _is_function(item: dict[str, Any]) -> bool:
    return len(item) == 1 and next(iter(item)).startswith(("Ref", "Fn::"))
