"""Whether what requirements.txt asks for is really there. MWAA logs a failed pip install and starts all the same."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

# A link to the repository's file, so that it goes to MWAA with dags/, where the original is not.
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


@dataclass(frozen=True)
class RequiredLine:
    """:param number: line number, from 1
    :param text: the line without its comment
    """

    number: int
    text: str


def required_lines(text: str) -> list[RequiredLine]:
    """:param text: a requirements file
    :return: its lines that name a package; options such as ``--constraint`` and ``-r`` are pip's business
    """
    lines = [
        RequiredLine(number, line.split(" #")[0].split(" --hash")[0].rstrip("\\").strip())
        for number, line in enumerate(text.splitlines(), start=1)
    ]
    return [line for line in lines if line.text and not line.text.startswith(("#", "-"))]


def import_names(distribution: metadata.Distribution) -> list[str]:
    """:return: what to import to know that a distribution works: its packages that lie in no other of its packages.
    Of apache-airflow-providers-amazon that is airflow.providers.amazon, because ``airflow`` is another distribution's
    """
    files = [PurePosixPath(str(file)) for file in distribution.files or ()]
    packages = {file.parent for file in files if file.name == "__init__.py" and file.parent.parts}
    outer = {package for package in packages if not packages & set(package.parents)}
    modules = {PurePosixPath(file.stem) for file in files if len(file.parts) == 1 and file.suffix == ".py"}
    names = [".".join(path.parts) for path in outer | modules]
    return sorted(name for name in names if all(part.isidentifier() for part in name.split(".")))


def problems(text: str) -> Iterator[str]:
    """:param text: a requirements file
    :return: one line for each requirement that is missing, has another version, or cannot be imported
    """
    for line in required_lines(text):
        try:
            yield from (f"line {line.number} ({line.text}): {found}" for found in _problems_of(line.text))
        except ValueError as error:
            yield f"line {line.number} ({line.text}): this is no requirement: {error}"


def _problems_of(text: str) -> Iterator[str]:
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    if requirement.marker and not requirement.marker.evaluate():
        return
    try:
        distribution = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        yield f"{requirement.name} is not installed"
        return
    if not requirement.specifier.contains(distribution.version, prereleases=True):
        yield f"{requirement.name} {distribution.version} is installed"
    yield from _failing_imports(distribution)
    for extra in sorted(requirement.extras):
        yield from _problems_of_extra(distribution, extra)


def _problems_of_extra(distribution: metadata.Distribution, extra: str) -> Iterator[str]:
    from packaging.requirements import Requirement

    for text in distribution.requires or ():
        needed = Requirement(text)
        if not needed.marker or "extra" not in str(needed.marker) or not needed.marker.evaluate({"extra": extra}):
            continue
        try:
            found = metadata.distribution(needed.name)
        except metadata.PackageNotFoundError:
            yield f"{needed.name}, which the extra [{extra}] needs, is not installed"
            continue
        if not needed.specifier.contains(found.version, prereleases=True):
            yield f"{needed.name} {found.version} is installed, the extra [{extra}] needs {needed.specifier}"
        yield from _failing_imports(found)


def _failing_imports(distribution: metadata.Distribution) -> Iterator[str]:
    for name in import_names(distribution):
        try:
            importlib.import_module(name)
        # Whatever a package raises when it is imported, it is as good as missing.
        except Exception as error:
            yield f"import {name} fails: {type(error).__name__}: {error}"
