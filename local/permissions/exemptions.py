"""The list of rights that recorded runs do not need (exempt.toml), and whether it is right."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from local.permissions.coverage import Part

_FILE = Path(__file__).with_name("exempt.toml")


@dataclass(frozen=True)
class Exemption:
    """:param roles: names without the environment's prefix; none = every role.
    :param statement: ``policy/Sid`` without the prefix, or a pattern of it (``mwaa/*``); "" = every one.
    """

    reason: str
    actions: Sequence[str]
    roles: Sequence[str] = field(default=())
    statement: str = ""

    def covers(self, part: Part, prefix: str) -> bool:
        """Whether a surplus action is on this list.

        :param prefix: ``sluice-dev-``.
        """
        role = part.role.removeprefix(prefix)
        statement = part.statement.removeprefix(prefix)
        return (
            ("*" in self.actions or part.action in self.actions)
            and (not self.roles or role in self.roles)
            and fnmatchcase(statement, self.statement or "*")
        )


def read_exemptions() -> list[Exemption]:
    """:raises ValueError: an entry has no reason or no action."""
    found = [Exemption(**entry) for entry in tomllib.loads(_FILE.read_text(encoding="utf-8"))["exempt"]]
    for exemption in found:
        if not exemption.reason or not exemption.actions:
            raise ValueError(f"{_FILE}: an exemption needs a reason and actions: {exemption}")
    return found


def unexcused(parts: Iterable[Part], prefix: str) -> list[Part]:
    """Surplus rights that are not on the list."""
    exemptions = read_exemptions()
    return [part for part in parts if not any(exemption.covers(part, prefix) for exemption in exemptions)]
