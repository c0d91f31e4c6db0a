"""How a column of personal data is published: the ``masking`` of a contract, its lint, and what follows from it.

The job does it (``glue_jobs/masking.py``). A masked column keeps its type, so that tables and loads do not care.

| method | further fields | published |
|---|---|---|
| ``hmac-sha256`` | ``domain`` | keyed hash, 64 hexadecimal digits: joins, no way back |
| ``encrypt`` | ``domain`` | AES-256-GCM, base64: joins, and a way back for who may read the key |
| ``keep-last`` | ``characters`` | stars, and the last characters of values that are at least twice as long |
| ``generalise`` | ``to`` (and ``width``, ``characters``) | first day of a month, lower bound of a band, a prefix |
| ``nullify`` | | nothing |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lake.contracts.column_types import UnknownTypeError, engine_types
from lake.contracts.identifiers import EVERYTHING, mentioned
from lake.contracts.odcs import Document, Problem, custom_property
from lake.contracts.personal import name_tells_personal

HMAC, ENCRYPT, KEEP_LAST, GENERALISE, NULLIFY = "hmac-sha256", "encrypt", "keep-last", "generalise", "nullify"
FIELDS: dict[str, frozenset[str]] = {
    HMAC: frozenset({"domain"}),
    ENCRYPT: frozenset({"domain"}),
    KEEP_LAST: frozenset({"characters"}),
    GENERALISE: frozenset({"to", "width", "characters"}),
    NULLIFY: frozenset(),
}
# Equal values stay equal and different ones different: only these may be part of a key.
KEYED = (HMAC, ENCRYPT)
PSEUDONYM_TYPE = "varchar(64)"
PSEUDONYM_PATTERN = "^[0-9a-f]{64}$"
CIPHERTEXT_PATTERN = "^[A-Za-z0-9+/]{38,}={0,2}$"
DATE_UNITS = ("year", "quarter", "month", "week")
TIMESTAMP_UNITS = (*DATE_UNITS, "day", "hour")
# NIST SP 800-38D: AES-GCM adds its IV (12 bytes) and its tag (16 bytes) to the text.
CIPHER_OVERHEAD_BYTES = 28

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_REST = 8


def masking_problems(path: str, column: Document) -> Iterator[Problem]:
    """Find what is wrong with the protection of a column.

    :param path: place of the column in the document
    :param column: an entry of ``properties``
    """
    name, masking = str(column.get("name", "")), custom_property(column, "masking")
    is_pii = "pii" in column.get("tags", [])
    if is_pii and masking is None:
        fix = f"Add customProperties masking, {{method: {HMAC}, domain: <domain>}}; others are {', '.join(FIELDS)}."
        yield Problem(path, f"{name} is tagged pii but published as it is", fix)
    if is_pii and column.get("classification") not in ("restricted", "confidential"):
        found = column.get("classification")
        yield Problem(f"{path}.classification", f"pii column {name} is {found!r}", "Classify it restricted.")
    if is_pii and custom_property(column, "personal") is False:
        yield Problem(path, f"{name} is tagged pii and declared not personal", "Remove one of them.")
    if masking is None:
        return
    if not isinstance(masking, dict) or masking.get("method") not in FIELDS:
        found = masking.get("method") if isinstance(masking, dict) else masking
        yield Problem(path, f"masking method {found!r} is not known", f"Use one of {', '.join(FIELDS)}.")
        return
    unknown = sorted(set(masking) - FIELDS[masking["method"]] - {"method"})
    if unknown:
        known = ", ".join(sorted(FIELDS[masking["method"]])) or "no further field"
        yield Problem(path, f"masking of {name} has {', '.join(unknown)}", f"{masking['method']} takes {known}.")
    yield from _placement_problems(path, name, column, masking["method"])
    try:
        types = engine_types(str(column.get("physicalType", "")))
    except UnknownTypeError:
        return  # said by the lint of types
    if masking["method"] in KEYED:
        yield from _keyed_problems(path, name, column, masking, types.max_bytes)
    if masking["method"] == KEEP_LAST:
        yield from _keep_last_problems(path, name, masking, types.spark)
    if masking["method"] == GENERALISE:
        yield from _generalise_problems(path, name, masking, types.spark)


def propagation_problems(columns: list[Document]) -> Iterator[Problem]:
    """Find columns that would publish what a protected column hides: they are made from the same clear value.

    :param columns: ``properties`` of the table
    """
    hidden = _hidden_names(columns)
    for position, column in enumerate(columns):
        if _is_protected(column) or custom_property(column, "personal") is False:
            continue
        names = mentioned(str(column.get("transformLogic") or "")) | set(_headers(column))
        used = sorted({hidden[name] for name in (hidden if EVERYTHING in names else names & hidden.keys())})
        if used:
            what = f"{column.get('name')} is computed from {', '.join(used)}, which is personal data"
            fix = "Tag it pii and mask it, or say {property: personal, value: false} if it tells nothing of a person."
            yield Problem(f"schema[0].properties[{position}]", what, fix)


def _hidden_names(columns: list[Document]) -> dict[str, str]:
    """Return the names, in lower case, that stand for clear personal data, each with the words for a message.

    These are the protected columns (derived columns read them before they are masked) and the headers they are made of.
    """
    delivered = {name: text for column in columns for name, text in _headers(column).items()}
    hidden: dict[str, str] = {}
    for column in filter(_is_protected, columns):
        headers = set(_headers(column)) | (mentioned(str(column.get("transformLogic") or "")) & delivered.keys())
        hidden |= {name: f"{delivered[name]} ({column.get('name')})" for name in headers if name not in hidden}
    return hidden | {
        name.lower(): name for column in filter(_is_protected, columns) if (name := str(column.get("name")))
    }


def _telling_name_problems(path: str, name: str, column: Document) -> Iterator[Problem]:
    headers = [] if custom_property(column, "derived") else _headers(column).values()
    telling = next((text for text in (name, *headers) if name_tells_personal(text)), None)
    if telling:
        what = f"{name} is not masked, but {telling!r} is a name of personal data"
        fix = "Tag it pii, mask it and classify it restricted, or say {property: personal, value: false}."
        yield Problem(path, what, fix)


def _is_open(column: Document) -> bool:
    """Tell whether values are published to many readers; the job withholds text without a classification."""
    if column.get("physicalType") == "boolean":
        return False
    is_text = str(column.get("physicalType", "")).startswith("varchar")
    return column.get("classification", None if is_text else "internal") in ("internal", "public")


def _is_protected(column: Document) -> bool:
    return "pii" in column.get("tags", []) or custom_property(column, "masking") is not None


def _headers(column: Document) -> dict[str, str]:
    """Return the headers of files that a column names as its sources, by their names in lower case."""
    headers = [str(source).split(".", 2)[-1] for source in column.get("transformSourceObjects", [])]
    return {header.lower(): header for header in headers}


def untagged_problems(columns: list[Document], roles: list[Document]) -> Iterator[Problem]:
    """Find columns that are treated, classified, tagged or named like personal data without the tag ``pii``.

    Roles without ``includeTags: [pii]`` do not see tagged columns; nothing else hides a column from them, unless
    ``excludeColumns`` of a role names it.

    :param columns: ``properties`` of the table
    :param roles: ``roles`` of the contract
    """
    excluded = {name for role in roles for name in custom_property(role, "excludeColumns", [])}
    for position, column in enumerate(columns):
        path, name = f"schema[0].properties[{position}]", str(column.get("name"))
        if "pii" in column.get("tags", []):
            continue
        for tag in column.get("tags", []):
            if get_close_matches(str(tag).lower(), ["pii"], cutoff=0.8):
                yield Problem(f"{path}.tags", f"{name} is tagged {tag!r}", "Write pii: only that hides a column.")
        if custom_property(column, "personal") is False:
            continue
        if custom_property(column, "masking") is not None:
            what = f"{name} is masked but not tagged pii, so every role would see it"
            yield Problem(f"{path}.tags", what, "Add tags: [pii], or say {property: personal, value: false}.")
        elif column.get("classification") == "restricted" and name not in excluded:
            what = f"{name} is restricted but not tagged pii, so every role would see it"
            fix = "Add tags: [pii] and mask it, name it in excludeColumns of roles, or say it is not personal."
            yield Problem(f"{path}.tags", what, fix)
        elif _is_open(column):
            yield from _telling_name_problems(path, name, column)


def longest_clear_value(column: dict[str, Any]) -> int | None:
    """Return how many bytes of clear text a text column takes, None for no limit.

    :param column: compiled column
    """
    method = column["masking"]["method"] if column["masking"] else None
    if column["max_bytes"] is None or method in (HMAC, NULLIFY):
        return None
    if method == ENCRYPT:
        return int(column["max_bytes"]) // 4 * 3 - CIPHER_OVERHEAD_BYTES
    return int(column["max_bytes"])


def published_expectation(column: dict[str, Any]) -> tuple[str, str, dict[str, Any]] | None:
    """Return what every published value of a masked column must look like: words, expectation, its arguments.

    :param column: compiled column with masking
    :return: None for generalised values, which look like clear ones
    """
    name, masking = column["name"], column["masking"]
    matches = "expect_column_values_to_match_regex"
    if masking["method"] == HMAC:
        return f"{name} holds pseudonyms only", matches, {"column": name, "regex": PSEUDONYM_PATTERN}
    if masking["method"] == ENCRYPT:
        return f"{name} holds encrypted values only", matches, {"column": name, "regex": CIPHERTEXT_PATTERN}
    if masking["method"] == KEEP_LAST:
        rest = masking["characters"]
        return f"{name} shows at most {rest} characters", matches, {"column": name, "regex": f"^\\*+.{{0,{rest}}}$"}
    if masking["method"] == NULLIFY:
        return f"{name} is never published", "expect_column_values_to_be_null", {"column": name}
    return None


def described(masking: dict[str, Any]) -> str:
    """Return a masking in words, for readers.

    :param masking: of a compiled column
    """
    method = masking["method"]
    if method == HMAC:
        return f"pseudonym (HMAC-SHA256, domain {masking['domain']})"
    if method == ENCRYPT:
        return f"encrypted (AES-256-GCM, domain {masking['domain']}, reversible with the key)"
    if method == KEEP_LAST:
        return f"only the last {masking['characters']} characters"
    if method == NULLIFY:
        return "never published"
    if masking["to"] == "band":
        return f"generalised to bands of {masking['width']} (lower bound)"
    if masking["to"] == "prefix":
        return f"generalised to the first {masking['characters']} characters"
    return f"generalised to the {masking['to']}"


def _placement_problems(path: str, name: str, column: Document, method: str) -> Iterator[Problem]:
    if column.get("partitioned"):
        yield Problem(path, f"partition column {name} is masked", "Its values are folder names: choose another column.")
    if custom_property(column, "generatedBy"):
        what = f"{name} is generated from whole rows and masked"
        yield Problem(path, what, "Mask the columns it is generated from: only read and derived columns are masked.")
    if column.get("primaryKey") and method not in KEYED:
        fix = f"Use {' or '.join(KEYED)}: they keep different values different."
        yield Problem(path, f"{name} is part of the key, which {method} would not keep unique", fix)
    if method == NULLIFY and column.get("required"):
        yield Problem(path, f"{name} is required and never published", "Write required: false.")


def _keyed_problems(
    path: str, name: str, column: Document, masking: Document, max_bytes: int | None
) -> Iterator[Problem]:
    found = column.get("physicalType")
    if masking["method"] == HMAC and found != PSEUDONYM_TYPE:
        fix = f"A pseudonym is 64 hexadecimal digits: write physicalType: {PSEUDONYM_TYPE}."
        yield Problem(f"{path}.physicalType", f"masked column {name} is {found!r}", fix)
    if masking["method"] == ENCRYPT and (max_bytes is None or max_bytes // 4 * 3 <= CIPHER_OVERHEAD_BYTES):
        fix = "Write varchar(n) with n = (longest value in bytes + 28) * 4 / 3, rounded up to a multiple of 4."
        yield Problem(f"{path}.physicalType", f"encrypted column {name} is {found!r}", fix)
    if not _WORD.fullmatch(str(masking.get("domain", ""))):
        what = f"masking of {name} has {masking['domain']!r} as domain" if "domain" in masking else (
            f"masking of {name} has no domain"
        )  # fmt: skip
        fix = "Columns of one domain share pseudonyms and can be joined: name it in lower-case letters and underscores."
        yield Problem(path, what, fix)


def _keep_last_problems(path: str, name: str, masking: Document, spark_type: str) -> Iterator[Problem]:
    if spark_type != "string":
        yield Problem(f"{path}.physicalType", f"{name} keeps its last characters but is no text", "Write varchar(n).")
    if not _is_count(masking.get("characters"), _LONGEST_REST):
        what = f"masking of {name} shows {masking.get('characters')!r} characters"
        yield Problem(path, what, f"Write characters: 1 to {_LONGEST_REST}, for example 4.")


def _generalise_problems(path: str, name: str, masking: Document, spark_type: str) -> Iterator[Problem]:
    kind, target = spark_type.split("(")[0], masking.get("to")
    if kind in ("date", "timestamp"):
        units = DATE_UNITS if kind == "date" else TIMESTAMP_UNITS
        if target not in units:
            yield Problem(path, f"{name} is generalised to {target!r}", f"A {kind} goes to {', '.join(units)}.")
    elif kind == "string":
        if target != "prefix" or not _is_count(masking.get("characters"), 1000):
            what = f"{name} is generalised to {target!r}"
            yield Problem(path, what, "A text goes to {to: prefix, characters: <1 or more>}.")
    elif kind == "boolean":
        yield Problem(path, f"{name} is boolean and generalised", f"Use {NULLIFY}.")
    elif target != "band" or not isinstance(masking.get("width"), int) or masking["width"] < 2:
        what = f"{name} is generalised to {target!r} of width {masking.get('width')!r}"
        yield Problem(path, what, "A number goes to {to: band, width: <2 or more>}.")


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
