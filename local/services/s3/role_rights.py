"""Keeps SeaweedFS' identities and policies equal to IAM's, whoever changes those: a stack, an API call, a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from local.services.s3 import identities, seaweedfs
from local.services.s3.identities import Identity
from local.settings import LocalSettings

_following = threading.Lock()


def follow_roles(settings: LocalSettings) -> None:
    """Write ``s3.json`` from the roles and users that IAM has now, and let a running SeaweedFS read it."""
    with _following:
        path, pid = seaweedfs.identities_file(settings), seaweedfs.server(settings).pid()
        wanted = [identities.admin_identity(), *_identities(settings.account_id)]
        gone = identities.disabled(identities.read_identities(path), wanted) if pid is not None else []
        if identities.write_identities(path, wanted, gone) and pid is not None:
            identities.reload(pid)


def _identities(account_id: str) -> Iterator[Identity]:
    from moto.iam.models import iam_backends

    from local.services.iam.principals import caller_with, principal_of
    from local.services.s3.policies import document_of

    iam = iam_backends[account_id]["aws"]
    for role in sorted(iam.roles.values(), key=lambda role: str(role.name)):
        principal = principal_of(caller_with(str(role.arn)))
        yield Identity(principal.name, policy=document_of(principal.statements, principal.context))
    for user in sorted(iam.users.values(), key=lambda user: str(user.name)):
        principal = principal_of(caller_with(str(user.arn)))
        keys = [(key.access_key_id, key.secret_access_key) for key in user.access_keys]
        if keys:
            # Users and roles share SeaweedFS' names; AWS keeps them apart.
            policy = document_of(principal.statements, principal.context)
            yield Identity(f"user/{principal.name}", keys=tuple(keys), policy=policy)
