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
from local.settings import load_settings

BUCKET = "arn:aws:s3:::lake"


def allow(actions: object, resources: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


LAKE = "arn:aws:s3:::open"
EVERYTHING = {"get a/one", "get b/two", "put a/new", "delete a/new", "list", "location"}

# Statements (the bucket is called "open" in them) -> which of EVERYTHING S3 then allows
RIGHTS = [
    pytest.param([allow("s3:GetObject", f"{LAKE}/*")], {"get a/one", "get b/two"}, id="read"),
    pytest.param([allow("s3:GetObject", f"{LAKE}/a/*")], {"get a/one"}, id="a prefix"),
    pytest.param([allow("s3:GetObject", f"{LAKE}/a/one")], {"get a/one"}, id="one key"),
    pytest.param([allow("s3:GetObject", f"{LAKE}/a/on")], set(), id="a key is no prefix"),
    pytest.param([allow("S3:GETOBJECT", f"{LAKE}/*")], {"get a/one", "get b/two"}, id="actions ignore case"),
    pytest.param([allow("s3:PutObject", f"{LAKE}/*")], {"put a/new"}, id="put is not delete"),
    pytest.param([allow("s3:DeleteObject", f"{LAKE}/*")], {"delete a/new"}, id="delete is not put"),
    pytest.param([allow("s3:ListBucket", LAKE)], {"list"}, id="list"),
    pytest.param([allow("s3:GetBucketLocation", LAKE)], {"location"}, id="location"),
    pytest.param([allow("s3:*", [LAKE, f"{LAKE}/*"])], EVERYTHING, id="all"),
    pytest.param([allow("s3:*", "arn:aws:s3:::test-ope?-*")], EVERYTHING, id="bucket pattern"),
    pytest.param([allow("s3:*", f"{LAKE}/*")], EVERYTHING - {"list", "location"}, id="all of its keys"),
    pytest.param([allow("*", "*")], EVERYTHING, id="everything everywhere"),
    pytest.param(
        [allow("s3:*", [LAKE, f"{LAKE}/*"]), {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{LAKE}/b/*"}],
        EVERYTHING - {"get b/two"},
        id="deny wins",
    ),
    pytest.param(
        [{"Effect": "Allow", "NotAction": "s3:DeleteObject", "Resource": "*"}],
        EVERYTHING - {"delete a/new"},
        id="NotAction",
    ),
    pytest.param(
        [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{LAKE}/a/*"}], {"get b/two"}, id="NotResource"
    ),
    pytest.param([allow("s3:GetObject", f"{LAKE}/${{aws:PrincipalTag/Folder}}/*")], {"get a/one"}, id="the role's tag"),
    pytest.param([allow("s3:GetObject", f"{LAKE}/${{aws:PrincipalTag/None}}/*")], set(), id="a tag it has not"),
    pytest.param(
        [allow("s3:GetObject", f"{LAKE}/*", Condition={"StringEquals": {"aws:PrincipalTag/Folder": "a"}})],
        {"get a/one", "get b/two"},
        id="a condition that is met",
    ),
    pytest.param(
        [allow("s3:GetObject", f"{LAKE}/*", Condition={"StringEquals": {"aws:PrincipalTag/Folder": "z"}})],
        set(),
        id="a condition that is not met",
    ),
    pytest.param([allow("glue:*", "*")], set(), id="another service"),
]


@pytest.mark.parametrize(("statements", "allowed"), RIGHTS)
def test_s3_evaluates_the_role_s_policies(local_aws, buckets, make_role, statements, allowed):
    named = json.loads(json.dumps(statements).replace(LAKE, f"arn:aws:s3:::{buckets['open']}"))
    role = make_role(*named, tags={"Folder": "a"})
    s3, bucket = local_aws.client("s3", role), buckets["open"]
    calls = {
        "get a/one": lambda: s3.get_object(Bucket=bucket, Key="a/one"),
        "get b/two": lambda: s3.get_object(Bucket=bucket, Key="b/two"),
        "put a/new": lambda: s3.put_object(Bucket=bucket, Key="a/new", Body=b""),
        "delete a/new": lambda: s3.delete_object(Bucket=bucket, Key="a/new"),
        "list": lambda: s3.list_objects_v2(Bucket=bucket),
        "location": lambda: s3.get_bucket_location(Bucket=bucket),
    }
    assert known_to_s3(s3, bucket)
    assert {name for name, call in calls.items() if code_of(call) == ""} == allowed


def test_each_key_of_a_batch_is_decided(local_aws, buckets, make_role):
    bucket = buckets["open"]
    role = make_role(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/mine/*"))
    for key in ("mine/x", "theirs/x"):
        local_aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    s3 = local_aws.client("s3", role)
    assert known_to_s3(s3, bucket)
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/x"}, {"Key": "theirs/x"}]})
    assert [found["Key"] for found in answer["Deleted"]] == ["mine/x"]
    assert [(found["Key"], found["Code"]) for found in answer["Errors"]] == [("theirs/x", "AccessDenied")]


def known_to_s3(s3, bucket) -> bool:
    """Wait the milliseconds until SeaweedFS has read a new role."""
    return any(code_of(s3.head_object, Bucket=bucket, Key="x") != "InvalidAccessKeyId" for _ in range(500))


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

    def make(*statements: dict[str, object], tags: dict[str, str] | None = None) -> str:
        name = f"test-{uuid.uuid4().hex[:12]}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=given)
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
