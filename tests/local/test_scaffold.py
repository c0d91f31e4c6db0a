"""A new product from a sample: refused where it cannot work, and what is written compiles, parses and lints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.scaffold.__main__ import main
from local.scaffold.sample import SampleError, column_name, read_sample

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


def test_columns_of_a_sample(sample: Path) -> None:
    found = {column.header: (column.name, column.physical_type, column.required) for column in read_sample(sample)}
    assert found == {
        "Order ID": ("order_id", "int", True),
        "placed": ("placed", "timestamp", True),
        "Amount": ("amount", "decimal(18,2)", True),
        "zip": ("zip", "varchar(16)", True),
        "gift": ("gift", "boolean", True),
        "e-mail": ("e_mail", "varchar(64)", True),
        "note": ("note", "varchar(64)", False),
    }


@pytest.mark.parametrize(
    ("header", "name"), [("InvoiceNo", "invoice_no"), ("UnitPrice", "unit_price"), ("2nd value", "c_2nd_value")]
)
def test_names_of_columns(header: str, name: str) -> None:
    assert column_name(header) == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "found nothing"),
        (b"a,b\n1\n", "line 2 has 1 fields, the header 2"),
        (b"a,A\n1,2\n", "every column once"),
        (b"\xff\xfe\x00", "can't decode"),
    ],
)
def test_unusable_sample(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_bytes(content)
    with pytest.raises(SampleError, match=words):
        read_sample(path)


def test_nothing_is_overwritten(repository: Path, sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = repository / "dags" / "online_retail_daily.py"
    before = taken.read_text()
    assert main(["online_retail", "--sample", str(sample), "--repository", str(repository)]) == 1
    assert "dags/online_retail_daily.py" in capsys.readouterr().err
    assert taken.read_text() == before


def test_unusable_name(repository: Path, sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["My-Orders", "--sample", str(sample), "--repository", str(repository)]) == 1
    assert "cannot name a product" in capsys.readouterr().err


def test_new_product_compiles_parses_and_lints(
    repository: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["orders", "--sample", str(sample), "--repository", str(repository)]) == 0
    told = capsys.readouterr().out
    assert "e_mail look(s) like personal data" in told
    assert "airflow dags test orders_daily" in told

    compiled = _airflow(repository, "python", "-m", "lake.contracts.compile")
    assert compiled.returncode == 0, compiled.stderr
    parsed = _airflow(repository, "python", "-c", PARSE)
    assert parsed.stdout.splitlines()[-1].split() == [
        "lake_canary_hourly",
        "online_retail_daily",
        "orders_daily",
        "sales_marts",
    ], parsed.stderr
    written = [line.removeprefix("wrote ") for line in told.splitlines() if re.fullmatch(r"wrote .*\.py", line)]
    for check in (["check"], ["format", "--check"]):
        linted = _airflow(repository, "ruff", *check, "--config", str(REPOSITORY / "pyproject.toml"), *written)
        assert linted.returncode == 0, linted.stdout
    assert "## orders_daily" in (repository / "docs" / "runbook.md").read_text()
