"""A plan: the ordered changes that turn one state of permissions into another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Step(IntEnum):
    """Kinds of change, in the order they are applied: what a grant needs comes first, what takes away comes last."""

    CREATE_TAG = 1
    ADD_TAG_VALUES = 2
    CREATE_FILTER = 3
    UPDATE_FILTER = 4
    ATTACH_TAG = 5
    GRANT = 6
    REVOKE = 7
    DELETE_FILTER = 8

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Change:
    """One change and the API call that makes it.

    :param who: short name of the principal, empty for filters and tags
    :param what: resource, for people
    :param detail: permissions or values, for people
    :param destructive: takes something away or changes what somebody sees
    :param operation: boto3 method; batch methods get their entries collected
    :param parameters: keyword arguments of the call, or the batch entry
    """

    step: Step
    who: str
    what: str
    detail: str
    destructive: bool
    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """:param changes: in the order they are to be applied
    :param findings: what people should know and nothing was planned for
    """

    changes: Sequence[Change]
    findings: Sequence[str] = field(default_factory=tuple)

    @property
    def destructive(self) -> list[Change]:
        """Changes that take something away."""
        return [change for change in self.changes if change.destructive]

    def as_table(self) -> str:
        """Readable text: one line per change, destructive ones marked with an exclamation mark."""
        if not self.changes:
            return "No changes: Lake Formation holds exactly what the contract asks for."
        rows = [
            (_mark(change), change.step.label, change.who or "-", change.what, change.detail) for change in self.changes
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)


def _mark(change: Change) -> str:
    return "!" if change.destructive else "+"
