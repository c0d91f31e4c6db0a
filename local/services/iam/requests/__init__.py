"""From a request to what IAM decides about: actions, resources, condition keys.

An operation's action has its name unless `renames` says otherwise. IAM's reference names the resource types of the
action; `resources` says where each type's name stands in a request. An operation whose types are not listed there is
refused for roles: nobody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.services.iam import reference
from local.services.iam.requests import lookups, renames, resources
from local.services.iam.requests.passed_roles import passed_roles
from local.services.iam.requests.resource_shares import actions_of_sharing, conditions_of_sharing


@dataclass(frozen=True)
class Need:
    """One thing that must be allowed.

    :param action: ``glue:GetTable``.
    :param resource: ARN, or ``*``.
    :param context: condition keys of the request (lower case).
    :param instead: other resources of which one is enough.
    """

    action: str
    resource: str
    context: Mapping[str, list[str]] = field(default_factory=dict)
    instead: tuple[str, ...] = ()


class Unmapped(LookupError):
    """Nobody has said which resources an operation is about."""


def needs(service: str, operation: str, parameters: Mapping[str, Any]) -> list[Need]:
    """What a caller must be allowed to do for one request; empty = anybody may.

    :param service: signing name.
    :param operation: botocore's name of it.
    :param parameters: as botocore's model names them.
    :raises Unmapped: the operation is not covered by the tables.
    """
    if (service, operation) in renames.FREE:
        return []
    if (service, operation) in resources.AS_AIRFLOW_ROLE:
        first, *others = resources.airflow_roles(parameters)
        return [Need(f"{service}:{operation}", first, instead=tuple(others))]
    found = [
        Need(action, resource, lookups.conditions(action, parameters))
        for action in renames.actions(service, operation)
        for resource in _resources(action, operation, parameters)
    ]
    found += [
        Need(action, "*", conditions_of_sharing(action))
        for action in actions_of_sharing(service, operation, parameters)
    ]
    return found + [
        Need("iam:PassRole", arn, {"iam:passedtoservice": [target]})
        for arn, target in passed_roles(service, operation, parameters)
    ]


def _resources(action: str, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    if not reference.action_exists(action):
        raise Unmapped(f"{action} is no action of IAM's reference")
    types = [name for name in reference.resource_types(action) if name not in resources.IGNORED]
    if not types:
        return ["*"]
    prefix = action.partition(":")[0]
    looked_up = lookups.FOR_OPERATION.get((prefix, operation))
    if looked_up is not None:
        return looked_up(parameters)
    known = resources.TYPES.get(prefix, {})
    missing = [name for name in types if name not in known]
    if len(missing) == len(types):
        raise Unmapped(f"the local IAM does not know the resources of {action} ({', '.join(types)})")
    found = [arn for name in types if name in known for arn in known[name](parameters)]
    return found or ["*"]
