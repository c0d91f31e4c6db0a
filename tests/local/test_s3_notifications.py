"""S3 tells queues and topics of objects that were written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import LocalAws
from tests.mwaa.readback.account_readers import control_plane_s3

PART = b"x" * 5 * 1024 * 1024


@dataclass
class Watched:
    """A bucket, and a queue that hears of its objects below in/."""

    s3: Any
    sqs: Any
    control: Any
    bucket: str
    queue: str
    queue_arn: str

    def messages(self, seconds: int = 3) -> list[dict[str, Any]]:
        """Records that come in; each is taken out."""
        found = []
        answer = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            found += json.loads(message["Body"]).get("Records", [])
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def ask(self, **rule: Any) -> None:
        rules = {"QueueConfigurations": [{"QueueArn": self.queue_arn, "Events": ["s3:ObjectCreated:*"], **rule}]}
        self.control.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=rules)


@pytest.fixture(scope="module")
def watched(local_aws: LocalAws) -> Iterator[Watched]:
    s3, sqs, control = local_aws.client("s3"), local_aws.client("sqs"), control_plane_s3(local_aws)
    name = f"test-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    control.create_bucket(Bucket=name)
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    may_send = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
    queue = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    found = Watched(s3, sqs, control, name, queue, arn)
    found.ask(Filter={"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}})
    # As on AWS, the first message says that the setting works.
    found.messages()
    yield found
    control.delete_bucket(Bucket=name)
    sqs.delete_queue(QueueUrl=queue)


def test_a_put_is_told_once_and_others_are_not(watched: Watched) -> None:
    watched.s3.put_object(Bucket=watched.bucket, Key="out/a", Body=b"a")
    watched.s3.put_object(Bucket=watched.bucket, Key="in/a b", Body=b"abc")
    (record,) = watched.messages()
    written = record["s3"]["object"]
    assert (written["key"], written["size"]) == ("in/a+b", 3)
    assert written["eTag"] == watched.s3.head_object(Bucket=watched.bucket, Key="in/a b")["ETag"].strip('"')
    watched.s3.get_object(Bucket=watched.bucket, Key="in/a b")
    watched.s3.delete_object(Bucket=watched.bucket, Key="in/a b")
    assert watched.messages(1) == []


def test_an_upload_is_told_when_it_is_complete(watched: Watched) -> None:
    target = {"Bucket": watched.bucket, "Key": "in/large"}
    upload = watched.s3.create_multipart_upload(**target)["UploadId"]
    tags = [
        watched.s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, PART), (2, b"end"))
    ]
    assert watched.messages(1) == []
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
    watched.s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": parts})
    (record,) = watched.messages()
    assert record["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    assert record["s3"]["object"]["size"] == len(PART) + 3


def test_a_refused_put_is_not_told(watched: Watched, local_aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        local_aws.client("s3", local_aws.name("outsider")).put_object(Bucket=watched.bucket, Key="in/x", Body=b"")
    assert watched.messages(1) == []


@pytest.mark.parametrize("event", ["s3:ObjectRemoved:*", "s3:ObjectCreated:Copy", "s3:ObjectTagging:Put"])
def test_known_difference_only_written_objects_are_told(watched: Watched, event: str) -> None:
    with pytest.raises(ClientError, match=f"The local AWS sends .*, not {event.replace('*', '.')}") as refusal:
        watched.ask(Events=[event])
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_queue_that_is_not_there_is_refused(watched: Watched) -> None:
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        watched.ask(QueueArn=watched.queue_arn + "-gone")
