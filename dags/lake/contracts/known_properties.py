"""The custom properties of a contract: which there are on each level, and what they must look like.

``custom_property`` returns a default for a name it does not find. A misspelt ``rowFilter`` would open all rows, so
a name that nothing reads is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lake.contracts.odcs import Document, Problem, custom_property, known_instead

# By the place of the element in the document, positions left out; elements of other places have none.
KNOWN: Mapping[str, frozenset[str]] = {
    "": frozenset({"lfTags", "quarantine", "qualityEngines"}),
    "servers[]": frozenset({"completeness", "csv", "nullValues", "onRefusedFile", "partitionKey"}),
    "schema[]": frozenset({"duplicates", "schemaEvolution"}),
    "schema[].relationships[]": frozenset({"graceDays", "reason", "severity"}),
    "schema[].properties[]": frozenset({"derived", "generatedBy", "masking", "personal"}),
    "schema[].properties[].relationships[]": frozenset({"graceDays", "reason", "severity"}),
    "roles[]": frozenset({"excludeColumns", "includeTags", "rowFilter"}),
}


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


# What the compiler reads these as; the others have checks of their own.
_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("completeness", "csv", "lfTags", "quarantine"), (lambda value: isinstance(value, dict), "a mapping")
    ),
    **dict.fromkeys(("derived", "personal"), (lambda value: isinstance(value, bool), "true or false, without quotes")),
    **dict.fromkeys(("excludeColumns", "includeTags"), (_is_names, "a list of names")),
    "rowFilter": (lambda value: isinstance(value, str) and bool(value.strip()), "a condition on columns"),
}


def shape_problems(document: Document) -> Iterator[Problem]:
    """Find values that the compiler cannot read at all, among them an empty row filter: it would show all rows.

    :param document: the contract
    """
    for path, element in _elements("", document):
        for entry in element["customProperties"]:
            fits, words = _SHAPES.get(str(entry.get("property")), (None, ""))
            if fits and not fits(entry.get("value")):
                what = f"{entry['property']} is {entry.get('value')!r}"
                yield Problem(_place(path), what, f"Write {words}, or remove the property.")


def name_problems(document: Document) -> Iterator[Problem]:
    """Find custom properties that nothing reads, and tags of roles that no column has.

    :param document: the contract, without shape problems
    """
    for path, element in _elements("", document):
        known = KNOWN.get(re.sub(r"\[\d+\]", "[]", path), frozenset())
        if element.get("server", "landing") != "landing":
            known = frozenset()
        seen: set[str] = set()
        for entry in element["customProperties"]:
            name = str(entry.get("property"))
            if name not in known:
                yield Problem(_place(path), f"nothing reads the property {name!r} here", _instead(name, known))
            elif name in seen:
                yield Problem(_place(path), f"property {name!r} is there twice", "Only the first is read: write one.")
            seen.add(name)
    columns = document["schema"][0].get("properties", [])
    tags = {str(tag) for column in columns for tag in column.get("tags", [])}
    for position, role in enumerate(document.get("roles", [])):
        for tag in sorted(set(custom_property(role, "includeTags", [])) - tags):
            fix = f"Tags of columns: {', '.join(sorted(tags)) or 'none'}. Correct it or remove it."
            yield Problem(f"roles[{position}]", f"{role.get('role')} includes tag {tag!r}, which no column has", fix)


def _elements(path: str, part: Any) -> Iterator[tuple[str, Document]]:
    """Yield every mapping of a document that has custom properties, with its place."""
    if isinstance(part, list):
        for position, entry in enumerate(part):
            yield from _elements(f"{path}[{position}]", entry)
    elif isinstance(part, dict):
        if isinstance(part.get("customProperties"), list):
            yield path, part
        for key, value in part.items():
            if key != "customProperties":
                yield from _elements(f"{path}.{key}" if path else str(key), value)


def _place(path: str) -> str:
    return f"{path}.customProperties" if path else "customProperties"


def _instead(name: str, known: frozenset[str]) -> str:
    if not known:
        return "Remove it, or move it to the part of the contract that it belongs to."
    return known_instead(name, known)
