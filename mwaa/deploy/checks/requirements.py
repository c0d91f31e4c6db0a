"""requirements.txt, resolved as MWAA's pip would: a refusal here takes seconds, on MWAA a log line that nobody reads.

Rules of the image (`user_requirements.py` of aws/amazon-mwaa-docker-images, 3.3.1): the essential constraints always
hold; the Airflow constraints hold unless some line, even a comment, matches ``-c |--constraint ``; a pip that fails is
logged, and the environment starts without the packages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mwaa.deploy.checks.remembered import Remembered, fingerprint
from mwaa.deploy.checks.result import Finding, Unknown
from mwaa.deploy.project import Project

_OPTS_OUT = re.compile(r"-c |--constraint ")
_LOOKS_LIKE_IT = re.compile(r"^\s*(-c|--constraint)=")
_OWN_CONSTRAINTS = re.compile(r"^\s*(?:-c|--constraint)[ =]\s*[\"']?(?P<path>[^\"'\s]+)")
_IN_DAGS = "/usr/local/airflow/dags/"
_PYTHON, _PLATFORM = "3.12", "x86_64-manylinux_2_28"
# uv exits with 1 for requirements that cannot be met, and with 2 for everything that is not their fault.
_UNSATISFIABLE = 1
_SECONDS = 300


@dataclass(frozen=True)
class _Pin:
    requirement: Requirement
    where: str
    essential: bool


def check_requirements(project: Project, constraints: Path, memory: Remembered) -> tuple[list[Finding], str]:
    """Check the file's form, its lines against MWAA's pins, and then the whole with a resolver.

    :param project: whose requirements.txt.
    :param constraints: folder with MWAA's airflow.txt and essential.txt.
    :param memory: of earlier results.
    :returns: findings, and how they were found.
    :raises Unknown: the package index does not answer.
    """
    if not project.requirements.exists():
        return [], "none"
    text = project.requirements.read_text(encoding="utf-8", errors="replace")
    findings = list(_form(text))
    opted_out = any(_OPTS_OUT.search(line) for line in text.splitlines())
    files = [constraints / "essential.txt"] + ([] if opted_out else [constraints / "airflow.txt"])
    own, missing = _own_constraints(text, project)
    findings += missing
    findings += _against_pins(text, [pin for file in files for pin in _pins(file)])
    if findings:
        return findings, "refused without a resolver"
    paths = (project.requirements, *files, *own)
    key = fingerprint((path.name, path.read_bytes()) for path in paths)
    if memory.find("requirements", key):
        return [], "resolves (unchanged)"
    findings = list(_resolve(text, project, files))
    if not findings:
        memory.keep("requirements", key, True)
    return findings, "resolves with MWAA's constraints" if not opted_out else "resolves with its own constraints"


def _form(text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"requirements.txt line {number}"
        comment = line.lstrip().startswith("#")
        if comment and _OPTS_OUT.search(line):
            yield Finding(
                where,
                "MWAA takes this comment for a constraint line and drops its own Airflow constraints. Reword it, or, "
                "if that is the purpose, write a line of its own: --constraint /usr/local/airflow/dags/<file>",
            )
        elif _LOOKS_LIKE_IT.match(line):
            yield Finding(
                where, "MWAA does not see a constraint line without a blank and adds its own: write --constraint PATH"
            )
        elif not comment and line.strip() and not line.strip().startswith("-"):
            try:
                Requirement(_without_comment(line))
            except InvalidRequirement as error:
                yield Finding(where, f"not a requirement: {str(error).splitlines()[0]}")


def _own_constraints(text: str, project: Project) -> tuple[list[Path], list[Finding]]:
    found, missing = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        matched = _OWN_CONSTRAINTS.match(line)
        if not matched or not matched["path"].startswith(_IN_DAGS):
            continue
        path = project.dags_folder / matched["path"].removeprefix(_IN_DAGS)
        if path.exists():
            found.append(path)
        else:
            missing.append(
                Finding(f"requirements.txt line {number}", f"dags/ has no {path.name}: MWAA would not find it")
            )
    return found, missing


def _against_pins(text: str, pins: list[_Pin]) -> Iterator[Finding]:
    by_name: dict[str, _Pin] = {}
    for pin in pins:
        by_name.setdefault(canonicalize_name(pin.requirement.name), pin)
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            wanted = Requirement(_without_comment(line))
        except InvalidRequirement:
            continue
        pinned = by_name.get(canonicalize_name(wanted.name))
        if pinned is None or (wanted.marker and not wanted.marker.evaluate({"python_version": _PYTHON})):
            continue
        version = next(iter(pinned.requirement.specifier)).version
        if not wanted.specifier.contains(version, prereleases=True):
            way_out = (
                "MWAA never lets it be overridden"
                if pinned.essential
                else "take it out, or bring constraints of your own: --constraint /usr/local/airflow/dags/<file>"
            )
            yield Finding(
                f"requirements.txt line {number}",
                f"{_without_comment(line)} conflicts with {pinned.requirement} ({pinned.where}): {way_out}",
            )


def _pins(file: Path) -> Iterator[_Pin]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            where = f"MWAA's {file.parent.name}/{file.name} line {number}"
            yield _Pin(Requirement(_without_comment(line)), where, file.name == "essential.txt")


def _resolve(text: str, project: Project, files: list[Path]) -> Iterator[Finding]:
    # A path of MWAA's containers means a file of dags/ here.
    local = text.replace(_IN_DAGS, f"{project.dags_folder}/")
    command = [
        str(Path(sys.prefix) / "bin" / "uv"), "pip", "compile", "-", "--quiet", "--no-header", "--no-emit-index-url",
        "--python", sys.executable, "--no-python-downloads",
        "--python-version", _PYTHON, "--python-platform", _PLATFORM,
        *(part for file in files for part in ("--constraint", str(file))),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            input=local,
            cwd=project.root,
            env=os.environ | {"UV_HTTP_RETRIES": "1"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unknown(f"not checked, uv did not run: {error}") from error
    if done.returncode == 0:
        return
    said = " ".join(line.strip(" ×╰─▶│├") for line in done.stderr.splitlines() if line.strip())
    if done.returncode != _UNSATISFIABLE:
        raise Unknown(
            "not checked: the package index does not answer, which says nothing about the requirements. "
            f"Try again with a network, or set UV_INDEX_URL to an index that can be reached. uv said: {said}"
        )
    yield Finding(_lines_named(text, said), said)


def _lines_named(text: str, said: str) -> str:
    """The lines whose packages the resolver names."""
    words = {canonicalize_name(word) for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", said)}
    numbers = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            if canonicalize_name(Requirement(_without_comment(line)).name) in words:
                numbers.append(str(number))
        except InvalidRequirement:
            continue
    return "requirements.txt" + (f" line {', '.join(numbers)}" if numbers else "")


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line).strip()
