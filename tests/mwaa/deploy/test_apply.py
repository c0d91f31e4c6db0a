"""Deployments to the emulated MWAA: what is updated, what is uploaded, and what a failure leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from mwaa.deploy.apply import apply
from mwaa.deploy.deployed import load_deployed
from mwaa.deploy.errors import DeployError, DeployFailed
from mwaa.deploy.lock import KEY, held
from mwaa.deploy.rollback import roll_back
from mwaa.deploy.status import describe
from mwaa.deploy.target import Target
from tests.conftest import REPOSITORY
from tests.mwaa.deploy.conftest import DAG, Repository


class TestWhatIsDone:
    def test_first_deployment_is_one_update_and_the_next_nothing(self, repository: Repository) -> None:
        assert repository.deploy()
        assert "environment updated" in repository.said
        deployed = repository.deployed()
        assert deployed.status == "AVAILABLE"
        assert all(deployed.pinned_versions().values())
        assert repository.dag_keys() == [
            "dags/first_daily.py", "dags/lake/__init__.py", "dags/lake/words.py", "dags/second_daily.py",
        ]  # fmt: skip
        artifacts = repository.target.s3.list_objects_v2(Bucket=repository.target.name("artifacts"))["Contents"]
        assert [item["Key"] for item in artifacts] == ["glue_jobs/clean/job.py", "glue_jobs/glue_jobs.zip"]

        before, updated_at = repository.versions(), repository.updates()
        assert not repository.deploy()
        assert repository.versions() == before
        assert repository.updates() == updated_at

    def test_dag_edit_takes_no_update_and_one_upload(self, repository: Repository) -> None:
        repository.deploy()
        before, updated_at = repository.versions(), repository.updates()
        repository.write("dags/lake/words.py", 'WORD = "two"\n')
        assert repository.deploy()
        assert [key for key, _ in repository.versions() - before] == ["dags/lake/words.py"]
        assert repository.updates() == updated_at
        assert repository.content("dags/lake/words.py") == 'WORD = "two"\n'

    def test_plugin_edit_takes_one_update(self, repository: Repository) -> None:
        repository.deploy()
        before, pins = repository.versions(), repository.pins()
        repository.write("plugins/word_plugin.py", "WORD = 2\n")
        repository.deploy()
        assert [key for key, _ in repository.versions() - before] == ["plugins.zip"]
        now = repository.pins()
        assert {name for name in now if now[name] != pins[name]} == {"PluginsVersion"}

    def test_removed_plugins_are_taken_from_the_environment(self, repository: Repository) -> None:
        repository.deploy()
        repository.remove("plugins/word_plugin.py")
        repository.deploy()
        assert repository.pins()["PluginsVersion"] == ""
        assert "PluginsS3Path" not in repository.deployed().environment

    def test_removed_dag_is_deleted_and_modules_come_before_dag_files(self, repository: Repository) -> None:
        repository.deploy()
        repository.remove("dags/second_daily.py")
        repository.write("dags/third_daily.py", DAG.format(name="third_daily"))
        repository.write("dags/lake/letters.py", "A = 1\n")
        repository.deploy()
        assert "dags/second_daily.py" not in repository.dag_keys()
        listed = repository.target.s3.list_object_versions(Bucket=repository.deployed().bucket, Prefix="dags/")
        written = {item["Key"]: item["LastModified"] for item in listed["Versions"] if item["IsLatest"]}
        assert written["dags/lake/letters.py"] <= written["dags/third_daily.py"]
        (marker,) = [item for item in listed["DeleteMarkers"] if item["Key"] == "dags/second_daily.py"]
        assert written["dags/third_daily.py"] <= marker["LastModified"]

    def test_reverting_uploads_nothing(self, repository: Repository) -> None:
        repository.deploy()
        first = repository.pins()
        repository.write("plugins/word_plugin.py", "WORD = 3\n")
        repository.deploy()
        before = repository.versions()
        repository.write("plugins/word_plugin.py", "WORD = 1\n")
        repository.deploy()
        assert repository.versions() == before
        assert repository.pins() == first


class TestFailures:
    def test_failing_update_leaves_dags_artifacts_and_environment_as_they_were(self, repository: Repository) -> None:
        repository.deploy()
        pins, content = repository.pins(), repository.content("dags/lake/words.py")
        repository.write("dags/lake/words.py", 'WORD = "never"\n')
        repository.write("glue_jobs/clean/job.py", "print('never')\n")
        repository.write("plugins/word_plugin.py", "WORD = 4\n")
        repository.order("next-update", "UPDATE_FAILED INTERNAL_ERROR The workers did not come up")
        with pytest.raises(DeployFailed, match="INTERNAL_ERROR: The workers did not come up"):
            repository.deploy()
        assert repository.pins() == pins
        assert repository.content("dags/lake/words.py") == content
        bucket = repository.target.name("artifacts")
        job = repository.target.s3.get_object(Bucket=bucket, Key="glue_jobs/clean/job.py")["Body"].read()
        assert job == b"print(1)\n"
        last = repository.deployed().records.newest_first(1)[0]
        assert last.result == "failed"
        assert "did not come up" in last.error

        # Reverting is all it takes: nothing to upload, nothing to update.
        repository.write("plugins/word_plugin.py", "WORD = 1\n")
        before, updated_at = repository.versions(), repository.updates()
        repository.deploy()
        assert {key for key, _ in repository.versions() - before} == {"dags/lake/words.py"}
        assert repository.updates() == updated_at

    def test_a_failure_names_its_own_reason_and_not_that_of_the_one_before(self, repository: Repository) -> None:
        # Both may fall into one second, and the clock here is not AWS's.
        repository.deploy()
        repository.write("plugins/word_plugin.py", "WORD = 6\n")
        for order, other in (("no workers", "no subnets"), ("no subnets", "no workers")):
            repository.order("next-update", f"UPDATE_FAILED INTERNAL_ERROR {order}")
            with pytest.raises(DeployFailed, match=order) as failure:
                repository.deploy()
            assert other not in str(failure.value)

    def test_environment_that_was_not_restored_is_reported(self, repository: Repository) -> None:
        repository.deploy()
        repository.write("plugins/word_plugin.py", "WORD = 5\n")
        repository.order("next-update", "UNAVAILABLE INTERNAL_ERROR No subnet is left")
        try:
            with pytest.raises(DeployFailed, match=r"environment UNAVAILABLE.*No subnet is left"):
                repository.deploy()
            with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_FAILED|is UNAVAILABLE"):
                repository.deploy()
        finally:
            _make_again(repository.target)

    def test_startup_script_that_ends_bash_fails_the_update(self, repository: Repository) -> None:
        repository.deploy()
        pins = repository.pins()
        repository.write("mwaa/startup.sh", "set -e\nfalse\n")
        with pytest.raises(DeployFailed, match="INCORRECT_CONFIGURATION"):
            repository.deploy()
        assert repository.pins() == pins

    def test_failing_pip_leaves_the_environment_available(self, repository: Repository) -> None:
        # What makes `check` and `smoke` necessary.
        repository.write("requirements.txt", "no-such-package-of-anybody==1.0\n")
        repository.deploy()
        deployed = repository.deployed()
        assert deployed.status == "AVAILABLE"
        group = f"airflow-{repository.target.environment}-Worker"
        events = repository.target.logs.filter_log_events(logGroupName=group)["events"]
        assert any("no-such-package-of-anybody" in event["message"] for event in events)

    def test_unversioned_bucket_is_refused(self, repository: Repository) -> None:
        repository.deploy()
        bucket = repository.deployed().bucket
        versioning = repository.target.s3.put_bucket_versioning
        versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        try:
            repository.write("dags/lake/words.py", 'WORD = "lost"\n')
            with pytest.raises(DeployError, match="has no versioning"):
                repository.deploy()
            assert repository.content("dags/lake/words.py") != 'WORD = "lost"\n'
        finally:
            versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def test_environment_that_does_not_exist(self, repository: Repository) -> None:
        with pytest.raises(DeployError, match="There is no MWAA environment sluice-nowhere"):
            apply(repository.project, Target("sluice", "nowhere"), "3.3.1", [], print, 10)

    def test_environment_of_another_version(self, repository: Repository) -> None:
        with pytest.raises(DeployError, match=r"runs Airflow 3\.3\.1, the repository was checked for 3\.2\.1"):
            apply(repository.project, repository.target, "3.2.1", [], print, 10)


class TestTwoAtOnce:
    def test_second_deployment_is_refused_and_says_who_is_first(self, repository: Repository) -> None:
        repository.deploy()
        bucket = repository.deployed().bucket
        with (
            held(repository.target.s3, bucket),
            pytest.raises(DeployError, match=rf"is deploying since .*{os.getpid()}"),
        ):
            repository.deploy()
        assert not repository.deploy()

    def test_lost_lock_stops_before_the_next_step(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mwaa.deploy.lock._RENEW_SECONDS", 0.1)
        repository.deploy()
        s3, bucket = repository.target.s3, repository.deployed().bucket
        with held(s3, bucket) as lock:
            s3.put_object(Bucket=bucket, Key=KEY, Body=b"{}")
            deadline = time.monotonic() + 10
            while not lock.lost and time.monotonic() < deadline:
                time.sleep(0.05)
            with pytest.raises(DeployError, match="lock was lost"):
                lock.require()
        s3.delete_object(Bucket=bucket, Key=KEY)

    def test_killed_deployment_is_taken_over_and_finished(
        self, repository: Repository, credentials: dict[str, str]
    ) -> None:
        repository.deploy()
        repository.order("update-seconds", "3")
        repository.write("plugins/word_plugin.py", "WORD = 6\n")
        repository.write("dags/lake/words.py", 'WORD = "after the kill"\n')
        try:
            _kill_while_updating(repository, credentials)
            assert repository.content("dags/lake/words.py") != 'WORD = "after the kill"\n'
            repository.deploy()
        finally:
            arn = repository.deployed().environment["Arn"]
            repository.target.mwaa.untag_resource(ResourceArn=arn, tagKeys=["sluice:update-seconds"])
        assert repository.content("dags/lake/words.py") == 'WORD = "after the kill"\n'
        # The update that was under way was waited for, not begun again.
        assert any("UPDATE_IN_PROGRESS" in line for line in repository.said)
        assert "environment updated" not in repository.said
        assert describe(repository.project, repository.target)["drift"] == []


class TestRollback:
    def test_rollback_restores_versions_dags_and_artifacts(self, repository: Repository) -> None:
        repository.deploy()
        pins, first = repository.pins(), repository.deployed().last
        assert first is not None
        repository.write("plugins/word_plugin.py", "WORD = 7\n")
        repository.write("dags/lake/words.py", 'WORD = "bad"\n')
        repository.write("dags/bad_daily.py", DAG.format(name="bad_daily"))
        repository.remove("dags/second_daily.py")
        repository.write("glue_jobs/clean/job.py", "print('bad')\n")
        repository.deploy()
        said: list[str] = []
        restored = roll_back(repository.target, None, said.append, 120)
        assert restored.name == first.name
        assert repository.pins() == pins
        assert repository.content("dags/lake/words.py") == 'WORD = "one"\n'
        assert "dags/second_daily.py" in repository.dag_keys()
        assert "dags/bad_daily.py" not in repository.dag_keys()
        bucket = repository.target.name("artifacts")
        job = repository.target.s3.get_object(Bucket=bucket, Key="glue_jobs/clean/job.py")["Body"].read()
        assert job == b"print(1)\n"
        last = repository.deployed().last
        assert last is not None
        assert last.restored == first.name

    def test_rollback_of_dags_only_takes_no_update(self, repository: Repository) -> None:
        repository.deploy()
        repository.write("dags/lake/words.py", 'WORD = "worse"\n')
        repository.deploy()
        updated_at = repository.updates()
        roll_back(repository.target, None, lambda line: None, 120)
        assert repository.updates() == updated_at
        assert repository.content("dags/lake/words.py") == 'WORD = "one"\n'

    def test_unknown_and_failed_records_are_refused(self, repository: Repository) -> None:
        repository.deploy()
        with pytest.raises(DeployError, match="There is no deploy record 2020"):
            roll_back(repository.target, "2020", lambda line: None, 120)
        repository.write("plugins/word_plugin.py", "WORD = 8\n")
        repository.order("next-update", "UPDATE_FAILED INTERNAL_ERROR no")
        with pytest.raises(DeployFailed):
            repository.deploy()
        failed = repository.deployed().records.names()[-1]
        with pytest.raises(DeployError, match="of a deployment that failed"):
            roll_back(repository.target, failed, lambda line: None, 120)


def test_drift_is_shown_and_healed(repository: Repository) -> None:
    repository.deploy()
    target, bucket = repository.target, repository.deployed().bucket
    assert describe(repository.project, target)["drift"] == []
    target.s3.put_object(Bucket=bucket, Key="dags/lake/words.py", Body=b"WORD = 'by hand'\n")
    version = target.s3.put_object(Bucket=bucket, Key="startup.sh", Body=b"export BY=hand\n")["VersionId"]
    target.mwaa.update_environment(
        Name=target.environment, StartupScriptS3Path="startup.sh", StartupScriptS3ObjectVersion=version
    )
    while load_deployed(target).status == "UPDATING":
        time.sleep(0.1)
    drift = "\n".join(describe(repository.project, target)["drift"])
    assert f"startup.sh: the environment runs {version}, its stack says" in drift
    assert "dags/lake/words.py was changed by somebody else" in drift

    repository.deploy()
    assert describe(repository.project, target)["drift"] == []
    assert repository.content("dags/lake/words.py") == 'WORD = "one"\n'


def _kill_while_updating(repository: Repository, credentials: dict[str, str]) -> None:
    command = [sys.executable, "-m", "mwaa.deploy", "apply", "--env", "deploying", "--project", str(repository.root)]
    environment = os.environ | credentials | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while repository.deployed().status != "UPDATING":
            assert process.poll() is None, "the deployment ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _make_again(target: Target) -> None:
    """Delete the environment behind CloudFormation's back and create it as the stack describes it."""
    described = load_deployed(target).environment
    target.mwaa.delete_environment(Name=target.environment)
    while target.environment in target.mwaa.list_environments()["Environments"]:
        time.sleep(0.1)
    shape = target.mwaa.meta.service_model.operation_model("CreateEnvironment").input_shape
    given = {name: described[name] for name in shape.members if name in described and name != "LoggingConfiguration"}
    given["LoggingConfiguration"] = {
        name: {"Enabled": True, "LogLevel": item["LogLevel"]}
        for name, item in described["LoggingConfiguration"].items()
    }
    target.mwaa.create_environment(**given)
    while load_deployed(target).status == "CREATING":
        time.sleep(0.1)
