"""docs/local-aws/core.md, line by line: each test shows a difference from AWS that is known and accepted."""

from __future__ import annotations

import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from local.identity import access_key_for


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
