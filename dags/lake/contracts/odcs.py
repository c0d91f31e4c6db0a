"""Reading one Open Data Contract Standard document: YAML in, plain values out, custom properties by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a contract, told so that its owner can repair it.

    :param path: place in the document, like ``schema[0].properties[3].physicalType``
    :param what: what is wrong there
    :param fix: what to write instead
    """

    path: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}. {self.fix}"


def known_instead(name: str, known: Collection[str]) -> str:
    """Say what may have been meant by a name that is not known, without regard to case, and what there is.

    :param name: as it is written
    :param known: the names there are
    :return: a :class:`Problem`'s fix
    """
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    nearest = get_close_matches(name.lower(), by_lower, n=1)
    guess = f"Did you mean {by_lower[nearest[0]]}? " if nearest else ""
    return f"{guess}Known: {', '.join(sorted(known))}."


class ContractError(Exception):
    """A contract cannot be compiled; lists every problem found."""

    def __init__(self, file_name: str, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{file_name}: {problem}" for problem in problems))


def read_document(path: Path) -> Document:
    """Read a contract file.

    :param path: a ``*.odcs.yaml`` file
    :raises ContractError: if the file is not YAML or not a mapping
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _not_yaml(path.name, error) from error
    return parse_document(text, path.name)


def parse_document(text: str, name: str) -> Document:
    """Read the text of a contract.

    :param text: YAML
    :param name: where it is from, for messages
    :raises ContractError: if the text is not YAML or not a mapping, or says one key of a mapping twice
    """
    import yaml  # here, not above: DAG files import this package and never read YAML

    try:
        twice = _repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _not_yaml(name, error) from error
    if twice:
        raise ContractError(name, twice)
    if not isinstance(document, dict):
        found = type(document).__name__
        problem = Problem("(file)", f"holds a {found}, not a mapping", "Start with `apiVersion: v3.2.0`.")
        raise ContractError(name, [problem])
    return document


def _repeated_keys(root: Any) -> list[Problem]:
    """Return the keys that a mapping has twice, of which YAML would silently take the last.

    :param root: node of the document, None for an empty one
    """
    problems, waiting, seen = [], [root] if root is not None else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node.value, str):
            continue
        seen.add(id(node))
        first: dict[str, int] = {}
        for entry in node.value:
            if not isinstance(entry, tuple):
                waiting.append(entry)
                continue
            key, value = entry
            waiting.append(value)
            line = key.start_mark.line + 1
            if not isinstance(key.value, str):
                continue
            if key.value in first:
                what = f"{key.value!r} is there twice in one mapping, first in line {first[key.value]}"
                problems.append(Problem(f"line {line}", what, "Keep one of them: YAML would take the last silently."))
            first.setdefault(key.value, line)
    return sorted(problems, key=lambda problem: int(problem.path.split()[1]))


def _not_yaml(name: str, error: Exception) -> ContractError:
    reason = " ".join(str(error).split())
    return ContractError(name, [Problem("(file)", f"is not YAML: {reason}", "Repair the syntax.")])


def custom_property(element: Document, name: str, default: Any = None) -> Any:
    """Return the value of a custom property of a document, table, column, server or role.

    :param element: the part of the document that has ``customProperties``
    :param name: the property's name
    :param default: returned when the property is not there
    """
    for entry in element.get("customProperties", []):
        if entry.get("property") == name:
            return entry.get("value")
    return default


def server(document: Document, name: str) -> Document:
    """Return a server by its name, or an empty mapping.

    :param document: the contract
    :param name: value of ``server``
    """
    found: Document = next((entry for entry in document.get("servers", []) if entry.get("server") == name), {})
    return found


def sla(document: Document, name: str) -> Document:
    """Return an SLA property by its name, or an empty mapping.

    :param document: the contract
    :param name: value of ``property``
    """
    found: Document = next((entry for entry in document.get("slaProperties", []) if entry.get("property") == name), {})
    return found
