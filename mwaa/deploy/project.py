"""What the repository would deploy: pinned files, DAG files, artifacts, and the commit they are of."""

from __future__ import annotations

import getpass
import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mwaa.archives import plugins_zip
from mwaa.artifacts import artifacts
from mwaa.deploy.errors import DeployError

REPOSITORY = Path(__file__).resolve().parents[2]
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"})
_LEFT_OUT_SUFFIXES = frozenset({".pyc", ".swp"})


@dataclass(frozen=True)
class PinnedFile:
    """A file that the environment takes in one version until the next update.

    :param name: as a person calls it, and its key in the source bucket.
    :param parameter: of the environment's stack, which holds the version.
    :param setting: of the environment, in which MWAA shows the version.
    """

    name: str
    parameter: str
    setting: str


REQUIREMENTS = PinnedFile("requirements.txt", "RequirementsVersion", "RequirementsS3ObjectVersion")
PLUGINS = PinnedFile("plugins.zip", "PluginsVersion", "PluginsS3ObjectVersion")
STARTUP = PinnedFile("startup.sh", "StartupScriptVersion", "StartupScriptS3ObjectVersion")
PINNED_FILES = (REQUIREMENTS, PLUGINS, STARTUP)


@dataclass(frozen=True)
class Project:
    """:param root: the repository's root."""

    root: Path

    @cached_property
    def pinned(self) -> Mapping[PinnedFile, bytes]:
        """Content of the pinned files; what the repository does not have is left out."""
        found: dict[PinnedFile, bytes] = {}
        for kind, path in ((REQUIREMENTS, self.requirements), (STARTUP, self.startup)):
            if path.exists():
                found[kind] = path.read_bytes()
        if any(path.suffix == ".py" for path in self.plugins.rglob("*")):
            found[PLUGINS] = plugins_zip(self.plugins)
        return found

    @cached_property
    def dags(self) -> Mapping[str, bytes]:
        """Content by path below dags/, links followed, in the order of a deployment.

        A DAG file comes after everything it imports: files that are no Python, then packages, then DAG files.
        """
        found = {}
        for folder, folders, names in os.walk(self.dags_folder, followlinks=True):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT_FOLDERS)
            for name in sorted(names):
                path = Path(folder) / name
                if path.suffix not in _LEFT_OUT_SUFFIXES and not name.endswith("~") and name != ".DS_Store":
                    found[path.relative_to(self.dags_folder).as_posix()] = path
        if not found:
            raise DeployError(f"{self.dags_folder} has no files: nothing would be left of the environment's DAGs")
        return {name: found[name].read_bytes() for name in sorted(found, key=deploy_order)}

    @cached_property
    def artifacts(self) -> Mapping[str, bytes]:
        """Content by key of the artifacts bucket, in the order of a deployment."""
        return dict(artifacts(self.root))

    @property
    def requirements(self) -> Path:
        """What MWAA installs."""
        return self.root / "requirements.txt"

    @property
    def plugins(self) -> Path:
        """What becomes plugins.zip."""
        return self.root / "plugins"

    @property
    def startup(self) -> Path:
        """What MWAA sources before it starts a component."""
        return self.root / "mwaa" / "startup.sh"

    @property
    def dags_folder(self) -> Path:
        """What becomes dags/ of the source bucket."""
        return self.root / "dags"

    @property
    def build(self) -> Path:
        """Where results are kept that the next run can use again; ignored by git."""
        return self.root / "build" / "deploy"

    def constraints(self, airflow_version: str) -> Path:
        """MWAA's constraint files of a version.

        :param airflow_version: such as 3.3.1.
        :raises DeployError: the repository has none.
        """
        folder = self.root / "mwaa" / "constraints" / airflow_version
        if not folder.is_dir():
            known = ", ".join(sorted(path.name for path in folder.parent.glob("*"))) or "none"
            raise DeployError(f"{folder} does not exist: no constraint files for Airflow {airflow_version} ({known})")
        return folder

    @cached_property
    def commit(self) -> str:
        """Hash of the checked out commit; "unknown" outside of a git repository."""
        return self._git("rev-parse", "HEAD") or "unknown"

    def uncommitted(self) -> list[str] | None:
        """Paths that differ from the commit; None outside of a git repository."""
        changes = self._git("status", "--porcelain", "--untracked-files=all")
        return None if changes is None else [line[3:] for line in changes.splitlines()]

    def _git(self, *arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=False, timeout=60
            )
        except OSError:
            return None
        return done.stdout.rstrip("\n") if done.returncode == 0 else None


def deploy_order(name: str) -> tuple[int, str]:
    """Sorts names below dags/ so that everything is there before what imports it.

    :param name: path below dags/.
    """
    if not name.endswith(".py"):
        return 0, name
    return (1 if "/" in name else 2), name


def sha256(content: bytes) -> str:
    """Fingerprint of a file.

    :param content: its bytes.
    """
    return hashlib.sha256(content).hexdigest()


def user_name() -> str:
    """Who sits at this machine, for messages to other people."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
