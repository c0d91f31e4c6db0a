"""A deployment, in the one order in which a failure at any point leaves an environment that works.

1. Pinned files are uploaded; nothing reads a new version before it is pinned.
2. The environment is updated, only if what it runs differs. This is what fails; nothing else has changed yet.
3. Artifacts: the jobs' package and contracts, then the scripts (see `mwaa.artifacts`).
4. DAGs: modules before the DAG files that import them. Deletions come last, when nothing refers to them any more.
5. The record.

Interrupted anywhere, the next deployment goes on: every step compares before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa.deploy.deployed import DAGS_PREFIX, Deployed, load_deployed
from mwaa.deploy.errors import DeployError
from mwaa.deploy.lock import Lock, held
from mwaa.deploy.plan import FolderPlan, Plan, make_plan
from mwaa.deploy.project import Project, deploy_order, sha256
from mwaa.deploy.records import Record, StoredObject, new_record
from mwaa.deploy.stack_update import settle, update_versions
from mwaa.deploy.target import Target

Say = Callable[[str], None]
_AT_ONCE = 8


def apply(project: Project, target: Target, airflow_version: str, dag_ids: list[str], say: Say, timeout: float) -> bool:
    """Deploy.

    :param project: what to deploy; it was checked.
    :param target: where to.
    :param airflow_version: for which it was checked.
    :param dag_ids: the DAGs of the project.
    :param say: receives lines of progress.
    :param timeout: of an environment update, in seconds.
    :returns: whether anything was changed.
    :raises DeployError: the deployment was refused or failed.
    """
    who = target.caller()
    bucket = load_deployed(target).bucket
    with held(target.s3, bucket) as lock:
        settle(target, say, timeout)
        deployed = load_deployed(target)
        _require_version(deployed, airflow_version)
        plan = make_plan(project, deployed)
        for line in plan.lines():
            say(line)
        if not plan.changes and _is_recorded(deployed, plan, dag_ids):
            return False
        record = new_record(who, project.commit, bool(project.uncommitted()), target.environment)
        record.dag_ids = dag_ids
        _Deployment(project, deployed, plan, record, lock, say, timeout).run()
    return True


def _require_version(deployed: Deployed, checked: str) -> None:
    running = deployed.environment.get("AirflowVersion", "")
    if running != checked:
        raise DeployError(
            f"{deployed.target.environment} runs Airflow {running}, the repository was checked for {checked}: "
            f"add --airflow-version {running}, or upgrade the environment first (mwaa/README.md)"
        )


def _is_recorded(deployed: Deployed, plan: Plan, dag_ids: list[str]) -> bool:
    """Whether the last record tells the truth; a deployment killed just before its end has left none."""
    foreign = plan.dag_folder.foreign or plan.artifact_folder.foreign
    last = deployed.last
    return bool(last and last.dag_ids == dag_ids and last.pinned == deployed.pinned_versions() and not foreign)


class _Deployment:
    """The steps of one deployment, and the record that grows with them."""

    def __init__(
        self,
        project: Project,
        deployed: Deployed,
        plan: Plan,
        record: Record,
        lock: Lock,
        say: Say,
        timeout: float,
    ) -> None:
        self._project = project
        self._deployed = deployed
        self._plan = plan
        self._record = record
        self._lock = lock
        self._say = say
        self._timeout = timeout
        record.pinned = deployed.pinned_versions()
        record.dags = dict(plan.dag_folder.present)
        record.artifacts = dict(plan.artifact_folder.present)

    def run(self) -> None:
        try:
            self._update_environment()
            self._upload_artifacts()
            self._upload_dags()
        except (DeployError, ClientError, BotoCoreError) as error:
            self._record.error = str(error)
            self._say(f"recorded in s3://{self._deployed.bucket}/{self._deployed.records.write(self._record)}")
            if isinstance(error, DeployError):
                raise
            raise DeployError(f"stopped: {error}. Deploy again to go on") from error
        self._record.result = "succeeded"
        self._say(f"recorded in s3://{self._deployed.bucket}/{self._deployed.records.write(self._record)}")

    def _update_environment(self) -> None:
        s3, bucket = self._deployed.target.s3, self._deployed.bucket
        versions = {}
        for item in self._plan.pinned:
            version = item.wanted
            if version is None:
                self._lock.require()
                stored = put(s3, bucket, item.file.name, self._project.pinned[item.file], self._record.commit)
                version = stored.version
                self._say(f"uploaded {item.file.name} ({version[:12]})")
            versions[item.file.parameter] = version
        if versions == self._record.pinned:
            return
        self._lock.require()
        update_versions(self._deployed.target, versions, self._say, self._timeout)
        self._record.pinned, self._record.updated_environment = versions, True
        self._say("environment updated")

    def _upload_artifacts(self) -> None:
        bucket = self._deployed.target.name("artifacts")
        plan, wanted = self._plan.artifacts, self._project.artifacts
        # In the project's order, one after the other: a script comes after what it imports.
        for key in (key for key in wanted if key in {*plan.added, *plan.changed}):
            self._lock.require()
            self._record.artifacts[key] = put(self._deployed.target.s3, bucket, key, wanted[key], self._record.commit)
        self._delete(bucket, plan, self._record.artifacts)

    def _upload_dags(self) -> None:
        bucket, plan = self._deployed.bucket, self._plan.dags
        s3, commit = self._deployed.target.s3, self._record.commit
        bodies = {DAGS_PREFIX + name: body for name, body in self._project.dags.items()}
        for _, keys in in_stages(plan.writes):
            self._lock.require()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                stored = pool.map(lambda key: put(s3, bucket, key, bodies[key], commit), keys)
                self._record.dags |= dict(zip(keys, stored, strict=True))
        self._delete(bucket, plan, self._record.dags)
        if plan.changes:
            self._say(f"dags: {len(plan.writes)} uploaded, {len(plan.deleted)} deleted")

    def _delete(self, bucket: str, plan: FolderPlan, objects: dict[str, StoredObject]) -> None:
        for key in plan.deleted:
            self._lock.require()
            self._deployed.target.s3.delete_object(Bucket=bucket, Key=key)
            objects.pop(key, None)


def in_stages(keys: Iterable[str]) -> list[tuple[int, list[str]]]:
    """DAG keys in the groups that must follow each other.

    :param keys: keys below dags/, in the order of a deployment.
    """
    stages = groupby(keys, key=lambda key: deploy_order(key.removeprefix(DAGS_PREFIX))[0])
    return [(stage, list(members)) for stage, members in stages]


def put(s3: Any, bucket: str, key: str, body: bytes, commit: str) -> StoredObject:
    """Upload one object with its fingerprint.

    :param s3: client.
    :param bucket: name of the bucket.
    :param key: of the object.
    :param body: its content.
    :param commit: what it is of.
    """
    digest = sha256(body)
    metadata: Mapping[str, str] = {"sha256": digest, "commit": commit}
    written = s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
    return StoredObject(written.get("VersionId", ""), written["ETag"].strip('"'), digest)
