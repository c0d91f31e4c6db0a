"""S3: who may touch which bucket, what the control plane keeps of a bucket, and that a kill loses no written object."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import uuid

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.identity import access_key_for
from local.services.s3 import seaweedfs
from local.services.s3.identities import granted_actions
from local.settings import load_settings

BUCKET = "arn:aws:s3:::lake"


def allow(actions: object, resources: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


# IAM statements -> SeaweedFS' actions
GRANTS = [
    pytest.param([allow("s3:GetObject", f"{BUCKET}/*")], {"Read:lake"}, id="read"),
    pytest.param([allow(["s3:PutObject"], f"{BUCKET}/*")], {"Write:lake"}, id="write"),
    pytest.param([allow("s3:DeleteObject", [f"{BUCKET}/*"])], {"Write:lake"}, id="delete"),
    pytest.param([allow("s3:ListBucket", BUCKET)], {"List:lake"}, id="list"),
    pytest.param([allow("s3:Get*", f"{BUCKET}/*")], {"Read:lake", "Tagging:lake"}, id="wildcard action"),
    pytest.param([allow("S3:GETOBJECT", f"{BUCKET}/*")], {"Read:lake"}, id="actions ignore case"),
    pytest.param([allow("s3:GetObject", f"{BUCKET}/a/*")], {"Read:lake/a/*"}, id="prefix"),
    pytest.param([allow("s3:GetObject", f"{BUCKET}/a/one")], {"Read:lake/a/one*"}, id="one key"),
    pytest.param([allow("s3:GetObject", "arn:aws:s3:::lake-*/*")], {"Read:lake-**"}, id="bucket pattern"),
    pytest.param([allow("s3:GetObject", "*")], {"Read"}, id="everywhere"),
    pytest.param(
        [allow("s3:*", f"{BUCKET}/*")], {"Admin:lake", "List:lake", "Read:lake", "Tagging:lake", "Write:lake"}, id="all"
    ),
    pytest.param([allow("glue:*", "*")], set(), id="another service"),
    pytest.param([allow("s3:GetObject", "arn:aws:glue:us-east-1:1:x")], set(), id="another service's resource"),
    pytest.param([allow("s3:ListAllMyBuckets", "*")], set(), id="an action that reads no bucket"),
    pytest.param([allow("s3:GetObject", "*", Condition={"Bool": {"a": "b"}})], set(), id="conditions grant nothing"),
    pytest.param([{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}], set(), id="deny grants nothing"),
    pytest.param([{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}], set(), id="NotAction"),
    pytest.param([], set(), id="nothing"),
]


@pytest.mark.parametrize(("statements", "actions"), GRANTS)
def test_iam_statements_become_bucket_rights(statements, actions):
    assert granted_actions(statements) == actions


@pytest.fixture(scope="module")
def buckets(local_aws):
    """Two buckets with one object each."""
    s3 = local_aws.client("s3")
    names = {}
    for use in ("open", "closed"):
        names[use] = f"test-{use}-{uuid.uuid4().hex[:8]}"
        s3.create_bucket(Bucket=names[use])
        s3.put_object(Bucket=names[use], Key="a/one", Body=b"1")
        s3.put_object(Bucket=names[use], Key="b/two", Body=b"2")
    return names


@pytest.fixture
def make_role(local_aws):
    iam = local_aws.client("iam")
    made: list[str] = []

    def make(*statements: dict[str, object]) -> str:
        name = f"test-{uuid.uuid4().hex[:12]}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        made.append(name)
        if statements:
            rights(name, *statements)
        return name

    def rights(name: str, *statements: dict[str, object]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=document)

    make.rights = rights
    yield make
    for name in made:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def code_of(call, **parameters) -> str:
    """Error code of a call, or "" when it works."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_role_reads_what_its_policy_allows_and_nothing_else(local_aws, buckets, make_role):
    opened = f"arn:aws:s3:::{buckets['open']}"
    role = make_role(allow("s3:GetObject", f"{opened}/a/*"), allow("s3:ListBucket", opened))
    s3 = local_aws.client("s3", role)

    assert code_of(s3.get_object, Bucket=buckets["open"], Key="a/one") == ""
    assert code_of(s3.list_objects_v2, Bucket=buckets["open"]) == ""
    assert code_of(s3.get_object, Bucket=buckets["open"], Key="b/two") == "AccessDenied"
    assert code_of(s3.put_object, Bucket=buckets["open"], Key="a/new", Body=b"") == "AccessDenied"
    assert code_of(s3.delete_object, Bucket=buckets["open"], Key="a/one") == "AccessDenied"
    assert code_of(s3.get_object, Bucket=buckets["closed"], Key="a/one") == "AccessDenied"
    assert code_of(s3.list_objects_v2, Bucket=buckets["closed"]) == "AccessDenied"
    assert code_of(s3.create_bucket, Bucket="test-more") == "AccessDenied"


def test_a_role_without_rights_reads_nothing(local_aws, buckets, make_role):
    s3 = local_aws.client("s3", make_role())
    assert code_of(s3.get_object, Bucket=buckets["open"], Key="a/one") == "AccessDenied"
    assert code_of(s3.list_objects_v2, Bucket=buckets["open"]) == "AccessDenied"


