"""The lake's template as a document: linted, deployable without a bucket, with the names that the DAGs expect."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.services.cloudformation.analysis import check_template
from local.services.cloudformation.resources import RESOURCE_TYPES
from local.services.cloudformation.template import parse_template

TEMPLATE = Path(__file__).parents[2] / "mwaa" / "cloudformation" / "lake.yaml"
LAKE = parse_template(TEMPLATE.read_text(encoding="utf-8"))
LINT = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "eu-west-1", "--"]


def resources(type_name: str) -> dict[str, Any]:
    return {name: item.properties for name, item in LAKE.resources.items() if item.type_name == type_name}


def statements() -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every identity policy, with its place."""
    found = []
    for name, properties in resources("AWS::IAM::Role").items():
        for policy in properties.get("Policies", []):
            found += [(f"{name}.{item['Sid']}", item) for item in policy["PolicyDocument"]["Statement"]]
    for name, properties in resources("AWS::IAM::ManagedPolicy").items():
        found += [(f"{name}.{item['Sid']}", item) for item in properties["PolicyDocument"]["Statement"]]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_linter_finds_a_planted_fault(tmp_path: Path) -> None:
    broken = tmp_path / "lake.yaml"
    broken.write_text(TEMPLATE.read_text(encoding="utf-8").replace("WorkerType: G.1X", "WorkerKind: G.1X"))
    done = subprocess.run([*LINT, str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "WorkerKind" in done.stdout


def test_linter_finds_nothing() -> None:
    done = subprocess.run([*LINT, str(TEMPLATE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_fits_into_a_request() -> None:
    """CreateStack takes 51,200 bytes; a longer template needs a bucket before there is one."""
    assert len(TEMPLATE.read_bytes()) <= 51_200


def test_the_laptop_applies_all_of_it() -> None:
    check_template(LAKE, RESOURCE_TYPES)


@pytest.mark.parametrize("bucket", resources("AWS::S3::Bucket"))
def test_bucket_is_private_versioned_and_tls_only(bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    policies = [item for item in resources("AWS::S3::BucketPolicy").values() if item["Bucket"] == {"Ref": bucket}]
    (statement,) = policies[0]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


@pytest.mark.parametrize("name", sorted(LAKE.resources))
def test_what_holds_data_outlives_the_stack(name: str) -> None:
    item = LAKE.resources[name]
    holds_data = {
        "AWS::S3::Bucket",
        "AWS::Glue::Database",
        "AWS::RedshiftServerless::Namespace",
        "AWS::SecretsManager::Secret",
    }
    # A connection's secret holds a role's name only; kept, it would be in the way of the next stack.
    keep = item.type_name in holds_data and name != "LakeFormationConnection"
    expected = ("RetainExceptOnCreate", "Retain") if keep else ("Delete", "Delete")
    assert (item.deletion_policy, item.update_replace_policy) == expected


# Actions of services that know no finer resource, or calls whose resource is confined by a condition.
RESOURCE_MAY_BE_A_STAR = {
    "lakeformation:": "Lake Formation has no resource types; its grants decide",
    "glue:GetCrawlerMetrics": "has no resource type",
    "redshift-data:": "statements have no ARN; the condition confines them to the caller's own",
    "cloudwatch:PutMetricData": "has no resource type; the condition confines the namespace",
}


@pytest.mark.parametrize(("place", "statement"), statements(), ids=[place for place, _ in statements()])
def test_statement_is_as_narrow_as_aws_allows(place: str, statement: dict[str, Any]) -> None:
    actions = as_list(statement["Action"])
    assert not [action for action in actions if "*" in action], "name the actions"
    if statement["Resource"] == "*":
        for action in actions:
            assert any(action.startswith(known) for known in RESOURCE_MAY_BE_A_STAR), action
            if action.startswith("redshift-data:"):
                assert "redshift-data:statement-owner-iam-userid" in statement["Condition"]["StringEquals"]


def test_personas_have_no_right_on_a_zone() -> None:
    policy = resources("AWS::IAM::ManagedPolicy")["PersonaPolicy"]["PolicyDocument"]["Statement"]
    for statement in policy:
        if any(action.startswith("s3:") for action in as_list(statement["Action"])):
            assert "AthenaBucket" in str(statement["Resource"])
    for role in ("DataEngineerRole", "UkAnalystRole", "OutsiderRole"):
        properties = resources("AWS::IAM::Role")[role]
        assert "Policies" not in properties
        assert properties["ManagedPolicyArns"] == [{"Ref": "PersonaPolicy"}]
        assert LAKE.resources[role].condition == "HasPersonas"


def test_only_the_permission_tasks_administer_lake_formation() -> None:
    admins = LAKE.resources["LakeSettings"].properties["Admins"]
    assert admins == [
        {"DataLakePrincipalIdentifier": {"Ref": "DeployerArn"}},
        {"DataLakePrincipalIdentifier": {"Fn::GetAtt": ["LakeAdminRole", "Arn"]}},
    ]
    trust = LAKE.resources["LakeAdminRole"].properties["AssumeRolePolicyDocument"]["Statement"]
    assert [item["Principal"] for item in trust] == [{"AWS": {"Fn::GetAtt": ["AirflowRole", "Arn"]}}]


def test_results_and_artifacts_are_not_governed() -> None:
    registered = {
        str(item["ResourceArn"]["Fn::GetAtt"][0]) for item in resources("AWS::LakeFormation::Resource").values()
    }
    assert registered == {f"{zone}Bucket" for zone in ("Landing", "Staging", "Curated", "Quarantine", "Governance")}


def test_every_parameter_is_described_and_used() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, declared in LAKE.parameters.items():
        assert declared["Description"].strip(), name
        assert re.search(rf"(!Ref |\$\{{){name}\b", text), f"parameter {name} is used nowhere"
