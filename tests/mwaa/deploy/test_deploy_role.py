"""The deploy role of github-oidc.yaml: it can do everything that a deployment takes, and nothing beside."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.permissions.coverage import surplus
from local.permissions.recording import Recorder
from local.permissions.roles import deployed_roles
from mwaa.deploy.rollback import roll_back
from mwaa.deploy.stacks import deploy_stacks
from mwaa.deploy.status import describe
from mwaa.deploy.target import Target
from tests.conftest import REPOSITORY, LocalAws
from tests.mwaa.deploy.conftest import ENV, Repository

# Rights of the role that no recorded call shows -> why it has them.
NOT_SEEN = {
    "cloudformation:DescribeStackEvents": "tells why a deployment failed",
    "logs:FilterLogEvents": "tells why a smoke test failed",
    "airflow:UpdateEnvironment": "CloudFormation on AWS acts with its caller's rights, here as local-admin",
    "iam:PassRole": "the same",
    "s3:GetBucketVersioning": "the object store's record tells it from no other look at the bucket",
    "s3:ListBucketVersions": "the same",
    "s3:GetObjectVersion": "the object store's record does not tell it from s3:GetObject",
}


@pytest.fixture(scope="module")
def recorder(local_aws: LocalAws) -> Recorder:
    """What IAM decided while the role did its work."""
    return Recorder(local_aws.settings)


@pytest.fixture(scope="module")
def deploy_role(target: Target) -> str:
    """The stack with the role, and the role's name."""
    sections = {"github-oidc": {"Prefix": target.prefix, "Env": ENV, "Repository": "example/sluice"}}
    given = {"GitHubEnvironment": "production"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mwaa.deploy.stacks.stack_parameters", lambda root, env: sections)
        deploy_stacks(REPOSITORY, ENV, target, ["github-oidc"], given, lambda line: None, 120)
    return target.name("deploy")  # the stack is removed with the environment's


@pytest.fixture
def as_role(deploy_role: str, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository that is deployed with the role's key; the fixtures' own clients stay the administrator's."""
    from local.identity import access_key_for, secret_key_for

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_for(deploy_role))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key_for(deploy_role))
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    return Repository(repository.root, Target(repository.target.prefix, ENV))


def test_role_deploys_shows_and_rolls_back(as_role: Repository, deploy_role: str, recorder: Recorder) -> None:
    assert deploy_role in as_role.target.caller()
    with recorder.step("deployment"):
        as_role.deploy()
        pins = as_role.pins()
        as_role.write("plugins/word_plugin.py", "WORD = 'role'\n")
        as_role.write("dags/lake/words.py", "WORD = 'role'\n")
        as_role.remove("dags/second_daily.py")
        as_role.write("glue_jobs/clean/job.py", "print('role')\n")
        as_role.deploy()
        assert describe(as_role.project, as_role.target)["drift"] == []
        roll_back(as_role.target, None, lambda line: None, 120)
    assert as_role.pins() == pins


def test_role_may_call_the_rest_api(as_role: Repository, recorder: Recorder) -> None:
    # It gets as far as MWAA's own check of the path.
    with recorder.step("smoke"), pytest.raises(ClientError, match="a path of the REST API is expected"):
        as_role.target.mwaa.invoke_rest_api(Name=as_role.target.environment, Method="GET", Path="dags")


def test_role_has_no_right_that_no_deployment_needs(deploy_role: str, recorder: Recorder, local_aws: LocalAws) -> None:
    mine = [decision for decision in recorder.decisions if decision.role == deploy_role]
    assert mine, "the tests above record what this one compares"
    role = deployed_roles(local_aws.client("iam"), deploy_role)[deploy_role]
    left = [part for part in surplus([role], mine, deploy_role) if part.action not in NOT_SEEN]
    assert [str(part) for part in left] == []


def test_role_may_nothing_beside(as_role: Repository, local_aws: LocalAws) -> None:
    target = as_role.target
    for call, arguments in (
        (target.s3.list_objects_v2, {"Bucket": local_aws.name("landing")}),
        (target.s3.delete_object, {"Bucket": f"{target.environment}-mwaa", "Key": "startup.sh", "VersionId": "x"}),
        (target.mwaa.delete_environment, {"Name": target.environment}),
        (target.cloudformation.delete_stack, {"StackName": target.stack}),
        (target.mwaa.get_environment, {"Name": local_aws.name("")[:-1]}),
    ):
        with pytest.raises(ClientError, match=r"AccessDenied"):
            call(**arguments)
