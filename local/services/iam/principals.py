"""Callers with their policies, compiled when first asked for and forgotten whenever IAM changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.identity import ACCOUNT_ID, LOCAL_ADMIN, Caller, access_key_for
from local.services.iam.patterns import Context
from local.services.iam.policy import PolicyError, Statement, compile_document

# A role's own key stands for one session of this name (docs/local-aws/core.md).
SESSION_NAME = "local"


@dataclass(frozen=True)
class Principal:
    """:param arn: as AWS's messages name the caller: of a role that of its session.
    :param userid: ``aws:userid``.
    :param context: condition keys that belong to the caller.
    :param statements: of all its policies.
    :param broken: why its policies cannot be evaluated; "" when they can.
    """

    name: str
    arn: str
    userid: str
    context: Context
    statements: tuple[Statement, ...]
    broken: str = ""
    unrestricted: bool = False


_known: dict[str, Principal] = {}
_lock = threading.Lock()
_changes = 0


def forget() -> None:
    """IAM has changed."""
    global _changes
    with _lock:
        _changes += 1
        _known.clear()


def principal_of(caller: Caller) -> Principal:
    """The caller with the policies it has now."""
    found = _known.get(caller.arn)
    if found is None:
        seen = _changes
        found = _read(caller.arn)
        with _lock:
            # What was read while IAM changed may be the old policies.
            if seen == _changes:
                _known[caller.arn] = found
    return found


def caller_with(arn: str) -> Caller:
    """A role or user as a caller, for engines that act with its rights.

    :param arn: its ARN.
    """
    return Caller(arn, access_key_for(arn.rsplit("/", 1)[-1]))


def caller_named(name: str) -> Caller:
    """A role as a caller; a name that is no role's is a user's.

    :param name: of the role, without its path.
    """
    role = next((role for role in list(_iam().roles.values()) if role.name == name), None)
    return caller_with(str(role.arn) if role is not None else f"arn:aws:iam::{ACCOUNT_ID}:user/{name}")


def _read(arn: str) -> Principal:
    name = arn.rsplit("/", 1)[-1]
    if arn == f"arn:aws:iam::{ACCOUNT_ID}:user/{LOCAL_ADMIN}":
        return Principal(name, arn, name, {}, (), unrestricted=True)
    iam = _iam()
    is_role = ":role/" in arn
    entities = iam.roles if is_role else iam.users
    entity = next((item for item in list(entities.values()) if item.arn == arn), None)
    if entity is None:
        return Principal(name, arn, "", {}, ())
    return made(arn, str(entity.id), dict(_tags(entity, is_role)), _documents(entity, iam))


def made(arn: str, unique_id: str, tags: Mapping[str, str], documents: Iterable[tuple[str, Any]]) -> Principal:
    """A role or user from what IAM's API tells about it.

    :param arn: its ARN.
    :param unique_id: its RoleId or UserId.
    :param documents: name and document of each policy.
    """
    name, is_role = arn.rsplit("/", 1)[-1], ":role/" in arn
    session = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{SESSION_NAME}"
    userid = f"{unique_id}:{SESSION_NAME}" if is_role else unique_id
    context: dict[str, list[str]] = {
        "aws:principalarn": [arn],
        "aws:principalaccount": [ACCOUNT_ID],
        "aws:principaltype": ["AssumedRole" if is_role else "User"],
        "aws:userid": [userid],
    }
    context |= {f"aws:principaltag/{key.lower()}": [value] for key, value in tags.items()}
    if not is_role:
        context["aws:username"] = [name]
    try:
        statements = tuple(s for policy, document in documents for s in compile_document(document, policy))
    except PolicyError as error:
        return Principal(name, session if is_role else arn, userid, context, (), broken=str(error))
    return Principal(name, session if is_role else arn, userid, context, statements)


def _documents(entity: Any, iam: Any) -> Iterator[tuple[str, Any]]:
    """Name and document of every policy of a role or user: inline ones, then attached ones in their default version."""
    yield from sorted(dict(entity.policies).items())
    for arn in entity.managed_policies:
        policy = iam.managed_policies.get(arn)
        if policy is not None:
            for version in policy.versions:
                if version.is_default:
                    yield policy.name, version.document


def _tags(entity: Any, is_role: bool) -> Iterator[tuple[str, str]]:
    listed = entity.tags or [] if is_role else []
    for tag in listed.values() if isinstance(listed, dict) else listed:
        yield tag["Key"], tag["Value"]


def _iam() -> Any:
    from moto.iam.models import iam_backends

    return iam_backends[ACCOUNT_ID]["aws"]
