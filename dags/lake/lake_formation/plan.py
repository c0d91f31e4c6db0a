"""A plan: the ordered changes that turn one state of permissions into another, and what people should know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
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

    def as_line(self) -> str:
        """One line for people."""
        who = f"{self.who} " if self.who else ""
        return f"{self.step.label}: {who}{self.what}: {self.detail}"

    def as_json(self) -> dict[str, Any]:
        """For the plan's file; :func:`change_from` reads it back."""
        return {**asdict(self), "step": self.step.name, "parameters": dict(self.parameters)}


def change_from(document: Mapping[str, Any]) -> Change:
    """:param document: what ``as_json`` of a change gave"""
    return Change(**{**document, "step": Step[document["step"]]})


class Severity(StrEnum):
    """How bad a finding is: a critical one means that Lake Formation protects nothing there."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Topic(StrEnum):
    """What a finding is about."""

    UNDECLARED_GRANT = "undeclared grant"
    IAM_ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"
    SETTINGS = "settings"
    LOCATION = "location"
    TAG = "LF-tag"
    TABLE = "table"


@dataclass(frozen=True)
class Finding:
    """What people should know and nothing was planned for.

    :param who: short name of the principal, empty when it is about nobody in particular
    :param what: resource
    :param text: the sentence
    """

    topic: Topic
    severity: Severity
    who: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"CRITICAL: {self.text}" if self.severity is Severity.CRITICAL else self.text


@dataclass(frozen=True)
class Plan:
    """:param changes: in the order they are to be applied
    :param findings: what people should know and nothing was planned for
    """

    changes: Sequence[Change]
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def destructive(self) -> list[Change]:
        """Changes that take something away."""
        return [change for change in self.changes if change.destructive]

    @property
    def additions(self) -> list[Change]:
        """Changes that may be applied before anybody has agreed to the destructive ones.

        A grant on a filter that is about to be narrowed waits with it: until then it would show too much.
        """
        pending = {change.what for change in self.destructive if change.step is Step.UPDATE_FILTER}
        return [change for change in self.changes if not change.destructive and change.what not in pending]

    @property
    def digest(self) -> str:
        """SHA-256 of the changes, 64 hexadecimal digits: equal plans have equal digests."""
        return digest_of([change.as_json() for change in self.changes])

    def as_table(self) -> str:
        """Readable text: one line per change, destructive ones marked with an exclamation mark."""
        if not self.changes:
            return "No changes: Lake Formation holds exactly what is declared."
        rows = [
            (_mark(change), change.step.label, change.who or "-", change.what, change.detail) for change in self.changes
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)


def digest_of(document: Any) -> str:
    """:param document: anything JSON can write
    :return: SHA-256 of its canonical JSON
    """
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _mark(change: Change) -> str:
    return "!" if change.destructive else "+"
