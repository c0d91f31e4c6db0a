"""A new product from a sample: refused where it cannot work, and what is written compiles, parses and lints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.scaffold.__main__ import main

REPOSITORY = Path(__file__).resolve().parents[2]
AIRFLOW = REPOSITORY / ".venv" / "airflow" / "bin"
SAMPLE = """\
Order ID,placed,Amount,zip,gift,e-mail,note
1001,2026-01-05 10:00:00,12.50,00123,true,anna@example.com,
1002,2026-01-05 10:05:00,7,99999,false,bob@example.com,leave at the door
"""
PARSE = """
import sys
from airflow.dag_processing.dagbag import BundleDagBag
sys.path.insert(0, "dags")
bag = BundleDagBag(dag_folder="dags", bundle_path="dags")
assert not bag.import_errors, bag.import_errors
print(*sorted(bag.dags))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what the scaffold reads and adds to."""
    copy = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", ".*cache")
    shutil.copytree(REPOSITORY / "dags", copy / "dags", symlinks=True, ignore=ignored)
    shutil.copytree(REPOSITORY / "sql", copy / "sql")
    (copy / "docs").mkdir()
    shutil.copy(REPOSITORY / "docs" / "runbook.md", copy / "docs")
    return copy


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(SAMPLE)
    return path


def _airflow(repository: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    home = {"AIRFLOW_HOME": str(repository / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": "dags", **home}
    command = [str(AIRFLOW / program), *arguments]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


def _contracts(repository: Path, *arguments: str) -> str:
    done = _airflow(repository, "python", "-m", "lake.contracts", "--repository", str(repository), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_overwritten(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = repository / "dags" / "online_retail_daily.py"
    before = taken.read_text()
    assert main(["online_retail", "--repository", str(repository)]) == 1
    assert "dags/online_retail_daily.py" in capsys.readouterr().err
    assert taken.read_text() == before


def test_contract_comes_first(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orders", "--repository", str(repository)]) == 1
    assert "import a contract and run `make contracts` first" in capsys.readouterr().err


@pytest.mark.parametrize("keyed", [True, False])
def test_new_product_compiles_parses_and_lints(
    keyed: bool, repository: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not keyed:
        sample.write_text(SAMPLE.replace("1002", "1001").replace("99999", "00123").replace("bob", "anna"))
    told = _contracts(repository, "import", "orders", "--sample", str(sample))
    assert "e_mail look(s) like personal data" in told
    _contracts(repository, "compile")
    assert main(["orders", "--repository", str(repository)]) == 0
    told = capsys.readouterr().out
    assert "airflow dags test orders_daily" in told
    assert (repository / "glue_jobs" / "orders" / "transforms.py").exists() is not keyed

    parsed = _airflow(repository, "python", "-c", PARSE)
    present = [path.stem for path in (REPOSITORY / "dags").glob("*.py")]
    assert parsed.stdout.splitlines()[-1].split() == sorted(["orders_daily", *present]), parsed.stderr
    written = [line.removeprefix("wrote ") for line in told.splitlines() if re.fullmatch(r"wrote .*\.py", line)]
    for check in (["check"], ["format", "--check"]):
        linted = _airflow(repository, "ruff", *check, "--config", str(REPOSITORY / "pyproject.toml"), *written)
        assert linted.returncode == 0, linted.stdout
    assert "## orders_daily" in (repository / "docs" / "runbook.md").read_text()
