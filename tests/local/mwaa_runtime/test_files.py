"""plugins.zip and requirements.txt: what MWAA takes, what it refuses, what it only logs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from local.mwaa_runtime import plugins, requirements
from local.mwaa_runtime.image import load_image
from local.settings import AIRFLOW_RUNTIME, REPOSITORY
from mwaa.archives import plugins_zip, zipped

IMAGE = load_image("3.3.1")


def installed(tmp_path: Path, text: str) -> requirements.RequirementsResult:
    file = tmp_path / "requirements.txt"
    file.write_text(text)
    return requirements.install(file, tmp_path / "site-packages", AIRFLOW_RUNTIME, IMAGE)


def wheel(folder: Path, name: str, version: str, requires: str = "") -> Path:
    """A wheel made here, so that nothing has to be fetched."""
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    path.write_bytes(
        zipped(
            {
                f"{name}.py": f"VERSION = {version!r}\n".encode(),
                f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode(),
                f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                f"{info}/RECORD": b"",
            }
        )
    )
    return path


# --- plugins.zip -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../escaped.py", "/tmp/escaped.py", "a/../../escaped.py"])
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x = 1")
    with pytest.raises(plugins.PluginsError, match="outside of the plugins folder"):
        plugins.unpack(buffer.getvalue(), tmp_path / "plugins")
    assert not (tmp_path / "escaped.py").exists()


def test_what_is_no_archive_is_refused_and_the_old_plugins_stay(tmp_path: Path) -> None:
    plugins.unpack(zipped({"one.py": b"x = 1"}), tmp_path / "plugins")
    with pytest.raises(plugins.PluginsError, match="not a zip archive"):
        plugins.unpack(b"PK but not really", tmp_path / "plugins")
    assert (tmp_path / "plugins" / "one.py").exists()


def test_a_new_archive_replaces_everything_and_the_same_one_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    assert plugins.unpack(zipped({"one.py": b"x = 1", "pack/__init__.py": b""}), folder)
    assert not plugins.unpack(zipped({"one.py": b"x = 1", "pack/__init__.py": b""}), folder)
    assert plugins.unpack(zipped({"two.py": b"x = 2"}), folder)
    assert {path.name for path in folder.iterdir()} == {".plugins.sha256", "two.py"}


def test_files_that_do_not_get_into_the_archive_do_not_work_here_either(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "plugin.py").write_text("x = 1")
    (source / "compiled.pyc").write_bytes(b"x")
    (source / "__pycache__" / "plugin.cpython-312.pyc").write_bytes(b"x")
    plugins.unpack(plugins_zip(source), tmp_path / "plugins")
    assert {path.name for path in (tmp_path / "plugins").rglob("*.py*")} == {"plugin.py"}


def test_no_plugins_is_an_empty_folder(tmp_path: Path) -> None:
    plugins.unpack(zipped({"one.py": b"x = 1"}), tmp_path / "plugins")
    plugins.unpack(b"", tmp_path / "plugins")
    assert not list((tmp_path / "plugins").glob("*.py"))


# --- requirements.txt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("apache-airflow==3.2.1\n", "apache-airflow"),
        ("-c mine.txt\nsqlalchemy<2\n", "sqlalchemy"),
        ("this is no requirement\n", "this is no requirement"),
        ("./does_not_exist-1.0-py3-none-any.whl\n", "does_not_exist"),
    ],
)
def test_requirements_that_do_not_install_are_told_and_install_nothing(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "mine.txt").write_text("")
    result = installed(tmp_path, text)
    assert result.error is not None
    assert reason in result.error.lower()
    assert not requirements.has_packages(tmp_path / "site-packages")


def test_the_repository_s_requirements_add_nothing_to_the_image(tmp_path: Path) -> None:
    result = requirements.install(REPOSITORY / "requirements.txt", tmp_path / "packages", AIRFLOW_RUNTIME, IMAGE)
    assert result == requirements.RequirementsResult((), None, True)


def test_what_the_image_lacks_goes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    first = wheel(tmp_path, "sluice_probe_a", "1.0", "sluice_probe_b")
    wheel(tmp_path, "sluice_probe_b", "2.0")
    before = sorted(path.name for path in (AIRFLOW_RUNTIME / "lib").glob("python3.*/site-packages/*"))

    result = installed(tmp_path, f"--no-index\n--find-links {tmp_path}\n./{first.name}\nboto3\n")

    assert result.error is None
    assert set(result.installed) == {"sluice_probe_a==1.0", "sluice_probe_b==2.0"}
    assert {path.name for path in (tmp_path / "site-packages").glob("*.py")} == {
        "sluice_probe_a.py",
        "sluice_probe_b.py",
    }
    assert sorted(path.name for path in (AIRFLOW_RUNTIME / "lib").glob("python3.*/site-packages/*")) == before
    assert installed(tmp_path, f"--no-index\n--find-links {tmp_path}\n./{first.name}\nboto3\n").error is None


def test_packages_that_are_no_longer_asked_for_go_away(tmp_path: Path) -> None:
    one = wheel(tmp_path, "sluice_probe_a", "1.0")
    assert installed(tmp_path, f"./{one.name}\n").error is None
    assert requirements.has_packages(tmp_path / "site-packages")
    assert installed(tmp_path, "boto3\n").installed == ()
    assert not requirements.has_packages(tmp_path / "site-packages")


@pytest.mark.parametrize(
    ("line", "own"),
    [
        ("--constraint /usr/local/airflow/dags/mine.txt", True),
        ("-c mine.txt", True),
        ("# no -c here, on purpose", True),
        ("--constraint=mine.txt", False),
        ("boto3==1.43.56", False),
        ("", False),
    ],
)
def test_which_lines_keep_mwaa_s_constraints_away(line: str, own: bool) -> None:
    assert requirements.has_own_constraints(f"boto3\n{line}\n", IMAGE) is own


def test_a_runtime_without_uv_is_an_error_and_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("boto3\n")
    result = requirements.install(file, tmp_path / "site-packages", tmp_path / "no-runtime", IMAGE)
    assert result.error is not None
    assert "cannot be run" in result.error
