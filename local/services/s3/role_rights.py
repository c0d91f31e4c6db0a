"""Keeps SeaweedFS' identities equal to the IAM roles, whoever changes those: a stack, an API call, a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from local.services.s3 import identities, seaweedfs
from local.settings import LocalSettings

_following = threading.Lock()


def follow_roles(settings: LocalSettings) -> None:
    """Write ``s3.json`` from the roles that IAM has now, and let a running SeaweedFS read it."""
    with _following:
        path, pid = seaweedfs.identities_file(settings), seaweedfs.server(settings).pid()
        entries = [identities.admin_identity(), *_role_identities(settings.account_id)]
        gone = identities.disabled(identities.read_identities(path), entries) if pid is not None else []
        if identities.write_identities(path, entries + gone) and pid is not None:
            identities.reload(pid)


def _role_identities(account_id: str) -> Iterator[dict[str, Any]]:
    from moto.iam.models import iam_backends

    from local.services.sts.trust import role_statements

    iam = iam_backends[account_id]["aws"]
    for role in sorted(iam.roles.values(), key=lambda role: str(role.name)):
        yield identities.identity(role.name, identities.granted_actions(role_statements(role, iam)))
