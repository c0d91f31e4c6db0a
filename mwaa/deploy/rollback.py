"""Back to an earlier deployment: the same pinned versions, and the same content of DAGs and artifacts, by version id.

MWAA restores itself after a failed update, so a rollback is for a deployment that went well and turned out bad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa.artifacts import PREFIXES
from mwaa.deploy.apply import in_stages
from mwaa.deploy.deployed import DAGS_PREFIX, Deployed, Folder, load_deployed, read_folder
from mwaa.deploy.errors import DeployError
from mwaa.deploy.lock import Lock, held
from mwaa.deploy.project import PINNED_FILES, deploy_order
from mwaa.deploy.records import Record, StoredObject, new_record
from mwaa.deploy.stack_update import settle, update_versions
from mwaa.deploy.target import Target

Say = Callable[[str], None]
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "400"})


def roll_back(target: Target, to: str | None, say: Say, timeout: float) -> Record:
    """Restore an earlier deployment.

    :param target: whose environment.
    :param to: name of its record; None = the one before what is deployed.
    :param say: receives lines of progress.
    :param timeout: of an environment update, in seconds.
    :returns: the record that was restored.
    :raises DeployError: there is none, its versions are gone, or the update failed.
    """
    who = target.caller()
    bucket = load_deployed(target).bucket
    with held(target.s3, bucket) as lock:
        settle(target, say, timeout)
        deployed = load_deployed(target)
        goal = deployed.records.read(to) if to else _previous(deployed)
        if not goal.succeeded:
            raise DeployError(f"record {goal.name} is of a deployment that failed ({goal.error}): choose another")
        say(f"rolling back to {goal.name}, commit {goal.commit[:12]}, deployed by {goal.who}")
        record = new_record(who, goal.commit, goal.dirty, target.environment)
        record.restored, record.dag_ids = goal.restored or goal.name, goal.dag_ids
        record.pinned = deployed.pinned_versions()
        try:
            _restore(deployed, goal, record, lock, say, timeout)
            record.result = "succeeded"
        except (ClientError, BotoCoreError) as error:
            record.error = str(error)
            raise DeployError(f"stopped: {error}. Roll back to {goal.name} again to go on") from error
        except DeployError as error:
            record.error = str(error)
            raise
        finally:
            say(f"recorded in s3://{bucket}/{deployed.records.write(record)}")
    return goal


def _previous(deployed: Deployed) -> Record:
    current = deployed.last
    if current is None:
        raise DeployError(f"nothing was deployed to {deployed.target.environment} yet")
    # After a rollback the next one goes further back, not to where the first came from.
    before = current.restored or current.name
    found = deployed.records.last_succeeded(before)
    if found is None:
        raise DeployError(f"there is no deployment before {before} to go back to")
    return found


def _restore(deployed: Deployed, goal: Record, record: Record, lock: Lock, say: Say, timeout: float) -> None:
    target, last = deployed.target, deployed.last
    artifacts_bucket = target.name("artifacts")
    dags = read_folder(target.s3, deployed.bucket, (DAGS_PREFIX,), last.dags if last else {})
    artifacts = read_folder(target.s3, artifacts_bucket, PREFIXES, last.artifacts if last else {})
    record.dags, record.artifacts = dict(dags.present), dict(artifacts.present)
    for file in PINNED_FILES:
        version = goal.pinned.get(file.parameter, "")
        if version:
            _require(target.s3, deployed.bucket, file.name, version)
    for bucket, goal_objects, present in (
        (deployed.bucket, goal.dags, dags.present),
        (artifacts_bucket, goal.artifacts, artifacts.present),
    ):
        for key in _different(goal_objects, present):
            _require(target.s3, bucket, key, goal_objects[key].version)
    if goal.pinned != record.pinned:
        lock.require()
        update_versions(target, goal.pinned, say, timeout)
        record.pinned, record.updated_environment = goal.pinned, True
        say("environment updated")
    else:
        say("environment update not needed")
    _bring_back(target.s3, artifacts_bucket, goal.artifacts, artifacts, record.artifacts, lock)
    changed = _bring_back(target.s3, deployed.bucket, goal.dags, dags, record.dags, lock)
    say(f"dags: {changed} brought back or deleted")


def _bring_back(
    s3: Any, bucket: str, goal: Mapping[str, StoredObject], now: Folder, record: dict[str, StoredObject], lock: Lock
) -> int:
    keys = sorted(_different(goal, now.present), key=lambda key: deploy_order(key.removeprefix(DAGS_PREFIX)))
    for _, stage in in_stages(keys):
        for key in stage:
            lock.require()
            source = {"Bucket": bucket, "Key": key, "VersionId": goal[key].version}
            copied = s3.copy_object(Bucket=bucket, Key=key, CopySource=source)
            etag = copied["CopyObjectResult"]["ETag"].strip('"')
            record[key] = StoredObject(copied.get("VersionId", ""), etag, goal[key].sha256)
    gone = sorted(now.present.keys() - goal.keys())
    for key in gone:
        lock.require()
        s3.delete_object(Bucket=bucket, Key=key)
        record.pop(key, None)
    return len(keys) + len(gone)


def _different(goal: Mapping[str, StoredObject], present: Mapping[str, StoredObject]) -> list[str]:
    return [key for key, item in goal.items() if key not in present or present[key].sha256 != item.sha256]


def _require(s3: Any, bucket: str, key: str, version: str) -> None:
    try:
        s3.head_object(Bucket=bucket, Key=key, VersionId=version)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        raise DeployError(
            f"version {version} of s3://{bucket}/{key} is gone (old versions are kept for a time, see "
            "OldVersionRetentionDays): check out that commit and deploy it instead. Nothing was changed"
        ) from error
