"""The deploy smoke test's first step: every line of requirements.txt is there, at its version, and can be imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lake.installed import REQUIREMENTS, import_names, problems, required_lines
from lake.operators.installed import CheckRequirementsOperator
from tests.dags.running import run_task

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path where a test installs distributions of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("canary_"):
            del sys.modules[name]


def install(folder: Path, name: str, version: str, modules: dict[str, str], requires: str = "") -> None:
    """Leave what pip leaves: files, metadata and the record of both (in a folder with the name's underscored form)."""
    for path, text in modules.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in modules))
    importlib.invalidate_caches()


def test_the_deployed_list_is_the_repositorys() -> None:
    assert REQUIREMENTS.is_symlink()
    assert not REQUIREMENTS.readlink().is_absolute(), "an absolute link leads nowhere on another machine"
    assert REQUIREMENTS.resolve() == REPOSITORY / "requirements.txt"


def test_this_worker_has_everything() -> None:
    checked = run_task(CheckRequirementsOperator(task_id="check_requirements"))
    assert "apache-airflow-providers-amazon[aiobotocore]==9.34.0" in checked
    assert all(line.split("==")[0].split("[")[0] in REQUIREMENTS.read_text() for line in checked)


def test_a_missing_package_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# a comment\nboto3\nno-such-package==1.0  # why\n")
    task = CheckRequirementsOperator(task_id="check_requirements", file=str(file))
    with pytest.raises(
        AirflowFailException, match=r"line 3 \(no-such-package==1\.0\): no-such-package is not installed"
    ):
        run_task(task)


def test_a_list_that_was_not_deployed_is_no_success(tmp_path: Path) -> None:
    task = CheckRequirementsOperator(task_id="check_requirements", file=str(tmp_path / "requirements.txt"))
    with pytest.raises(AirflowFailException, match="must be deployed with dags/"):
        run_task(task)


def test_another_version_is_a_problem() -> None:
    (found,) = problems("boto3==1.0.0\n")
    assert found.startswith("line 1 (boto3==1.0.0): boto3 1.")
    assert list(problems("boto3>=1.0\n")) == []


def test_a_package_that_cannot_be_imported_is_a_problem(distributions: Path) -> None:
    install(distributions, "canary-broken", "1.0", {"canary_broken/__init__.py": "import canary_is_not_there\n"})
    (found,) = problems("canary-broken\n")
    assert "import canary_broken fails: ModuleNotFoundError: No module named 'canary_is_not_there'" in found


def test_a_single_module_is_imported_too(distributions: Path) -> None:
    install(distributions, "canary-single", "2.1", {"canary_single.py": "raise RuntimeError('half a wheel')\n"})
    (found,) = problems("canary-single==2.1\n")
    assert "RuntimeError: half a wheel" in found


def test_what_an_extra_needs_must_be_there(distributions: Path) -> None:
    requires = "Provides-Extra: fast\nRequires-Dist: canary-missing>=3; extra == 'fast'\n"
    install(distributions, "canary-extra", "1.0", {"canary_extra/__init__.py": ""}, requires)
    assert list(problems("canary-extra\n")) == []
    (found,) = problems("canary-extra[fast]\n")
    assert "canary-missing, which the extra [fast] needs, is not installed" in found


def test_a_line_for_another_platform_is_left_alone() -> None:
    assert list(problems("no-such-package; sys_platform == 'win32'\n")) == []


def test_a_line_nobody_understands_is_a_problem() -> None:
    (found,) = problems("boto3 1.43\n")
    assert "this is no requirement" in found


def test_options_hashes_and_comments_are_pips_business() -> None:
    text = "--constraint x.txt\n-r other.txt\n\n# boto3\nboto3==1.43.56 \\\n    --hash=sha256:00\n"
    assert [(line.number, line.text) for line in required_lines(text)] == [(5, "boto3==1.43.56")]


def test_a_provider_is_imported_where_its_own_code_is() -> None:
    from importlib import metadata

    # `import airflow` would succeed without the provider.
    assert import_names(metadata.distribution("apache-airflow-providers-amazon")) == ["airflow.providers.amazon"]
