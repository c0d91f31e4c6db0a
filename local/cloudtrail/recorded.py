"""The calls that IAM of this local AWS has decided about. S3's objects are data events, which a trail leaves out unless
it is told otherwise, so they are left out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from local.cloudtrail.records import Call
from local.services.iam.decisions import Decision

_TABLE = ":table/"
_DATABASE = ":database/"


def recorded_calls(decisions: Iterable[Decision]) -> Iterator[Call]:
    """One call for all that was decided about it: the refusal, or the decision about the table, or the first.

    :param decisions: oldest first
    """
    group: list[Decision] = []
    for decision in decisions:
        if decision.action.startswith("s3:"):
            continue
        if group and _same_call(group[-1], decision):
            group.append(decision)
            continue
        if group:
            yield _call(group)
        group = [decision]
    if group:
        yield _call(group)


def _same_call(before: Decision, now: Decision) -> bool:
    same = (before.role, before.action, before.call, before.via) == (now.role, now.action, now.call, now.via)
    # One request is decided within milliseconds; its resources differ.
    return same and now.resource != before.resource and now.time - before.time < 0.05


def _call(group: list[Decision]) -> Call:
    refused = [decision for decision in group if not decision.allowed]
    about_table = [decision for decision in group if _TABLE in decision.resource]
    chosen = (refused or about_table or group)[0]
    named = (about_table or refused or group)[0]
    service, _, operation = (chosen.call or chosen.action).partition(":")
    message = f"User is not authorized to perform: {chosen.action} on resource: {chosen.resource}" if refused else ""
    return Call(
        role=chosen.role,
        source=f"{service}.amazonaws.com",
        name=operation,
        at=datetime.fromtimestamp(chosen.time, UTC),
        parameters=_parameters(named.resource),
        error="AccessDenied" if refused else "",
        message=message,
        via=chosen.via,
        agent=chosen.agent,
    )


def _parameters(resource: str) -> dict[str, Any]:
    """What a decision knows of a request: the table or database it names. A refusal ends at the first closed one."""
    _, found, address = resource.partition(_TABLE)
    if found:
        database, _, table = address.partition("/")
        return {"databaseName": database, "name": table}
    _, found, database = resource.partition(_DATABASE)
    return {"databaseName": database} if found else {}
