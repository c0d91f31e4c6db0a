"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that would go wrong.

    :param where: file and line.
    :param what: what is wrong, and how to fix it.
    """

    where: str
    what: str


class Unknown(Exception):
    """A check could not be made (no network); that says nothing about the project."""
