"""Templates that are too long for a request are read from S3, with the caller's rights."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mwaa.templates import LONGEST_BODY, template_argument
from tests.conftest import LocalAws
from tests.local import rights

BODY = "Resources: {Alerts: {Type: AWS::SNS::Topic}}\n"
NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
LONG = BODY + "# " + "x" * LONGEST_BODY


@pytest.fixture(scope="module")
def bucket(local_aws: LocalAws) -> str:
    s3, name = local_aws.client("s3"), f"test-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key, body in {"long.yaml": LONG, "a folder/long.yaml": LONG, "huge.yaml": BODY + "#" * 1_000_000}.items():
        s3.put_object(Bucket=name, Key=key, Body=body.encode())
    s3.put_object(Bucket=name, Key="bytes.yaml", Body=b"\xff\xfe")
    return name


def validate(local_aws: LocalAws, principal: str = "local-admin", **arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = local_aws.client("cloudformation", principal).validate_template(**arguments)
    return answer


@pytest.mark.parametrize(
    "url",
    [
        "https://{bucket}.s3.amazonaws.com/long.yaml",
        "https://{bucket}.s3.us-east-1.amazonaws.com/long.yaml",
        "https://{bucket}.s3.us-east-1.amazonaws.com/a%20folder/long.yaml",
        "https://s3.amazonaws.com/{bucket}/long.yaml",
        "https://s3.us-east-1.amazonaws.com/{bucket}/long.yaml",
        "https://s3-us-east-1.amazonaws.com/{bucket}/a%20folder/long.yaml",
    ],
)
def test_forms_of_an_object_s_address(local_aws: LocalAws, bucket: str, url: str) -> None:
    assert "Parameters" in validate(local_aws, TemplateURL=url.format(bucket=bucket))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://{bucket}.s3.amazonaws.com/long.yaml", "TemplateURL must be a supported URL."),
        ("s3://{bucket}/long.yaml", "TemplateURL must be a supported URL."),
        ("https://example.com/long.yaml", "Domain name specified in example.com is not a valid S3 domain"),
        ("https://s3.amazonaws.com/{bucket}", "TemplateURL must reference a valid S3 object"),
        ("https://{bucket}.s3.amazonaws.com/nothing.yaml", "S3 error: The specified key does not exist."),
        ("https://{bucket}.s3.amazonaws.com/huge.yaml", "Template may not exceed 1000000 bytes in size."),
        ("https://{bucket}.s3.amazonaws.com/bytes.yaml", "not UTF-8"),
    ],
)
def test_what_is_no_template(local_aws: LocalAws, bucket: str, url: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        validate(local_aws, TemplateURL=url.format(bucket=bucket))
    assert refusal.value.response["Error"]["Code"] == "ValidationError"


def test_a_version_of_the_object(local_aws: LocalAws, bucket: str) -> None:
    s3 = local_aws.client("s3")
    first = s3.put_object(Bucket=bucket, Key="versions.yaml", Body=BODY.encode())["VersionId"]
    s3.put_object(Bucket=bucket, Key="versions.yaml", Body=b"Resources: {}")
    url = f"https://{bucket}.s3.amazonaws.com/versions.yaml"
    assert "Parameters" in validate(local_aws, TemplateURL=f"{url}?versionId={first}")
    with pytest.raises(ClientError, match="At least one Resources member"):
        validate(local_aws, TemplateURL=url)


def test_the_caller_must_be_allowed_to_read_it(local_aws: LocalAws, bucket: str) -> None:
    iam, role = local_aws.client("iam"), f"test-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=NOBODY)
    rights.give(iam, role, rights.allow("cloudformation:ValidateTemplate"))
    url = f"https://{bucket}.s3.amazonaws.com/long.yaml"
    with pytest.raises(ClientError, match=r"S3 error: Access Denied") as refusal:
        validate(local_aws, role, TemplateURL=url)
    assert 400 <= refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    rights.give(iam, role, rights.allow("cloudformation:ValidateTemplate"), *rights.use_bucket(bucket))
    assert "Parameters" in validate(local_aws, role, TemplateURL=url)
    rights.take_all(iam, role)
    iam.delete_role(RoleName=role)


def test_body_and_url_exclude_each_other(local_aws: LocalAws, bucket: str) -> None:
    url = f"https://{bucket}.s3.amazonaws.com/long.yaml"
    for arguments in ({}, {"TemplateBody": BODY, "TemplateURL": url}):
        with pytest.raises(ClientError, match=r"Either Template URL or Template Body must be specified\."):
            validate(local_aws, **arguments)


def test_what_is_too_long_for_a_request_goes_through_the_bucket(local_aws: LocalAws, bucket: str) -> None:
    s3 = local_aws.client("s3")
    assert template_argument(BODY, s3, "no-such-bucket", "us-east-1") == {"TemplateBody": BODY}
    with pytest.raises(ClientError, match="less than or equal to 51200"):
        validate(local_aws, TemplateBody=LONG)
    first, again = (template_argument(LONG, s3, bucket, "us-east-1") for _ in range(2))
    assert first == again
    assert "Parameters" in validate(local_aws, **first)
    versions = s3.list_object_versions(Bucket=bucket, Prefix="cloudformation/")["Versions"]
    assert len(versions) == 1, "the same template is uploaded once"
