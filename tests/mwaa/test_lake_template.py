"""The templates as documents: linted, whole for the laptop, with parameters that fit, private and encrypted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.services.cloudformation.analysis import check_template
from local.services.cloudformation.parameters import resolve_parameters
from local.services.cloudformation.resources import RESOURCE_TYPES
from local.services.cloudformation.template import parse_template
from mwaa.templates import LONGEST_BODY

TEMPLATE = Path(__file__).parents[2] / "mwaa" / "cloudformation" / "lake.yaml"
TEMPLATES = sorted(TEMPLATE.parent.glob("*.yaml"))
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
    done = subprocess.run([*LINT, *map(str, TEMPLATES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_bucket_of_templates_needs_no_bucket() -> None:
    """CreateStack takes 51,200 bytes; a longer template, up to a megabyte, needs a bucket before there is one."""
    assert len(TEMPLATE.with_name("templates.yaml").read_bytes()) <= LONGEST_BODY
    assert max(len(template.read_bytes()) for template in TEMPLATES) <= 1_000_000


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.stem)
def test_the_laptop_applies_all_of_it(template: Path) -> None:
    check_template(parse_template(template.read_text(encoding="utf-8")), RESOURCE_TYPES)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_parameter_files_fit_the_templates(environment: str) -> None:
    text = (TEMPLATE.parent / "parameters" / f"{environment}.json").read_text(encoding="utf-8")
    # Python takes the last of two sections of one name without a word.
    top_level = re.findall(r'^  "([a-z-]+)": \[$', text, re.MULTILINE)
    sections = json.loads(text)
    assert sorted(top_level) == sorted(sections) == sorted(template.stem for template in TEMPLATES)
    for stem, parameters in sections.items():
        declared = parse_template(TEMPLATE.with_name(f"{stem}.yaml").read_text(encoding="utf-8")).parameters
        given = {item["ParameterKey"]: item["ParameterValue"] for item in parameters}
        assert len(given) == len(parameters), f"{stem}: a parameter is given twice"
        assert given.keys() <= declared.keys(), stem
        # What earlier stacks and the deployer give is not in the file.
        resolve_parameters({name: declared[name] for name in given}, given)
        assert given["Env"] == environment, stem


@pytest.mark.parametrize("bucket", [name for name in resources("AWS::S3::Bucket") if name != "LogsBucket"])
def test_bucket_is_encrypted_with_the_key_and_its_access_is_logged(bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key = {"Fn::GetAtt": ["DataKey", "Arn"]}
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert rule == {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_default}
    assert properties["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": "LogsBucket"}
    # S3 checks the rights of its logging service when the setting is made.
    assert "LogsBucketPolicy" in LAKE.resources[bucket].depends_on


@pytest.mark.parametrize("group", resources("AWS::Logs::LogGroup"))
def test_log_group_is_short_and_encrypted(group: str) -> None:
    properties = resources("AWS::Logs::LogGroup")[group]
    assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert properties["KmsKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}


def test_the_key_serves_this_account_through_named_services_only() -> None:
    statements = {item["Sid"]: item for item in resources("AWS::KMS::Key")["DataKey"]["KeyPolicy"]["Statement"]}
    everybody = statements["ThroughServices"]
    assert everybody["Principal"] == {"AWS": "*"}
    assert everybody["Condition"]["StringEquals"]["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
    for statement in statements.values():
        if statement["Sid"] != "Administration":
            assert statement["Condition"], statement["Sid"]


# Where each type that keeps or sends data names its key.
KEY_OF = {
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::RedshiftServerless::Namespace": ("KmsKeyId",),
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration", "KmsKey",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, item in LAKE.resources.items() if item.type_name in KEY_OF])
def test_what_keeps_or_sends_data_uses_the_key(name: str) -> None:
    found = LAKE.resources[name].properties
    for step in KEY_OF[LAKE.resources[name].type_name]:
        found = found[step]
    assert found == {"Fn::GetAtt": ["DataKey", "Arn"]}


def test_the_key_is_rotated_and_jobs_and_their_logs_use_it() -> None:
    key = {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert resources("AWS::KMS::Key")["DataKey"]["EnableKeyRotation"] is True
    (security,) = resources("AWS::Glue::SecurityConfiguration").values()
    found = security["EncryptionConfiguration"]
    assert found["S3Encryptions"] == [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": key}]
    assert found["CloudWatchEncryption"] == {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": key}
    assert found["JobBookmarksEncryption"] == {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": key}
    for template in TEMPLATES:
        for name, item in parse_template(template.read_text(encoding="utf-8")).resources.items():
            if item.type_name in ("AWS::Glue::Job", "AWS::Glue::Crawler"):
                setting = (
                    "SecurityConfiguration" if item.type_name == "AWS::Glue::Job" else "CrawlerSecurityConfiguration"
                )
                assert item.properties.get(setting), f"{template.name}: {name} writes without the key"


def test_only_erasures_remove_old_versions() -> None:
    removing = {place for place, item in statements() if "s3:DeleteObjectVersion" in as_list(item["Action"])}
    assert removing == {"EraserRole.SearchAndRemove", "AirflowRole.CloseErasures"}
    (closing,) = [item for place, item in statements() if place == "AirflowRole.CloseErasures"]
    for resource in closing["Resource"]:
        assert re.search(r"/(erasure_requests|loads/forget_subject)/\*$", resource["Fn::Sub"])


@pytest.mark.parametrize("bucket", resources("AWS::S3::Bucket"))
def test_bucket_is_private_versioned_and_tls_only(bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    policies = [item for item in resources("AWS::S3::BucketPolicy").values() if item["Bucket"] == {"Ref": bucket}]
    statement, *others = policies[0]["PolicyDocument"]["Statement"]
    # Whoever else is named is a service, confined to this account.
    assert all(item["Principal"].keys() == {"Service"} and item["Condition"]["StringEquals"] for item in others)
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


@pytest.mark.parametrize("name", sorted(LAKE.resources))
def test_what_holds_data_outlives_the_stack(name: str) -> None:
    item = LAKE.resources[name]
    holds_data = {
        "AWS::S3::Bucket",
        "AWS::Glue::Database",
        "AWS::KMS::Key",
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
