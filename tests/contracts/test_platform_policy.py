"""The platform's policy: mistakes are told by place first, then what it compiles to."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lake.contracts.odcs import ContractError
from lake.contracts.platform_policy import SOURCE, compiled_policy
from tests.contracts.conftest import CONTRACTS

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def policy() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / SOURCE).read_text(encoding="utf-8"))
    return copy.deepcopy(document)


def written(folder: Path, document: dict[str, Any]) -> Path:
    (folder / SOURCE).write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


MISTAKES: dict[str, tuple[Change, str]] = {
    "unknown section": (lambda p: p.update(rolls=[]), "(top): has unknown rolls"),
    "nobody administers": (lambda p: p.update(administrators={}), "(top): has no administrators"),
    "a database in capitals": (lambda p: p["databases"].append("Gold"), "databases: 'Gold' is no name"),
    "an ARN for a role": (lambda p: p["roles"][0].update(role="arn:aws:iam::1:role/x"), "roles[0].role: "),
    "a role twice": (lambda p: p["roles"].append(p["roles"][0]), "names glue again"),
    "a role nobody explains": (lambda p: p["roles"][0].pop("description"), "roles[0]: has no description"),
    "a misspelt key": (lambda p: p["roles"][0].update(location=["landing"]), "roles[0]: has unknown location"),
    "a bucket nobody registered": (
        lambda p: p["roles"][0]["locations"].append("athena"),
        "roles[0].locations: athena is not registered",
    ),
    "another database": (
        lambda p: p["roles"][0]["databases"].update(gold=["DESCRIBE"]),
        "roles[0].databases: gold is not governed",
    ),
    "SELECT on a database": (
        lambda p: p["roles"][0]["databases"].update(landing=["SELECT"]),
        "roles[0].databases: grants SELECT on landing",
    ),
    "ALL, which reads back as its parts": (
        lambda p: p["roles"][0]["all_tables"].update(landing=["ALL"]),
        "roles[0].all_tables: grants ALL on landing",
    ),
    "nothing": (lambda p: p["roles"][0]["all_tables"].update(landing=[]), "grants nothing on landing"),
    "a tag in capitals": (lambda p: p["lf_tags"].update(Team=["a"]), "lf_tags.Team: 'Team' is no LF-tag"),
    "a long value": (lambda p: p["lf_tags"].update(team=["x" * 51]), "lf_tags.team: "),
    "a test without a role": (
        lambda p: p["access_tests"]["dev"][0].pop("role"),
        "access_tests.dev[0]: has no role",
    ),
    "a test that expects a wish": (
        lambda p: p["access_tests"]["dev"][0].update(expect="all"),
        "access_tests.dev[0].expect: is 'all'",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named(case: str, policy: dict[str, Any], tmp_path: Path) -> None:
    change, words = MISTAKES[case]
    change(policy)
    with pytest.raises(ContractError) as refused:
        compiled_policy(written(tmp_path, policy))
    assert f"{SOURCE}: " in str(refused.value)
    assert words in str(refused.value)


def test_the_committed_policy_compiles_to_the_committed_file(policy: dict[str, Any], tmp_path: Path) -> None:
    compiled = compiled_policy(written(tmp_path, policy))
    assert compiled == json.loads((CONTRACTS / "platform.json").read_text(encoding="utf-8"))


def test_contracts_without_a_policy_compile(tmp_path: Path) -> None:
    assert compiled_policy(tmp_path) is None
