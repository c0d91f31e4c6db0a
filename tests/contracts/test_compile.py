"""The compiler: clear errors first, then what it writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.contracts import compile as compiler
from lake.contracts.__main__ import main
from lake.contracts.column_types import engine_types
from lake.contracts.known_properties import KNOWN
from lake.contracts.odcs import ContractError
from tests.contracts.conftest import CONTRACTS, PRODUCTS, REPOSITORY
from tests.contracts.lint_cases import LINT_CASES

FolderWith = Callable[[dict[str, Any]], Path]


@pytest.mark.parametrize("case", LINT_CASES)
def test_problem_names_file_place_and_repair(case: str, document: dict[str, Any], folder_with: FolderWith) -> None:
    change, place, words = LINT_CASES[case]
    change(document)
    with pytest.raises(ContractError) as raised:
        compiler.compile_repository(folder_with(document))
    lines = str(raised.value).splitlines()
    told = [line for line in lines if place in line and words in line]
    assert told, f"nothing says {words!r} at {place!r}:\n{raised.value}"
    assert all(line.startswith("online_retail.odcs.yaml: ") for line in lines)


def test_every_property_that_is_read_is_known() -> None:
    sources = (CONTRACTS.parent / "lake" / "contracts").glob("*.py")
    read = {name for path in sources for name in re.findall(r'custom_property\(\w+, "(\w+)"', path.read_text())}
    assert "rowFilter" in read
    assert read <= set().union(*KNOWN.values())


def test_all_problems_are_told_at_once(document: dict[str, Any], folder_with: FolderWith) -> None:
    for case in ("version in words", "nonsense type", "no owner"):
        LINT_CASES[case][0](document)
    with pytest.raises(ContractError) as raised:
        compiler.compile_repository(folder_with(document))
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "is not YAML"), ("- a\n", "holds a list"), ("", "holds a NoneType")]
)
def test_file_that_is_no_document(text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contracts = tmp_path / "dags" / "contracts"
    contracts.mkdir(parents=True)
    (contracts / "x.odcs.yaml").write_text(text)
    assert main(["--repository", str(tmp_path), "compile"]) == 1
    error = capsys.readouterr().err
    assert "x.odcs.yaml: (file): " in error
    assert words in error


def test_key_twice_in_a_mapping_is_refused_with_its_line(tmp_path: Path) -> None:
    text = (CONTRACTS / "online_retail.odcs.yaml").read_text()
    doubled = text.replace("        required: true\n", "        required: true\n        required: false\n", 1)
    line = doubled[: doubled.index("        required: false\n")].count("\n") + 1
    path = tmp_path / "online_retail.odcs.yaml"
    path.write_text(doubled)
    with pytest.raises(ContractError, match=rf"line {line}: 'required' is there twice .* line {line - 1}") as raised:
        compiler.compile_contract(path)
    assert len(raised.value.problems) == 1
    path.write_text(text.replace("{delimiter:", "{quote: x, delimiter:"))
    with pytest.raises(ContractError, match="'quote' is there twice"):
        compiler.compile_contract(path)


def test_file_is_named_after_the_product(document: dict[str, Any], tmp_path: Path) -> None:
    contracts = tmp_path / "dags" / "contracts"
    contracts.mkdir(parents=True)
    (contracts / "other.odcs.yaml").write_text(json.dumps(document))
    with pytest.raises(ContractError, match=r"other\.odcs\.yaml: name: is 'online_retail'"):
        compiler.compile_repository(tmp_path)


def test_committed_output_is_fresh() -> None:
    assert main(["compile", "--check"]) == 0, "run `make contracts` and commit the result"


def test_check_sees_an_edit_and_writes_nothing(
    document: dict[str, Any], folder_with: FolderWith, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(document)
    assert main(["--repository", str(folder), "compile"]) == 0
    assert main(["--repository", str(folder), "compile", "--check"]) == 0
    before = (folder / "dags/contracts/index.json").read_text()
    document["schema"][0]["quality"][0]["implementation"] = {"failsWhen": "quantity < 1"}
    folder_with(document)
    capsys.readouterr()
    assert main(["--repository", str(folder), "compile", "--check"]) == 1
    told = capsys.readouterr().err
    assert "dags/contracts/index.json, dags/contracts/online_retail.json: not what the contracts say" in told
    assert (folder / "dags/contracts/index.json").read_text() == before


def test_output_of_a_removed_contract_is_removed(document: dict[str, Any], folder_with: FolderWith) -> None:
    folder = folder_with(document)
    main(["--repository", str(folder), "compile"])
    (folder / "dags/contracts/online_retail.odcs.yaml").unlink()
    assert main(["--repository", str(folder), "compile", "--check"]) == 1
    assert main(["--repository", str(folder), "compile"]) == 0
    assert not (folder / "dags/contracts/online_retail.json").exists()


def test_comments_do_not_change_the_hash_rules_do(document: dict[str, Any], folder_with: FolderWith) -> None:
    folder = folder_with(document)
    first = json.loads(compiler.compile_repository(folder)["dags/contracts/online_retail.json"])["hash"]
    path = folder / "dags/contracts/online_retail.odcs.yaml"
    path.write_text(f"# a remark\n{path.read_text()}")
    assert json.loads(compiler.compile_repository(folder)["dags/contracts/online_retail.json"])["hash"] == first
    document["schema"][0]["quality"][0]["severity"] = "warning"
    assert (
        json.loads(compiler.compile_repository(folder_with(document))["dags/contracts/online_retail.json"])["hash"]
        != first
    )


def test_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Sets and hashes differ between processes; the output must not."""
    texts = set()
    for seed in ("1", "2"):
        script = f"from lake.contracts.compile import *; print(compile_repository(Path({str(REPOSITORY)!r})))"
        environment = {"PYTHONPATH": str(REPOSITORY / "dags"), "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
        texts.add(done.stdout)
    assert len(texts) == 1


def test_types_in_three_dialects() -> None:
    kinds = {text: engine_types(text) for text in ("varchar(16)", "int", "double", "decimal(12, 3)", "timestamp")}
    assert [(kind.spark, kind.athena, kind.redshift) for kind in kinds.values()] == [
        ("string", "string", "varchar(16)"),
        ("int", "int", "integer"),
        ("double", "double", "double precision"),
        ("decimal(12,3)", "decimal(12,3)", "decimal(12,3)"),
        ("timestamp", "timestamp", "timestamp"),
    ]


@pytest.mark.parametrize("product", PRODUCTS)
def test_contract_is_valid_odcs_and_loads_in_the_reference_model(product: str) -> None:
    from open_data_contract_standard.model import OpenDataContractStandard

    path = CONTRACTS / f"{product}.odcs.yaml"
    assert OpenDataContractStandard.from_file(str(path)).apiVersion == "v3.2.0"
    compiled = compiler.compile_contract(path)
    assert (compiled["product"], compiled["format"]) == (product, compiler.FORMAT)
