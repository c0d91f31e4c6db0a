"""Policy documents, compiled once and evaluated often.

Source: IAM User Guide, "Policy evaluation logic" and "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.services.iam.conditions import Condition, UnsupportedCondition
from local.services.iam.patterns import Context, matches, matches_with_variables

_ELEMENTS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})


class PolicyError(ValueError):
    """The document is wrong, or holds something that the local IAM cannot evaluate."""


@dataclass(frozen=True)
class Statement:
    """One statement of an identity-based policy.

    :param policy: name of its policy.
    :param sid: its Sid; without one its position, ``#2``.
    """

    policy: str
    sid: str
    denies: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"{self.policy}/{self.sid}"

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether this statement speaks about a request."""
        return (
            self.covers_action(action)
            and self._covers_resource(resource, context)
            and all(condition.is_met(context) for condition in self.conditions)
        )

    def covers_action(self, action: str) -> bool:
        """Whether it is about this action, whatever the resource."""
        if self.not_actions:
            return not any(matches(pattern, action, ignore_case=True) for pattern in self.not_actions)
        return any(matches(pattern, action, ignore_case=True) for pattern in self.actions)

    def _covers_resource(self, resource: str, context: Context) -> bool:
        if self.not_resources:
            return not any(matches_with_variables(pattern, resource, context) for pattern in self.not_resources)
        return any(matches_with_variables(pattern, resource, context) for pattern in self.resources)


@dataclass(frozen=True)
class Verdict:
    """:param explicit: a Deny statement decided.
    :param statement: the one that decided; None when none spoke about the request.
    """

    allowed: bool
    explicit: bool = False
    statement: Statement | None = None


def decide(statements: Iterable[Statement], action: str, resource: str, context: Context) -> Verdict:
    """Explicit deny, else allow, else implicit deny.

    :param action: ``glue:GetTable``.
    :param resource: its ARN, or ``*`` for an action without one.
    :param context: condition keys in lower case with their values.
    """
    allowing: Statement | None = None
    for statement in statements:
        if (statement.denies or allowing is None) and statement.covers(action, resource, context):
            if statement.denies:
                return Verdict(False, explicit=True, statement=statement)
            allowing = statement
    return Verdict(allowing is not None, statement=allowing)


def compile_document(document: Any, name: str) -> tuple[Statement, ...]:
    """The statements of an identity-based policy.

    :param document: JSON text or the parsed object.
    :param name: of the policy, for messages and records.
    :raises PolicyError: not a policy, or one with an operator, key or element that is not evaluated here.
    """
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError as error:
        raise PolicyError(f"policy {name} is no JSON: {error}") from error
    if not isinstance(parsed, Mapping):
        raise PolicyError(f"policy {name} is no JSON object")
    listed = parsed.get("Statement", [])
    found = [listed] if isinstance(listed, Mapping) else list(listed)
    return tuple(_statement(item, name, position) for position, item in enumerate(found, 1))


def _statement(item: Any, name: str, position: int) -> Statement:
    where = f"policy {name}, statement {position}"
    if not isinstance(item, Mapping):
        raise PolicyError(f"{where} is no object")
    sid = str(item.get("Sid") or f"#{position}")
    where = f"policy {name}, statement {sid}"
    unknown = set(item) - _ELEMENTS
    if unknown:
        raise PolicyError(f"{where}: {', '.join(sorted(unknown))} cannot stand in an identity-based policy")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: Effect must be Allow or Deny")
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (one in item) == (other in item):
            raise PolicyError(f"{where}: exactly one of {one} and {other} is needed")
    try:
        conditions = tuple(Condition(operator, keys) for operator, keys in (item.get("Condition") or {}).items())
    except UnsupportedCondition as error:
        raise PolicyError(f"{where}: the local IAM does not evaluate {error}") from error
    return Statement(
        policy=name,
        sid=sid,
        denies=item["Effect"] == "Deny",
        actions=_texts(item.get("Action")),
        not_actions=_texts(item.get("NotAction")),
        resources=_texts(item.get("Resource")),
        not_resources=_texts(item.get("NotResource")),
        conditions=conditions,
    )


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)
