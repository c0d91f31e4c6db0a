"""Mutation of policies: take something away, decide every recorded call again, see whether one is refused now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from local.services.iam.authorizer import request_keys
from local.services.iam.decisions import Decision
from local.services.iam.policy import Statement, decide
from local.services.iam.principals import Principal


@dataclass(frozen=True)
class Part:
    """What was taken away.

    :param role: name of the role.
    :param statement: ``policy/Sid``.
    :param action: one action of it; "" for a statement of NotAction.
    """

    role: str
    statement: str
    action: str = ""

    def __str__(self) -> str:
        return f"{self.role}: {self.statement} {self.action}".rstrip()


def refused(role: Principal, decisions: Iterable[Decision]) -> list[Decision]:
    """Recorded calls that the role's policies, as they are, do not allow."""
    return [decision for decision in decisions if not _allows(role, role.statements, decision)]


def surplus(roles: Sequence[Principal], decisions: Sequence[Decision], prefix: str) -> list[Part]:
    """Actions of statements without which every recorded call would still be allowed.

    A statement without which nothing would be refused has all its actions here. A managed policy, which several roles
    share, has one only if none of them needs it.

    :param decisions: recorded calls of a run that succeeded; refused ones do not count.
    :param prefix: of the environment's names; managed policies carry it, inline ones do not.
    """
    found = [part for role in roles for part in _surplus_of(role, decisions)]
    needing = Counter(statement.label for role in roles for statement in role.statements)
    unused = Counter((part.statement, part.action) for part in found)
    return [
        part
        for part in found
        if not part.statement.startswith(prefix) or unused[part.statement, part.action] == needing[part.statement]
    ]


def _surplus_of(role: Principal, decisions: Sequence[Decision]) -> Iterator[Part]:
    mine = _distinct(decision for decision in decisions if decision.role == role.name and decision.allowed)
    for statement in role.statements:
        if statement.denies:
            continue
        if not _matters(role, statement, None, mine):
            yield from (Part(role.name, statement.label, action) for action in statement.actions or ("",))
            continue
        for action in statement.actions:
            shortened = replace(statement, actions=tuple(other for other in statement.actions if other != action))
            if not _matters(role, statement, shortened, mine):
                yield Part(role.name, statement.label, action)


def _matters(role: Principal, statement: Statement, instead: Statement | None, decisions: Iterable[Decision]) -> bool:
    changed = tuple(
        found
        for found in (instead if item is statement else item for item in role.statements)
        if found is not None and (found.actions or found.not_actions)
    )
    return any(not _allows(role, changed, decision) for decision in decisions)


def _allows(role: Principal, statements: Sequence[Statement], decision: Decision) -> bool:
    keys = request_keys(role, decision.action, decision.context, decision.via)
    return decide(statements, decision.action, decision.resource, keys).allowed


def _distinct(decisions: Iterable[Decision]) -> list[Decision]:
    found = {(d.action, d.resource, d.via, str(d.context)): d for d in decisions}
    return list(found.values())
