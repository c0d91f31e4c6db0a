"""Checks and compiles ``platform.policy.yaml``: who runs the lake, what is registered, which LF-tags there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from lake.contracts.odcs import ContractError, Document, Problem, read_document
from lake.lake_formation.resources import DATABASE_PERMISSIONS, TABLE_PERMISSIONS

SOURCE = "platform.policy.yaml"
OUTPUT = "platform.json"
NAME = "platform"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_TOP = {"databases", "administrators", "lf_tags", "locations", "roles", "access_tests"}
_ROLE = {"role", "description", "locations", "databases", "all_tables"}
_TEST = {"role", "table", "sql", "expect", "includes", "excludes", "count", "least"}
EXPECTATIONS = ("rows", "columns", "denied")
# Developer guide, "Lake Formation tag-based access control: best practices and considerations".
_MOST_TAG_CHARACTERS = 50


def compiled_policy(folder: Path) -> dict[str, Any] | None:
    """Compile the policy of a folder.

    :param folder: ``dags/contracts``
    :return: what tasks read; None if there is no policy
    :raises ContractError: listing every problem of the policy
    """
    path = folder / SOURCE
    if not path.exists():
        return None
    document = read_document(path)
    problems = list(lint_policy(document))
    if problems:
        raise ContractError(SOURCE, problems)
    return {
        "databases": document["databases"],
        "administrators": {"others": 0, **document["administrators"]},
        "lf_tags": document.get("lf_tags", {}),
        "locations": document.get("locations", []),
        "roles": [
            {
                "role": role["role"],
                "description": " ".join(role["description"].split()),
                "locations": role.get("locations", []),
                "databases": role.get("databases", {}),
                "all_tables": role.get("all_tables", {}),
            }
            for role in document["roles"]
        ],
        "access_tests": document.get("access_tests", {}),
    }


def lint_policy(document: Document) -> Iterator[Problem]:
    """:param document: the policy
    :return: everything that is wrong with it
    """
    yield from _unknown("(top)", document, _TOP)
    missing = [name for name in ("databases", "administrators", "roles") if not document.get(name)]
    if missing:
        yield Problem("(top)", f"has no {', '.join(missing)}", "A policy says who governs what.")
        return
    databases = document["databases"]
    yield from _names("databases", databases)
    yield from _names("administrators.roles", document["administrators"].get("roles", []))
    yield from _lint_tags(document.get("lf_tags", {}))
    buckets = [entry.get("bucket", "") for entry in document.get("locations", [])]
    yield from _names("locations", buckets)
    seen: set[str] = set()
    for number, role in enumerate(document["roles"]):
        yield from _lint_role(f"roles[{number}]", role, databases, buckets)
        if role.get("role") in seen:
            yield Problem(f"roles[{number}]", f"names {role['role']} again", "Write all of a role in one place.")
        seen.add(role.get("role", ""))
    for env, tests in document.get("access_tests", {}).items():
        for number, test in enumerate(tests):
            yield from _lint_test(f"access_tests.{env}[{number}]", test)


def _lint_role(
    path: str, role: Mapping[str, Any], databases: Collection[str], buckets: Collection[str]
) -> Iterator[Problem]:
    yield from _unknown(path, role, _ROLE)
    yield from _names(f"{path}.role", [role.get("role", "")])
    if not role.get("description"):
        yield Problem(path, "has no description", "Say what the role is for.")
    for bucket in role.get("locations", []):
        if not any(bucket == known or bucket.startswith(f"{known}/") for known in buckets):
            yield Problem(f"{path}.locations", f"{bucket} is not registered", f"Registered: {', '.join(buckets)}.")
    for field, known in (("databases", DATABASE_PERMISSIONS), ("all_tables", TABLE_PERMISSIONS)):
        for database, permissions in role.get(field, {}).items():
            if database not in databases:
                yield Problem(f"{path}.{field}", f"{database} is not governed", f"Governed: {', '.join(databases)}.")
            unknown = sorted(set(permissions) - known)
            if unknown or not permissions:
                what = f"grants {', '.join(unknown) or 'nothing'} on {database}"
                yield Problem(f"{path}.{field}", what, f"Possible: {', '.join(sorted(known))}.")


def _lint_tags(tags: Mapping[str, Any]) -> Iterator[Problem]:
    for key, values in tags.items():
        for text in (key, *values):
            # Lake Formation stores keys and values in lower case: two spellings would be one.
            if str(text) != str(text).lower() or not 0 < len(str(text)) <= _MOST_TAG_CHARACTERS:
                fix = f"Lower case, at most {_MOST_TAG_CHARACTERS} characters."
                yield Problem(f"lf_tags.{key}", f"{text!r} is no LF-tag", fix)


def _lint_test(path: str, test: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown(path, test, _TEST)
    missing = [name for name in ("role", "table", "sql", "expect") if not test.get(name)]
    if missing:
        yield Problem(path, f"has no {', '.join(missing)}", "A test is a role, a query and what it must see.")
    elif test["expect"] not in EXPECTATIONS:
        yield Problem(f"{path}.expect", f"is {test['expect']!r}", f"Possible: {', '.join(EXPECTATIONS)}.")


def _names(path: str, names: Collection[str]) -> Iterator[Problem]:
    for name in names:
        if not _NAME.fullmatch(str(name)):
            yield Problem(path, f"{name!r} is no name", "Lower case letters, digits, '-' and '_'.")


def _unknown(path: str, found: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
    unknown = sorted(set(found) - set(known))
    if unknown:
        yield Problem(path, f"has unknown {', '.join(unknown)}", f"Known: {', '.join(sorted(known))}.")
