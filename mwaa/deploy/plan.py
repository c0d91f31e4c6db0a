"""The difference between the repository and what is deployed. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mwaa.artifacts import PREFIXES
from mwaa.deploy.deployed import DAGS_PREFIX, Deployed, Folder, read_folder
from mwaa.deploy.project import PINNED_FILES, PinnedFile, Project, deploy_order, sha256

# More keys than a person reads; --json has them all.
_SHOWN = 20


@dataclass(frozen=True)
class PinnedPlan:
    """What is to happen to one pinned file.

    :param running: the version that the environment is pinned to; empty = none.
    :param wanted: the version that it shall be pinned to; empty = none, None = the one that the upload will get.
    :param reason: why.
    """

    file: PinnedFile
    running: str
    wanted: str | None
    reason: str

    @property
    def changes(self) -> bool:
        """Whether the environment must be updated for it."""
        return self.wanted != self.running

    @property
    def uploads(self) -> bool:
        """Whether the content is not in the bucket yet."""
        return self.wanted is None


@dataclass(frozen=True)
class FolderPlan:
    """What is to happen to the objects of one folder; keys in the order of the deployment."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    overwritten: tuple[str, ...]

    @property
    def writes(self) -> tuple[str, ...]:
        """Keys to upload."""
        both = {*self.added, *self.changed}
        return tuple(sorted(both, key=lambda key: deploy_order(key.removeprefix(DAGS_PREFIX))))

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.added or self.changed or self.deleted)


@dataclass(frozen=True)
class Plan:
    """Everything that a deployment would do.

    :ivar dag_folder: what is in dags/ now.
    :ivar artifact_folder: what is in the artifacts bucket now.
    """

    pinned: tuple[PinnedPlan, ...]
    dags: FolderPlan
    artifacts: FolderPlan
    dag_folder: Folder
    artifact_folder: Folder

    @property
    def needs_update(self) -> bool:
        """Whether the environment must be updated."""
        return any(item.changes for item in self.pinned)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do at all."""
        return self.needs_update or self.dags.changes or self.artifacts.changes

    def lines(self) -> Iterator[str]:
        """The plan for a person."""
        for item in self.pinned:
            yield f"{item.file.name:<17} {item.reason}"
        update = "needed" if self.needs_update else "not needed"
        yield f"{'environment':<17} update {update}"
        for title, folder in (("artifacts", self.artifacts), ("dags", self.dags)):
            counts = f"{len(folder.added)} added, {len(folder.changed)} changed, {len(folder.deleted)} deleted"
            yield f"{title:<17} {counts}"
            for mark, keys in (("+", folder.added), ("~", folder.changed), ("-", folder.deleted)):
                yield from (f"  {mark} {key}" for key in keys[:_SHOWN])
                if len(keys) > _SHOWN:
                    yield f"  {mark} and {len(keys) - _SHOWN} more"
            for key in folder.overwritten:
                yield f"  ! {key} was changed by somebody else since the last deployment"

    def described(self) -> dict[str, Any]:
        """The plan for a program."""
        return {
            "environment_update": self.needs_update,
            "pinned": [
                {"name": item.file.name, "running": item.running, "wanted": item.wanted, "upload": item.uploads}
                | {"reason": item.reason}
                for item in self.pinned
            ],
            "artifacts": asdict(self.artifacts),
            "dags": asdict(self.dags),
            "changes": self.changes,
        }


def make_plan(project: Project, deployed: Deployed) -> Plan:
    """Compare.

    :param project: what there is.
    :param deployed: what is deployed.
    """
    target, last = deployed.target, deployed.last
    dag_folder = read_folder(target.s3, deployed.bucket, (DAGS_PREFIX,), last.dags if last else {})
    known = last.artifacts if last else {}
    artifact_folder = read_folder(target.s3, target.name("artifacts"), PREFIXES, known)
    dags = {DAGS_PREFIX + name: body for name, body in project.dags.items()}
    return Plan(
        tuple(_pinned_plan(file, project, deployed) for file in PINNED_FILES),
        _folder_plan(dags, dag_folder),
        _folder_plan(project.artifacts, artifact_folder),
        dag_folder,
        artifact_folder,
    )


def _pinned_plan(file: PinnedFile, project: Project, deployed: Deployed) -> PinnedPlan:
    running = deployed.running(file)
    if file not in project.pinned:
        reason = "none, and the environment has none" if not running else "none any more: it is taken away"
        return PinnedPlan(file, running, "", reason)
    version = deployed.find_version(file.name, sha256(project.pinned[file]), running)
    if version is None:
        before = "changed" if running else "new"
        return PinnedPlan(file, running, None, f"{before}: upload, then update the environment")
    if version == running:
        return PinnedPlan(file, running, version, f"unchanged, the environment runs it ({_short(version)})")
    here = f"in the bucket already ({_short(version)})"
    return PinnedPlan(file, running, version, f"{here}, but the environment runs {_short(running) or 'none'}: update")


def _folder_plan(wanted: Mapping[str, bytes], folder: Folder) -> FolderPlan:
    present = folder.present
    return FolderPlan(
        added=tuple(key for key in wanted if key not in present),
        changed=tuple(key for key, body in wanted.items() if key in present and present[key].sha256 != sha256(body)),
        deleted=tuple(sorted(present.keys() - wanted.keys())),
        overwritten=folder.foreign,
    )


def _short(version: str) -> str:
    return version[:12]