def test_s3_follows_a_changed_and_a_deleted_role(local_aws, buckets, make_role):
    role = make_role()
    s3 = local_aws.client("s3", role)

    def read() -> str:
        return code_of(s3.get_object, Bucket=buckets["open"], Key="a/one")

    def eventually(expected: str) -> str:
        # SeaweedFS reads its identities 25 ms after the signal; asking again costs a few milliseconds.
        return next((code for code in (read() for _ in range(500)) if code == expected), read())

    assert eventually("AccessDenied") == "AccessDenied"
    make_role.rights(role, allow("s3:GetObject", f"arn:aws:s3:::{buckets['open']}/*"))
    assert eventually("") == ""
    local_aws.client("iam").delete_role_policy(RoleName=role, PolicyName="s3")
    assert eventually("AccessDenied") == "AccessDenied"
    local_aws.client("iam").delete_role(RoleName=role)
    assert eventually("InvalidAccessKeyId") == "InvalidAccessKeyId"
    local_aws.client("iam").create_role(
        RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )


@pytest.mark.parametrize("zone", ["landing", "staging", "curated", "quarantine", "governance"])
def test_the_analyst_of_the_template_cannot_go_past_lake_formation(local_aws, zone):
    s3 = local_aws.client("s3", local_aws.name("uk-analyst"))
    assert code_of(s3.list_objects_v2, Bucket=local_aws.name(zone)) == "AccessDenied"
    assert code_of(s3.get_object, Bucket=local_aws.name(zone), Key="any") == "AccessDenied"


def test_wrong_secrets_unknown_keys_tokens_and_anonymous_calls_are_refused(local_aws, buckets):
    def client(**options: object):
        endpoint = local_aws.settings.s3_endpoint_url
        return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **options)

    admin = access_key_for("local-admin")
    wrong = client(aws_access_key_id=admin, aws_secret_access_key="wrong")
    unknown = client(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="wrong")
    anonymous = client(config=Config(signature_version=UNSIGNED))

    assert code_of(wrong.get_object, Bucket=buckets["open"], Key="a/one") == "SignatureDoesNotMatch"
    assert code_of(unknown.get_object, Bucket=buckets["open"], Key="a/one") == "InvalidAccessKeyId"
    assert code_of(anonymous.get_object, Bucket=buckets["open"], Key="a/one") == "AccessDenied"


# --- the control plane's part --------------------------------------------------------------------------------------


@pytest.fixture
def bucket_settings(local_aws):
    """An S3 client that talks to the control plane."""
    from local.clients import service_client

    settings = local_aws.settings
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_for("local-admin"),
        aws_secret_access_key="any",
        config=service_client("s3", settings).meta.config,
    )


def test_settings_that_seaweedfs_lacks_are_kept(bucket_settings):
    name = f"test-{uuid.uuid4().hex[:8]}"
    bucket_settings.create_bucket(Bucket=name)
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    bucket_settings.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)

    assert bucket_settings.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == block
    bucket_settings.delete_bucket(Bucket=name)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("put_object", {"Bucket": "any", "Key": "k", "Body": b"data"}),
        ("get_object", {"Bucket": "any", "Key": "k"}),
        ("list_objects_v2", {"Bucket": "any"}),
        ("create_multipart_upload", {"Bucket": "any", "Key": "k"}),
        ("delete_objects", {"Bucket": "any", "Delete": {"Objects": [{"Key": "k"}]}}),
    ],
)
def test_data_sent_to_the_control_plane_is_refused_with_the_right_address(
    local_aws, bucket_settings, operation, parameters
):
    with pytest.raises(ClientError) as refused:
        getattr(bucket_settings, operation)(**parameters)

    assert refused.value.response["Error"]["Code"] == "MethodNotAllowed"
    assert "AWS_ENDPOINT_URL_S3" in refused.value.response["Error"]["Message"]
    assert local_aws.settings.s3_endpoint_url in refused.value.response["Error"]["Message"]


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_kill_loses_no_acknowledged_object_and_identities_are_still_enforced(tmp_path):
    from local.clients import service_client

    settings = load_settings(tmp_path)
    seaweedfs.start(settings)
    try:
        s3 = service_client("s3", settings)
        s3.create_bucket(Bucket="lake")
        bodies = {f"k/{number}": os.urandom(1 + number * 9_000) for number in range(40)}
        etags = {key: s3.put_object(Bucket="lake", Key=key, Body=body)["ETag"] for key, body in bodies.items()}
        pid = seaweedfs.server(settings).pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        seaweedfs.start(settings)

        assert {key: s3.get_object(Bucket="lake", Key=key)["Body"].read() for key in bodies} == bodies
        assert all(etag == f'"{hashlib.md5(bodies[key]).hexdigest()}"' for key, etag in etags.items())
        assert code_of(service_client("s3", settings, "nobody").list_buckets) == "InvalidAccessKeyId"
        encrypted = s3.put_object(Bucket="lake", Key="e", Body=b"x", ServerSideEncryption="AES256")
        assert encrypted["ServerSideEncryption"] == "AES256"
        assert code_of(s3.delete_bucket, Bucket="lake") == "BucketNotEmpty"
    finally:
        seaweedfs.stop(settings)
