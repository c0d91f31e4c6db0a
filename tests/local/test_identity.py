"""Keys, callers, and which role may become which."""

from __future__ import annotations

import json
import re
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from local.errors import AwsError
from local.identity import LOCAL_ADMIN, access_key_for, caller_of, secret_key_for

ACCOUNT_ROOT = "arn:aws:iam::123456789012:root"


def trust(*principals: str, effect: str = "Allow", action: str = "sts:AssumeRole", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Principal": {"AWS": list(principals)}, "Action": action, **more}


@pytest.fixture
def make_role(local_aws):
    """Make roles of a test; they are deleted after it."""
    iam = local_aws.client("iam")
    made: list[str] = []

    def make(*statements: dict[str, object], rights: dict[str, object] | None = None) -> str:
        name = f"test-{uuid.uuid4().hex[:12]}"
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )
        made.append(name)
        if rights:
            document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
        return name

    yield make
    for name in made:
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def arn(role: str) -> str:
    return f"arn:aws:iam::123456789012:role/{role}"


def assume(local_aws, principal: str, role_arn: str, session: str = "test"):
    return local_aws.client("sts", principal).assume_role(RoleArn=role_arn, RoleSessionName=session)


def test_keys_look_like_aws_keys_and_depend_on_the_name_alone():
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", access_key_for("a"))
    assert len(secret_key_for("a")) == 40
    assert access_key_for("a") == access_key_for("a") != access_key_for("b")
    assert secret_key_for("a") != secret_key_for("b")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer x"}, "MissingAuthenticationTokenException"),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/2026"}, "UnrecognizedClientException"),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/2026"}, "UnrecognizedClientException"),
    ],
)
def test_a_request_of_nobody_we_know_is_refused(headers, code):
    with pytest.raises(AwsError) as refused:
        caller_of(headers)
    assert (refused.value.code, refused.value.status) == (code, 403)


def test_the_local_admin_is_a_user():
    caller = caller_of({"Authorization": f"AWS4-HMAC-SHA256 Credential={access_key_for(LOCAL_ADMIN)}/2026/x"})

    assert caller.arn == "arn:aws:iam::123456789012:user/local-admin"
    assert caller.name == "local-admin"


def test_a_role_is_told_its_own_session(local_aws, make_role):
    role = make_role(trust(ACCOUNT_ROOT))

    identity = local_aws.client("sts", role).get_caller_identity()

    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{role}/local"
    assert identity["Account"] == "123456789012"


def test_an_iam_user_s_own_key_is_known(local_aws):
    iam = local_aws.client("iam")
    name = f"test-{uuid.uuid4().hex[:12]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    sts = boto3.client(
        "sts",
        endpoint_url=local_aws.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )

    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::123456789012:user/{name}"


def test_a_trusted_role_gets_the_role_s_key_and_s3_takes_it(local_aws, make_role):
    caller = make_role(trust(ACCOUNT_ROOT))
    bucket = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    role = make_role(trust(arn(caller)), rights=bucket)

    credentials = assume(local_aws, caller, arn(role))["Credentials"]
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    session = boto3.session.Session(**keys, region_name="us-east-1")

    sts = session.client("sts", endpoint_url=local_aws.settings.endpoint_url)
    assert sts.get_caller_identity()["Arn"].startswith(f"arn:aws:sts::123456789012:assumed-role/{role}/")
    session.client("s3", endpoint_url=local_aws.settings.s3_endpoint_url).list_buckets()


# title, trust statements of the role (CALLER stands for the caller's ARN), the caller's own rights, may it?
TRUST_CASES = [
    pytest.param([trust("CALLER")], None, True, id="named"),
    pytest.param([trust("*")], None, False, id="everybody still needs a right of their own"),
    pytest.param([trust(ACCOUNT_ROOT)], None, False, id="account without a right"),
    pytest.param([trust(ACCOUNT_ROOT)], {"Action": "sts:AssumeRole", "Resource": "*"}, True, id="account and right"),
    pytest.param([trust(ACCOUNT_ROOT)], {"Action": "sts:*", "Resource": "*"}, True, id="account and wide right"),
    pytest.param(
        [trust(ACCOUNT_ROOT)],
        {"Action": "sts:AssumeRole", "Resource": "arn:aws:iam::123456789012:role/other-*"},
        False,
        id="right for other roles",
    ),
    pytest.param([trust("CALLER"), trust("CALLER", effect="Deny")], None, False, id="deny wins"),
    pytest.param([trust("CALLER", action="sts:TagSession")], None, False, id="another action"),
    pytest.param([trust("CALLER", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], None, False, id="MFA"),
    pytest.param([{**trust(), "Principal": {"Service": "glue.amazonaws.com"}}], None, False, id="a service only"),
    pytest.param([trust("arn:aws:iam::123456789012:role/somebody-else")], None, False, id="somebody else"),
]


@pytest.mark.parametrize(("statements", "right", "allowed"), TRUST_CASES)
def test_who_may_assume_a_role(local_aws, make_role, statements, right, allowed):
    caller = make_role(trust(ACCOUNT_ROOT), rights={"Effect": "Allow", **right} if right else None)
    role = make_role(*json.loads(json.dumps(statements).replace("CALLER", arn(caller))))

    if allowed:
        assert assume(local_aws, caller, arn(role))["Credentials"]["AccessKeyId"] == access_key_for(role)
        return
    with pytest.raises(ClientError) as refused:
        assume(local_aws, caller, arn(role))
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::123456789012:assumed-role/{caller}/local is not authorized to perform: "
        f"sts:AssumeRole on resource: {arn(role)}"
    )


@pytest.mark.parametrize(
    "role_arn", [arn("does-not-exist"), "arn:aws:iam::999999999999:role/x", "no-arn-at-all-000000"]
)
def test_a_role_that_does_not_exist_cannot_be_assumed(local_aws, role_arn):
    with pytest.raises(ClientError) as refused:
        assume(local_aws, LOCAL_ADMIN, role_arn)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_a_session_name_must_be_well_formed(local_aws, make_role):
    role = make_role(trust(ACCOUNT_ROOT))
    with pytest.raises(ClientError) as refused:
        assume(local_aws, LOCAL_ADMIN, arn(role), session="a b")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
