"""A small repository and an MWAA environment of its own on the local AWS, to deploy the one to the other."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mwaa.deploy.apply import apply
from mwaa.deploy.deployed import Deployed, load_deployed
from mwaa.deploy.project import Project
from mwaa.deploy.stacks import deploy_stacks
from mwaa.deploy.target import Target
from tests.conftest import REPOSITORY, LocalAws

ENV = "deploying"
AWS_VARIABLES = (
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED",
)  # fmt: skip
DAG = """
import pendulum
from airflow.sdk import DAG, task
from lake.words import WORD

with DAG(dag_id="{name}", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    @task
    def say():
        print(WORD)
    say()
"""
_TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture(scope="session")
def credentials(local_aws: LocalAws) -> Iterator[dict[str, str]]:
    """The deploy tool finds the local AWS as it finds AWS: in the environment."""
    from local.environment import aws_variables

    found = aws_variables(local_aws.settings, "local-admin")
    variables = {name: found[name] for name in AWS_VARIABLES}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        yield variables


@pytest.fixture(scope="session")
def target(local_aws: LocalAws, credentials: dict[str, str]) -> Iterator[Target]:
    """An environment made by the very template, beside the laptop's own."""
    target = Target(local_aws.settings.prefix, ENV)
    _remove(local_aws, target)  # what a session that was killed has left on a shared local AWS
    try:
        _make(local_aws, target)
        yield target
    finally:
        _remove(local_aws, target)


def _make(aws: LocalAws, target: Target) -> None:
    iam, s3 = aws.client("iam"), aws.client("s3")
    iam.create_role(RoleName=target.name("airflow"), AssumeRolePolicyDocument=json.dumps(_TRUST))
    s3.create_bucket(Bucket=target.name("artifacts"))
    s3.put_bucket_versioning(Bucket=target.name("artifacts"), VersioningConfiguration={"Status": "Enabled"})
    parameters = {
        "PrivateSubnetIds": "subnet-0a0a0a0a,subnet-0b0b0b0b",
        "MwaaSecurityGroupId": "sg-0c0c0c0c",
        "DataKeyArn": aws.client("kms").describe_key(KeyId=f"alias/{aws.name('')[:-1]}")["KeyMetadata"]["Arn"],
        "EnvironmentClass": "mw1.micro",
    }
    sections = {"environment": {"Prefix": target.prefix, "Env": ENV}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mwaa.deploy.stacks.stack_parameters", lambda root, env: sections)
        deploy_stacks(REPOSITORY, ENV, target, ["environment"], parameters, lambda line: None, 120)


def _remove(aws: LocalAws, target: Target) -> None:
    cloudformation, s3, iam = aws.client("cloudformation"), aws.client("s3"), aws.client("iam")
    for stack in (target.name("github-oidc"), target.stack):
        cloudformation.delete_stack(StackName=stack)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    present = {item["Name"] for item in s3.list_buckets()["Buckets"]}
    for bucket in present & {f"{target.environment}-mwaa", target.name("artifacts")}:
        empty(s3, bucket)
        s3.delete_bucket(Bucket=bucket)
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_role(RoleName=target.name("airflow"))


def empty(s3: Any, bucket: str) -> None:
    """Delete every version of everything."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])


@dataclass
class Repository:
    """A repository that is edited and deployed.

    :param root: where it is.
    :param target: where it is deployed to.
    :ivar said: the lines of the last deployment.
    """

    root: Path
    target: Target
    said: list[str] = field(default_factory=list)

    def write(self, path: str, content: str) -> None:
        """Edit a file and commit."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(content)
        self.commit()

    def remove(self, path: str) -> None:
        """Delete a file and commit."""
        (self.root / path).unlink()
        self.commit()

    def commit(self) -> None:
        """Commit everything."""
        git(self.root, "add", "-A")
        git(self.root, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "edit", "--allow-empty")

    @property
    def project(self) -> Project:
        """The repository as it is now."""
        return Project(self.root)

    def deploy(self) -> bool:
        """Deploy without the checks that need an import of Airflow (they have tests of their own)."""
        self.said = []
        names = sorted(path.stem for path in (self.root / "dags").glob("*.py"))
        return apply(self.project, self.target, "3.3.1", names, self.said.append, 120)

    def deployed(self) -> Deployed:
        """What runs now."""
        return load_deployed(self.target)

    def pins(self) -> dict[str, str]:
        """Versions that the environment is pinned to."""
        return self.deployed().pinned_versions()

    def content(self, key: str) -> str:
        """An object of the source bucket."""
        body = self.target.s3.get_object(Bucket=f"{self.target.environment}-mwaa", Key=key)["Body"]
        return str(body.read().decode())

    def dag_keys(self) -> list[str]:
        """Keys of the source bucket's DAG folder."""
        listed = self.target.s3.list_objects_v2(Bucket=f"{self.target.environment}-mwaa", Prefix="dags/")
        return [item["Key"] for item in listed.get("Contents", ())]

    def versions(self) -> set[tuple[str, str]]:
        """Every version of everything but records and the lock: grows with each upload."""
        listed = self.target.s3.list_object_versions(Bucket=f"{self.target.environment}-mwaa")
        items = (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
        return {(item["Key"], item["VersionId"]) for item in items if not item["Key"].startswith("deploys/")}

    def updates(self) -> float:
        """When the environment was last updated."""
        update = self.deployed().environment["LastUpdate"]
        return float(update["CreatedAt"].timestamp())

    def order(self, name: str, value: str) -> None:
        """Order a failure from the emulator (local/services/mwaa/failure_injection.py)."""
        arn = self.deployed().environment["Arn"]
        self.target.mwaa.tag_resource(ResourceArn=arn, Tags={f"sluice:{name}": value})


def git(root: Path, *arguments: str) -> None:
    """Run git."""
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def make_repository(root: Path, target: Target) -> Repository:
    """A committed repository with everything that a deployment knows."""
    repository = Repository(root, target)
    git(root.parent, "init", "-q", str(root))
    for path, content in {
        ".gitignore": "build/\n__pycache__/\n",
        "requirements.txt": "apache-airflow==3.3.1\n",
        "plugins/word_plugin.py": "WORD = 1\n",
        "mwaa/startup.sh": "export GREETING=hello\n",
        "dags/lake/__init__.py": "",
        "dags/lake/words.py": 'WORD = "one"\n',
        "dags/first_daily.py": DAG.format(name="first_daily"),
        "dags/second_daily.py": DAG.format(name="second_daily"),
        "glue_jobs/clean/job.py": "print(1)\n",
        "mwaa/cloudformation/parameters/deploying.json": json.dumps(
            {
                "environment": [
                    {"ParameterKey": "Prefix", "ParameterValue": target.prefix},
                    {"ParameterKey": "Env", "ParameterValue": target.env},
                ]
            }
        ),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    shutil.copytree(REPOSITORY / "mwaa" / "constraints", root / "mwaa" / "constraints")
    repository.commit()
    return repository


@pytest.fixture
def repository(tmp_path: Path, target: Target) -> Repository:
    """A repository that is not deployed yet."""
    (tmp_path / "repository").mkdir()
    return make_repository(tmp_path / "repository", target)
