"""`contracts diff`: every row of the policy, laws, the demanded version, who reads the product, and git."""

from __future__ import annotations

import copy
import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts import diff as command
from lake.contracts.__main__ import main
from lake.contracts.change import Level
from lake.contracts.contract_changes import compare
from tests.contracts.conftest import CONTRACTS, REPOSITORY
from tests.contracts.diff_cases import DIFF_CASES

Document = dict[str, Any]
REAL: Document = yaml.safe_load((CONTRACTS / "online_retail.odcs.yaml").read_text())


def _versions(case: str) -> tuple[Document, Document]:
    edit_old, edit_new, _, _ = DIFF_CASES[case]
    old, new = copy.deepcopy(REAL), copy.deepcopy(REAL)
    edit_old(old)
    edit_new(new)
    return old, new


@pytest.mark.parametrize("case", DIFF_CASES)
def test_change_gets_its_level(case: str) -> None:
    changes = compare(*_versions(case))
    _, _, level, path = DIFF_CASES[case]
    assert [str(changes[0].level), changes[0].path.startswith(path)] == [level, True], changes
    assert max(change.level for change in changes) is Level[level.upper()]
    assert all(change.why and change.pipeline for change in changes)


def test_contract_has_no_difference_to_itself() -> None:
    assert compare(REAL, copy.deepcopy(REAL)) == []


def _shuffled(part: Any, order: random.Random) -> Any:
    """Put keys, and entries that have a name, into another order; lists of plain values keep theirs."""
    if isinstance(part, dict):
        keys = order.sample(list(part), len(part))
        return {key: _shuffled(part[key], order) for key in keys}
    if isinstance(part, list):
        entries = [_shuffled(entry, order) for entry in part]
        return order.sample(entries, len(entries)) if all(isinstance(entry, dict) for entry in entries) else entries
    return part


@given(case=st.sampled_from(sorted(DIFF_CASES)), seed=st.integers(0, 2**32))
def test_order_has_no_meaning(case: str, seed: int) -> None:
    old, new = _versions(case)
    order = random.Random(seed)
    assert compare(_shuffled(old, order), _shuffled(new, order)) == compare(old, new)


@given(cases=st.lists(st.sampled_from(sorted(DIFF_CASES)), min_size=1, max_size=4, unique=True))
def test_several_changes_are_as_grave_as_the_gravest(cases: list[str]) -> None:
    old, new = copy.deepcopy(REAL), copy.deepcopy(REAL)
    # Only edits that need nothing of the older version and touch parts of their own.
    cases = [case for case in cases if case in INDEPENDENT]
    for case in cases:
        DIFF_CASES[case][1](new)
    levels = {Level[DIFF_CASES[case][2].upper()] for case in cases}
    assert max((change.level for change in compare(old, new)), default=None) == max(levels, default=None)


INDEPENDENT = ("nullable column added", "longer varchar", "another scale", "warning rule added", "reader added",
               "description", "quarantine threshold", "pii tag removed", "kept longer")  # fmt: skip


def test_rename_does_not_hide_what_else_changed() -> None:
    new = copy.deepcopy(REAL)
    column = next(c for c in new["schema"][0]["properties"] if c["name"] == "customer_id")
    column.update(name="buyer_id", tags=[])
    paths = {change.path for change in compare(REAL, new)}
    assert {"columns.customer_id", "columns.buyer_id.tags"} <= paths


def test_two_columns_that_could_be_the_renamed_one_are_dropped_and_added() -> None:
    new = copy.deepcopy(REAL)
    columns = new["schema"][0]["properties"]
    columns[:] = [column for column in columns if column["name"] not in ("is_return", "is_goods")]
    columns += [{"name": name, "logicalType": "boolean", "physicalType": "boolean"} for name in ("a", "b")]
    whats = {change.what for change in compare(REAL, new)}
    assert whats == {"dropped", "added as boolean"}


@pytest.mark.parametrize(
    ("case", "version", "problem"),
    [
        ("column dropped", "1.0.1", "a major change needs at least version 2.0.0"),
        ("column dropped", "1.9.0", "a major change needs at least version 2.0.0"),
        ("column dropped", "2.0.0", None),
        ("longer varchar", "1.0.0", "a minor change needs at least version 1.1.0"),
        ("longer varchar", "1.0.1", "a minor change needs at least version 1.1.0"),
        ("longer varchar", "1.1.0", None),
        ("longer varchar", "2.0.0", None),
        ("description", "1.0.0", "a patch change needs at least version 1.0.1"),
        ("description", "1.0.1", None),
        ("description", "0.9.0", "went back from 1.0.0 to 0.9.0"),
        ("description", "newest", "not semantic versions"),
    ],
)
def test_version_must_be_raised(case: str, version: str, problem: str | None) -> None:
    old, new = _versions(case)
    new["version"] = version
    [found] = command.diff({"online_retail": old}, {"online_retail": new}, REPOSITORY)
    assert (found.problem is None) if problem is None else (problem in str(found.problem))


