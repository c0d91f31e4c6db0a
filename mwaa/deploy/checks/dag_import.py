"""Do the DAG files import, as Airflow will import them: beside the plugins of plugins.zip, without the repository?"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwaa.deploy.checks.remembered import Remembered, fingerprint
from mwaa.deploy.checks.result import Finding
from mwaa.deploy.project import PLUGINS, Project

_PROGRAM = Path(__file__).with_name("import_dags.py")
_SECONDS = 300
# Settings and credentials of whoever deploys have nothing to do with what MWAA will see.
_LEFT_OUT = ("AIRFLOW", "AWS_", "PYTHON")


@dataclass(frozen=True)
class Imported:
    """:param dag_ids: ids of all DAGs.
    :param remembered: nothing had changed since they were last imported.
    """

    dag_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    remembered: bool = False


def import_dags(project: Project, memory: Remembered) -> Imported:
    """Import every DAG file in a process of its own.

    :param project: whose DAGs.
    :param memory: of earlier results.
    """
    plugins = project.pinned.get(PLUGINS, b"")
    inputs = [*project.dags.items(), ("plugins.zip", plugins), ("runtime", _runtime().encode())]
    key = fingerprint([*inputs, (_PROGRAM.name, _PROGRAM.read_bytes())])
    known = memory.find("dags", key)
    if known is not None:
        return Imported(known, remembered=True)
    with tempfile.TemporaryDirectory(prefix="sluice-import.") as home:
        result = _run(project, plugins, Path(home))
    if isinstance(result, str):
        return Imported(findings=[Finding("dags", f"could not be imported: {result}")])
    findings = [
        Finding(f"dags/{name}", f"does not import: {trace.strip().splitlines()[-1]}")
        for name, trace in sorted(result["errors"].items())
    ]
    if not result["dag_ids"] and not findings:
        findings.append(Finding("dags", "no file defines a DAG"))
    if not findings:
        memory.keep("dags", key, result["dag_ids"])
    return Imported(result["dag_ids"], findings)


def _run(project: Project, plugins: bytes, home: Path) -> dict[str, Any] | str:
    # As in the source bucket: without bytecode, links resolved, nothing of the repository around it.
    for name, content in project.dags.items():
        target = home / "dags" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (home / "plugins").mkdir()
    if plugins:
        with zipfile.ZipFile(io.BytesIO(plugins)) as archive:
            archive.extractall(home / "plugins")
    answer = home / "answer.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    }
    command = [sys.executable, "-P", str(_PROGRAM), str(home / "dags"), str(answer)]
    try:
        done = subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end after {_SECONDS} s"
    if not answer.exists():
        return "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:]) or f"exit code {done.returncode}"
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def _runtime() -> str:
    """What else the result depends on: the packages of this interpreter."""
    folder = Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    return "\n".join(sorted(path.name for path in folder.glob("*.dist-info")))
