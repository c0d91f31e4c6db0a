"""docs/local-aws/core.md, line by line: each test shows a difference from AWS that is known and accepted."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.identity import access_key_for, secret_key_for
from tests.local import rights


@pytest.fixture
def bucket(local_aws):
    name = f"test-{uuid.uuid4().hex[:8]}"
    local_aws.client("s3").create_bucket(Bucket=name)
    return name


def test_assume_role_gives_the_role_s_own_key_without_a_session_token(local_aws):
    sts = local_aws.client("sts", local_aws.name("airflow"))
    role = local_aws.settings.role_arn("lake-admin")

    first, second = (sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"] for name in ("one", "two"))

    assert first["AccessKeyId"] == second["AccessKeyId"] == access_key_for(local_aws.name("lake-admin"))
    assert first["SessionToken"] == ""


def test_the_control_plane_knows_a_caller_by_the_key_and_does_not_check_the_signature(local_aws):
    glue = boto3.client(
        "glue",
        endpoint_url=local_aws.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_for("local-admin"),
        aws_secret_access_key="not the secret",
    )
    assert "DatabaseList" in glue.get_databases()


@pytest.fixture
def make_role(local_aws):
    """Make a role with rights; it is deleted after the test."""
    iam = local_aws.client("iam")
    made = []

    def make(*statements) -> str:
        made.append(f"test-{uuid.uuid4().hex[:12]}")
        iam.create_role(RoleName=made[-1], AssumeRolePolicyDocument=json.dumps({"Statement": []}))
        rights.give(iam, made[-1], *statements)
        return made[-1]

    yield make
    for name in made:
        rights.take_all(iam, name)
        iam.delete_role(RoleName=name)


def eventually(call, **parameters) -> str:
    """Error code of an S3 call, once SeaweedFS has read the new role; "" when it works."""
    for _ in range(500):
        try:
            call(**parameters)
        except ClientError as error:
            if (code := error.response["Error"]["Code"]) != "InvalidAccessKeyId":
                return str(code)
        else:
            return ""
    return "InvalidAccessKeyId"


def test_bucket_policies_do_not_decide(local_aws, bucket, make_role):
    control = boto3.client(
        "s3",
        endpoint_url=local_aws.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key_for("local-admin"),
        aws_secret_access_key=secret_key_for("local-admin"),
        config=Config(s3={"addressing_style": "path"}),
    )
    everybody = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}
    control.create_bucket(Bucket=bucket)
    control.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    s3 = local_aws.client("s3", make_role(*rights.use_bucket(bucket)))

    assert eventually(s3.list_objects_v2, Bucket=bucket) == ""


def test_a_condition_on_the_request_is_not_met_in_s3(local_aws, bucket, make_role):
    only = {"Condition": {"StringLike": {"s3:prefix": "mine/*"}}}
    role = make_role({**rights.allow("s3:ListBucket", resources=f"arn:aws:s3:::{bucket}"), **only})

    assert eventually(local_aws.client("s3", role).list_objects_v2, Bucket=bucket, Prefix="mine/") == "AccessDenied"


def test_put_object_also_ends_uploads(local_aws, bucket, make_role):
    s3 = local_aws.client("s3", make_role(rights.allow("s3:PutObject", resources=f"arn:aws:s3:::{bucket}/*")))
    assert eventually(s3.put_object, Bucket=bucket, Key="x", Body=b"") == ""
    upload = {"Bucket": bucket, "Key": "x", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="x")["UploadId"]}

    assert s3.list_parts(**upload).get("Parts", []) == []
    s3.abort_multipart_upload(**upload)


def test_cloudformation_acts_as_local_admin(local_aws, make_role):
    role = make_role(rights.allow("cloudformation:*"))
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": role}}}})
    stacks, sns = local_aws.client("cloudformation", role), local_aws.client("sns", role)
    stacks.create_stack(StackName=role, TemplateBody=template)
    stacks.get_waiter("stack_create_complete").wait(StackName=role, WaiterConfig={"Delay": 1})

    with pytest.raises(ClientError, match="not authorized to perform: sns:ListTopics"):
        sns.list_topics()
    assert any(topic["TopicArn"].endswith(f":{role}") for topic in local_aws.client("sns").list_topics()["Topics"])
    stacks.delete_stack(StackName=role)


def test_list_order_puts_a_folder_before_its_neighbours(local_aws, bucket):
    s3 = local_aws.client("s3")
    for key in ("a!z", "a-1", "a/x"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]

    assert listed == ["a/x", "a!z", "a-1"]
    assert sorted(listed) == ["a!z", "a-1", "a/x"], "AWS lists in byte order"


def test_an_emptied_prefix_is_still_listed(local_aws, bucket):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=bucket, Key="folder/x", Body=b"")
    s3.delete_object(Bucket=bucket, Key="folder/x")

    answer = s3.list_objects_v2(Bucket=bucket, Delimiter="/")

    assert [prefix["Prefix"] for prefix in answer.get("CommonPrefixes", [])] == ["folder/"]


def test_encryption_with_kms_keys_is_refused(local_aws, bucket):
    with pytest.raises(ClientError) as refused:
        local_aws.client("s3").put_object(Bucket=bucket, Key="x", Body=b"", ServerSideEncryption="aws:kms")
    assert refused.value.response["Error"]["Code"] in ("InternalError", "NotImplemented")


def test_a_path_segment_is_at_most_255_bytes(local_aws, bucket):
    with pytest.raises(ClientError) as refused:
        local_aws.client("s3").put_object(Bucket=bucket, Key="x" * 256, Body=b"")
    assert refused.value.response["Error"]["Code"] in ("KeyTooLong", "KeyTooLongError")


def test_a_schedule_of_eventbridge_is_kept_but_nothing_fires_it(local_aws):
    events = local_aws.client("events")
    name = f"test-{uuid.uuid4().hex[:8]}"
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")

    assert events.describe_rule(Name=name)["State"] == "ENABLED"
    events.delete_rule(Name=name)
