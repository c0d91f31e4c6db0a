"""What is refused before anything is uploaded, and in which words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mwaa.deploy.checks import check
from mwaa.deploy.checks.plugins import check_plugins
from mwaa.deploy.checks.remembered import Remembered
from mwaa.deploy.checks.requirements import check_requirements
from mwaa.deploy.checks.result import Unknown
from mwaa.deploy.checks.startup import check_startup
from mwaa.deploy.errors import DeployError
from mwaa.deploy.project import REPOSITORY, Project
from tests.mwaa.deploy.conftest import DAG, Repository

CONSTRAINTS = REPOSITORY / "mwaa" / "constraints" / "3.3.1"
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package index: what is refused here is refused without one."""
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, NOWHERE)
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    monkeypatch.setenv("UV_NO_CACHE", "1")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "one_daily.py").write_text("")
    return Project(tmp_path)


def remembered(project: Project) -> Remembered:
    return Remembered(project.build / "checks.json", use=True)


def requirement_findings(project: Project, text: str) -> list[str]:
    project.requirements.write_text(text)
    findings, _ = check_requirements(project, CONSTRAINTS, remembered(project))
    return [f"{item.where}: {item.what}" for item in findings]


@pytest.mark.usefixtures("no_index")
class TestRequirements:
    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ("boto3\nsqlalchemy<2\n", 2, "sqlalchemy<2 conflicts with SQLAlchemy==2.0.51 (MWAA's 3.3.1/essential.txt"),
            ("apache-airflow==3.2.1\n", 1, "MWAA never lets it be overridden"),
            ("apache-airflow-providers-amazon==9.20.0\n", 1, "bring constraints of your own"),
            ("# see pip's -c option\nboto3\n", 1, "takes this comment for a constraint line"),
            ("--constraint=dags/mine.txt\nboto3\n", 1, "without a blank"),
            ("--constraint /usr/local/airflow/dags/mine.txt\nboto3\n", 1, "dags/ has no mine.txt"),
            ("boto3 == \n", 1, "not a requirement"),
        ],
    )
    def test_line_is_refused_with_its_reason(self, project: Project, text: str, line: int, said: str) -> None:
        (finding,) = requirement_findings(project, text)
        assert finding.startswith(f"requirements.txt line {line}: ")
        assert said in finding

    def test_own_constraints_replace_those_of_airflow_but_never_the_essential_ones(self, project: Project) -> None:
        (project.dags_folder / "mine.txt").write_text("apache-airflow-providers-amazon==9.20.0\n")
        head = "--constraint /usr/local/airflow/dags/mine.txt\n"
        with pytest.raises(Unknown):  # nothing to refuse by reading: the index would have to be asked
            requirement_findings(project, head + "apache-airflow-providers-amazon==9.20.0\n")
        assert "never" in requirement_findings(project, head + "celery==5.0.0\n")[0]

    def test_index_that_does_not_answer_is_no_conflict(self, project: Project) -> None:
        with pytest.raises(Unknown, match="the package index does not answer, which says nothing about"):
            requirement_findings(project, "some-package-that-is-not-pinned==1.0\n")

    def test_unchanged_file_is_not_resolved_again(self, project: Project) -> None:
        project.requirements.write_text("# nothing is needed\n")
        first = check_requirements(project, CONSTRAINTS, remembered(project))
        assert first == ([], "resolves with MWAA's constraints")
        assert check_requirements(project, CONSTRAINTS, remembered(project)) == ([], "resolves (unchanged)")
        assert check_requirements(project, CONSTRAINTS, Remembered(project.build / "checks.json", use=False)) == first


