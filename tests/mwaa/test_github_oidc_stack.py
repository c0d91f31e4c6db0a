"""github-oidc.yaml on the local AWS: read back, nothing to do, changed, deleted; who may assume the role, for what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import stack
from tests.conftest import LocalAws
from tests.mwaa.readback import stack_differences

TEMPLATE = Path(__file__).parents[2] / "mwaa" / "cloudformation" / "github-oidc.yaml"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
ENV = "oidctest"
PARAMETERS = {"Prefix": "sluice", "Env": ENV, "Repository": "example/sluice"}
ROLE = f"sluice-{ENV}-deploy"


def deploy(aws: LocalAws, **changed: str) -> None:
    stack.deploy_template(aws.settings, TEMPLATE, PARAMETERS | changed)


@pytest.fixture(scope="module")
def deployed(local_aws: LocalAws) -> Iterator[LocalAws]:
    deploy(local_aws)
    yield local_aws
    local_aws.delete_stack("github-oidc")


def trust(aws: LocalAws) -> dict[str, Any]:
    role = aws.client("iam").get_role(RoleName=ROLE)["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


def statements(aws: LocalAws) -> dict[str, dict[str, Any]]:
    document = aws.client("iam").get_role_policy(RoleName=ROLE, PolicyName="deploy")["PolicyDocument"]
    return {item["Sid"]: item for item in document["Statement"]}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_provider_is_githubs_for_sts(deployed: LocalAws) -> None:
    provider = deployed.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert provider["Url"] == "token.actions.githubusercontent.com"
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]


def test_every_property_is_read_back(deployed: LocalAws) -> None:
    assert stack_differences(deployed, deployed.name("github-oidc")) == []


def test_one_environment_of_one_repository_may_assume_the_role(deployed: LocalAws) -> None:
    assert trust(deployed) == {
        "Sid": "OneEnvironmentOfOneRepository",
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": "repo:example/sluice:environment:production",
            }
        },
    }
    role = deployed.client("iam").get_role(RoleName=ROLE)["Role"]
    assert role["MaxSessionDuration"] == 7200
    assert role["Description"].startswith("GitHub Actions of example/sluice, environment production:")


def test_the_role_reaches_its_own_environment_only(deployed: LocalAws) -> None:
    for sid, statement in statements(deployed).items():
        for action in listed(statement["Action"]):
            assert "*" not in action, sid
        for resource in listed(statement["Resource"]):
            assert f"sluice-{ENV}-" in resource or resource.endswith((f"/sluice-{ENV}", f"/sluice-{ENV}/Op")), sid


def test_nothing_deployed_can_be_destroyed_and_no_role_changed(deployed: LocalAws) -> None:
    actions = {action for statement in statements(deployed).values() for action in listed(statement["Action"])}
    assert "s3:DeleteObjectVersion" not in actions
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}
    assert statements(deployed)["KeepExecutionRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "airflow.amazonaws.com"}
    }


def test_deploying_again_changes_nothing(deployed: LocalAws) -> None:
    client, name = deployed.client("cloudformation"), deployed.name("github-oidc")
    before = len(client.describe_stack_events(StackName=name)["StackEvents"])
    deploy(deployed)
    assert len(client.describe_stack_events(StackName=name)["StackEvents"]) == before


def test_another_repository_takes_the_first_ones_place(deployed: LocalAws) -> None:
    deploy(deployed, Repository="example/other", GitHubEnvironment="dev")
    subject = trust(deployed)["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:example/other:environment:dev"
    deploy(deployed)


@pytest.mark.parametrize("repository", ["example/*", "example", "*/*", "example/sluice:ref:refs/heads/main"])
def test_a_subject_that_matches_more_than_one_repository_is_refused(local_aws: LocalAws, repository: str) -> None:
    with pytest.raises(stack.StackFailed, match="Repository"):
        deploy(local_aws, Repository=repository)


def test_an_account_has_one_provider_so_the_second_environment_names_it(
    local_aws: LocalAws, deployed: LocalAws, tmp_path: Path
) -> None:
    second = tmp_path / "oidcsecond.yaml"
    second.write_text(TEMPLATE.read_text(encoding="utf-8"))
    parameters = PARAMETERS | {"Env": "oidcsecond"}
    client, name = local_aws.client("cloudformation"), local_aws.name("oidcsecond")
    with pytest.raises(stack.StackFailed, match="GitHubProvider"):
        stack.deploy_template(local_aws.settings, second, parameters)
    stack.deploy_template(local_aws.settings, second, parameters | {"ProviderArn": PROVIDER})
    resources = client.describe_stack_resources(StackName=name)["StackResources"]
    assert [item["LogicalResourceId"] for item in resources] == ["DeployRole"]
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    # The provider is the first stack's.
    assert deployed.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)


def test_deleting_removes_role_and_provider(deployed: LocalAws) -> None:
    deployed.delete_stack("github-oidc")
    iam = deployed.client("iam")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName=ROLE)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    deploy(deployed)
