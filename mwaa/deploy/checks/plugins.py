"""plugins.zip: modules at its root, none that shadows a DAG module, of a size that every worker can unpack."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Iterator

from mwaa.deploy.checks.result import Finding
from mwaa.deploy.project import PLUGINS, Project

# Our own limit: every component unpacks the archive whenever it starts.
_LARGEST = 50 * 1024 * 1024


def check_plugins(project: Project) -> list[Finding]:
    """Check the archive that would be uploaded.

    :param project: whose plugins.
    """
    archive = project.pinned.get(PLUGINS)
    return [] if archive is None else list(_findings(project, archive))


def _findings(project: Project, archive: bytes) -> Iterator[Finding]:
    if len(archive) > _LARGEST:
        yield Finding("plugins.zip", f"{len(archive)} bytes are too much: code that changes belongs into dags/lake/")
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        names = content.namelist()
        for name in names:
            if name.endswith(".py"):
                try:
                    ast.parse(content.read(name), name)
                except SyntaxError as error:
                    yield Finding(f"plugins/{name} line {error.lineno}", f"not Python: {error.msg}")
    if not any("/" not in name and name.endswith(".py") for name in names):
        wrapping = sorted({name.partition("/")[0] for name in names if "/" in name})
        yield Finding(
            "plugins.zip", f"no module at its root (only {', '.join(wrapping)}/): Airflow would register nothing"
        )
    here = {_module(name) for name in names if name.endswith(".py")}
    there = {_module(name) for name in project.dags if name.endswith(".py")}
    for name in sorted(here & there):
        yield Finding(f"plugins/{name}", f"plugins come first on the path, so it hides dags/{name}: rename one of them")


def _module(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")