def test_contract_is_deprecated_before_it_is_removed() -> None:
    [found] = command.diff({"online_retail": REAL}, {}, REPOSITORY)
    assert "set it to deprecated" in str(found.problem)
    [found] = command.diff({"online_retail": {**REAL, "status": "deprecated"}}, {}, REPOSITORY)
    assert found.problem is None


def test_readers_are_named() -> None:
    old, new = _versions("column dropped")
    reader = {
        "name": "refunds",
        "schema": [
            {
                "properties": [
                    {"name": "a", "relationships": [{"to": "online_retail.invoice_no"}]},
                    {"name": "b", "transformSourceObjects": ["curated.online_retail.country"]},
                ],
                "quality": [{"id": "same", "implementation": {"check": "reconciliation", "product": "online_retail"}}],
            }
        ],
    }
    stranger = {
        "name": "other",
        "schema": [{"properties": [{"name": "a", "relationships": [{"to": "x.online_retail"}]}]}],
    }
    contracts = {"refunds": reader, "other": stranger}
    found = command.diff({"online_retail": old, **contracts}, {"online_retail": new, **contracts}, REPOSITORY)
    told = {str(consumer) for consumer in found[0].consumers}
    assert {text for text in told if text.startswith("contract")} == {
        "contract refunds: refers to it by foreign key (online_retail.invoice_no)",
        "contract refunds: is made from it (transformSourceObjects)",
        "contract refunds: has a rule that reads it",
    }
    assert {"dag sales_marts: names it", "role uk-analyst: may read it"} <= told
    assert "sql sql/athena/curated/online_retail.check.sql: reads or writes curated.online_retail" in told
    assert not any("lake_canary_hourly" in text or "role glue" in text for text in told)


def test_sql_that_cannot_be_parsed_is_not_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "sql" / "athena" / "curated"
    folder.mkdir(parents=True)
    (folder / "x.view.sql").write_text("SELECT FROM WHERE online_retail ((")
    (folder / "y.view.sql").write_text("SELECT a FROM other.online_retail")  # somebody else's table of that name
    old, new = _versions("column dropped")
    [found] = command.diff({"online_retail": old}, {"online_retail": new}, tmp_path)
    sql = [consumer for consumer in found.consumers if consumer.kind == "sql"]
    assert [(consumer.name, "cannot be parsed" in consumer.how) for consumer in sql] == [
        ("sql/athena/curated/x.view.sql", True)
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with the contract in it."""
    folder = tmp_path / "dags" / "contracts"
    folder.mkdir(parents=True)
    shutil.copy(CONTRACTS / "online_retail.odcs.yaml", folder)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    return tmp_path


Edit = Callable[[str, str], None]


@pytest.fixture
def edit(repository: Path) -> Edit:
    """Replace text of the contract in the working tree."""
    path = repository / "dags" / "contracts" / "online_retail.odcs.yaml"

    def replace(old: str, new: str) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return replace


def test_working_tree_against_git(repository: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--repository", str(repository), "diff", "--against", "HEAD"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "No contract changed.\n"
    edit("physicalType: varchar(32)", "physicalType: varchar(16)")
    assert main(arguments) == 1
    out = capsys.readouterr().out
    assert "[major] columns.stock_code.physicalType: varchar(32) -> varchar(16)." in out
    assert "NOT GOOD: a major change needs at least version 2.0.0, the contract says 1.0.0." in out
    edit("version: 1.0.0", "version: 2.0.0")
    assert main([*arguments, "--json"]) == 0
    [product] = json.loads(capsys.readouterr().out)["products"]
    assert (product["new_version"], product["changes"][0]["level"], product["problem"]) == ("2.0.0", "major", None)


def test_new_contract_needs_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = {**REAL, "name": "other"}
    (repository / "dags" / "contracts" / "other.odcs.yaml").write_text(yaml.safe_dump(new))
    assert main(["--repository", str(repository), "diff", "--against", "HEAD"]) == 0
    assert capsys.readouterr().out == "other: new, version 1.0.0\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--against", "nowhere"], "Fetch it (git fetch origin main)"),
        (["one"], "Name two contracts or folders"),
        (["missing.odcs.yaml", "missing.odcs.yaml"], "does not exist"),
    ],
)
def test_nothing_to_compare(
    arguments: list[str], words: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--repository", str(repository), "diff", *arguments]) == 2
    assert words in capsys.readouterr().err
