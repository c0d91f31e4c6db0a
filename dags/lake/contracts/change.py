"""What one difference between two versions of a contract means: how far the version must be raised, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from lake.contracts.odcs import Document


class Level(IntEnum):
    """The part of a semantic version that a change raises, at least."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, order=True)
class Change:
    """One difference between two versions of a contract.

    :param path: the part that changed, by name: ``columns.quantity.physicalType``
    :param what: old and new, in words
    :param level: what it raises
    :param why: the reason for the level
    :param pipeline: what the pipeline does when this version is deployed
    """

    path: str
    what: str
    level: Level
    why: str
    pipeline: str

    def __str__(self) -> str:
        return f"[{self.level}] {self.path}: {self.what}. {self.why} {self.pipeline}"


DOCUMENTATION = ("It is read by people only.", "Nothing changes but the documentation.")
NEXT_RUN = "The next run follows it; published days stay as they are until they are run again."
STOPS = "ensure_tables stops the run: the table cannot follow; schema_migration begins it anew (docs/runbook.md)."


def shown(value: Any) -> str:
    """Return a value of a contract for a message, cut when it is long.

    :param value: anything YAML can hold; None reads ``nothing``
    """
    if value is None:
        return "nothing"
    text = " ".join((value if isinstance(value, str) else _canonical(value)).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def moved(old: Any, new: Any) -> str:
    """Return ``old -> new`` for a message.

    :param old: value in the older version
    :param new: value in the newer version
    """
    return f"{shown(old)} -> {shown(new)}"


def differing(old: Document, new: Document, ignored: Iterable[str] = ()) -> Iterator[str]:
    """Return the names of the fields that differ, in the order of the alphabet.

    :param old: a part of the older contract
    :param new: the same part of the newer one
    :param ignored: fields that are compared elsewhere
    """
    for name in sorted((old.keys() | new.keys()) - set(ignored)):
        if _canonical(old.get(name)) != _canonical(new.get(name)):
            yield name


def _canonical(value: Any) -> str:
    """Return a value as text that does not depend on the order of keys, nor of entries with fields of their own."""
    return json.dumps(_ordered(value), sort_keys=True, ensure_ascii=False, default=str)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _ordered(part) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    entries = [_ordered(entry) for entry in value]
    return sorted(entries, key=_canonical) if all(isinstance(entry, dict) for entry in entries) else entries


def by_name(entries: Iterable[Document], key: str) -> dict[str, Document]:
    """Return list entries by their name, so that their order does not matter.

    :param entries: a list of a contract
    :param key: field that names an entry
    """
    return {str(entry.get(key)): entry for entry in entries}


def custom_properties(element: Document) -> dict[str, Any]:
    """Return the values of the custom properties by name.

    :param element: a part of a contract that has ``customProperties``
    """
    entries = by_name(element.get("customProperties", []), "property")
    return {name: entry.get("value") for name, entry in entries.items()}