def test_name_that_no_index_knows_is_found_by_the_resolver(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index").mkdir()
    for name, value in {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(tmp_path / "index")}.items():
        monkeypatch.setenv(name, value)
    (finding,) = requirement_findings(project, "# comment\nno-such-package-of-anybody==1.0\n")
    assert finding.startswith("requirements.txt line 2: ")
    assert "no-such-package-of-anybody was not found" in finding


class TestPlugins:
    def findings(self, project: Project, files: dict[str, str]) -> list[str]:
        for name, content in files.items():
            (project.plugins / name).parent.mkdir(parents=True, exist_ok=True)
            (project.plugins / name).write_text(content)
        return [f"{item.where}: {item.what}" for item in check_plugins(project)]

    def test_wrapping_folder(self, project: Project) -> None:
        (finding,) = self.findings(project, {"plugins/my_plugin.py": ""})
        assert "no module at its root (only plugins/)" in finding

    def test_module_that_hides_one_of_dags(self, project: Project) -> None:
        (finding,) = self.findings(project, {"one_daily.py": ""})
        assert "hides dags/one_daily" in finding

    def test_syntax_error(self, project: Project) -> None:
        (finding,) = self.findings(project, {"my_plugin.py": "def\n"})
        assert finding.startswith("plugins/my_plugin.py line 1: not Python")

    def test_good_plugins_and_none(self, project: Project) -> None:
        assert check_plugins(project) == []
        assert self.findings(project, {"my_plugin.py": "X = 1\n", "README.md": "text"}) == []


class TestStartup:
    @pytest.mark.parametrize(
        ("script", "said"),
        [
            ("if true; then\n", "not bash"),
            ("export A=1\nexit 0\n", "ends the script early"),
            ("set -eu\n", "ends the shell at the first error"),
            ("exec bash\n", "replaces the shell"),
            ("read -r answer\n", "keyboard"),
            ("export A=1\r\n", "Windows line ends"),
        ],
    )
    def test_refused(self, project: Project, script: str, said: str) -> None:
        project.startup.parent.mkdir()
        project.startup.write_bytes(script.encode())
        assert said in "".join(item.what for item in check_startup(project))

    def test_good_script(self, project: Project) -> None:
        project.startup.parent.mkdir()
        project.startup.write_text('# exit and read are only words here\nexport A="no exit"\nset -u\n')
        assert check_startup(project) == []


class TestWhole:
    """The checks together; each imports Airflow once."""

    def test_broken_dag_and_uncommitted_file_are_both_named(self, repository: Repository) -> None:
        repository.write("requirements.txt", "# none\n")
        repository.write("dags/broken_daily.py", "import no_such_module_of_anybody\n# airflow dag\n")
        (repository.root / "dags" / "new.py").write_text("")
        with pytest.raises(DeployError) as refused:
            check(repository.project, "3.3.1", False, print)
        message = str(refused.value)
        assert "dags/broken_daily.py: does not import: ModuleNotFoundError: No module named 'no_such_module" in message
        assert "git: not committed: dags/new.py" in message

    def test_good_repository_is_imported_once(self, repository: Repository) -> None:
        repository.write("requirements.txt", "# none\n")
        said: list[str] = []
        assert check(repository.project, "3.3.1", False, said.append).dag_ids == ["first_daily", "second_daily"]
        assert check(repository.project, "3.3.1", False, said.append).dag_ids == ["first_daily", "second_daily"]
        assert "dags: 2 DAGs import" in said
        assert "dags: 2 DAGs import (unchanged)" in said
        repository.write("dags/second_daily.py", DAG.format(name="other_daily"))
        assert check(repository.project, "3.3.1", False, said.append).dag_ids == ["first_daily", "other_daily"]

    def test_unknown_version(self, repository: Repository) -> None:
        with pytest.raises(DeployError, match=r"no constraint files for Airflow 2\.11\.0 \(3\.3\.1\)"):
            check(repository.project, "2.11.0", False, print)


def test_refused_requirements_reach_no_bucket(repository: Repository, credentials: dict[str, str]) -> None:
    repository.deploy()
    before = repository.versions()
    repository.write("requirements.txt", "sqlalchemy<2\n")
    done = _command("apply", "--env", "deploying", "--project", str(repository.root))
    assert done.returncode == 1, done.stderr
    assert "requirements.txt line 1: sqlalchemy<2 conflicts with SQLAlchemy==2.0.51" in done.stderr
    assert repository.versions() == before


def test_plan_and_status_print_json_and_write_nothing(repository: Repository, credentials: dict[str, str]) -> None:
    repository.deploy()
    repository.write("dags/lake/words.py", 'WORD = "planned"\n')
    before = repository.versions()
    plan = _command("plan", "--json", "--env", "deploying", "--project", str(repository.root))
    assert plan.returncode == 0, plan.stderr
    described = json.loads(plan.stdout)
    assert described["environment_update"] is False
    assert described["dags"]["changed"] == ["dags/lake/words.py"]
    status = _command("status", "--json", "--env", "deploying", "--project", str(repository.root))
    assert json.loads(status.stdout)["environment"]["status"] == "AVAILABLE"
    assert repository.versions() == before


def test_unknown_environment_is_wrong_usage_of_a_file(repository: Repository, credentials: dict[str, str]) -> None:
    done = _command("plan", "--env", "staging", "--project", str(repository.root))
    assert done.returncode == 1
    assert "ENV is one of deploying" in done.stderr


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mwaa.deploy", *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
