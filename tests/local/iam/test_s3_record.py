"""What SeaweedFS' audit log tells of a request, and what it does not."""

from __future__ import annotations

import json
import time
import uuid

import pytest

from local.services.iam.decisions import read_decisions
from local.services.iam.policy import compile_document
from local.services.iam.s3_audit import decision_of, of_a_version
from tests.local import rights


def entry(operation: str, key: str = "a/b", **more: object) -> dict[str, object]:
    return {"requester": "r", "bucket": "lake", "key": key, "operation": f"REST.{operation}", "error_code": "", **more}


@pytest.mark.parametrize(
    ("line", "action", "resource"),
    [
        (entry("GET.OBJECT"), "s3:GetObject", "lake/a/b"),
        (entry("HEAD.OBJECT"), "s3:GetObject", "lake/a/b"),
        (entry("PUT.OBJECT"), "s3:PutObject", "lake/a/b"),
        (entry("POST.OBJECT"), "s3:PutObject", "lake/a/b"),
        (entry("DELETE.OBJECT"), "s3:DeleteObject", "lake/a/b"),
        (entry("GET.OBJECT", ""), "s3:ListBucket", "lake"),
        (entry("HEAD.OBJECT", "/"), "s3:ListBucket", "lake"),
        (entry("POST.OBJECT", ""), "s3:DeleteObject", "lake/*"),
        (entry("GET.OBJECTTAGGING"), "s3:GetObjectTagging", "lake/a/b"),
    ],
)
def test_method_and_key_say_the_action(line, action, resource):
    decision = decision_of(line)
    assert (decision.role, decision.action, decision.resource) == ("r", action, f"arn:aws:s3:::{resource}")
    assert decision.allowed


def _statements(*actions):
    return compile_document(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}, "p"
    )


@pytest.mark.parametrize(
    ("allowed", "action"),
    [
        (["s3:DeleteObjectVersion"], "s3:DeleteObjectVersion"),
        (["s3:DeleteObject"], "s3:DeleteObject"),
        (["s3:DeleteObject", "s3:DeleteObjectVersion"], "s3:DeleteObject"),
        (["s3:GetObject"], "s3:DeleteObject"),
    ],
)
def test_a_deletion_that_is_allowed_of_versions_only_was_one_of_a_version(allowed, action):
    found = of_a_version(decision_of(entry("DELETE.OBJECT")), _statements(*allowed), {})
    assert found.action == action
    refused = of_a_version(decision_of(entry("DELETE.OBJECT", error_code="AccessDenied")), _statements(*allowed), {})
    assert refused.action == "s3:DeleteObject"


def test_refusals_are_told_from_missing_keys():
    assert not decision_of(entry("GET.OBJECT", error_code="AccessDenied")).allowed
    assert decision_of(entry("GET.OBJECT", error_code="NoSuchKey")).allowed


def test_the_operator_s_own_requests_are_not_recorded():
    assert decision_of(entry("GET.OBJECT", requester="local-admin")) is None
    assert decision_of(entry("GET.OBJECT", requester="")) is None


def is_known(s3, bucket: str) -> bool:
    """Ask until SeaweedFS has read the new role; a request with an unknown key is nobody's in the record."""
    for _ in range(500):
        try:
            s3.get_bucket_location(Bucket=bucket)
        except s3.exceptions.ClientError:
            continue
        return True
    return False


def test_requests_to_s3_arrive_in_the_record(local_aws):
    """Through the real server: method, key, role; GetBucketLocation looks like ListBucket."""
    name, iam = f"test-{uuid.uuid4().hex[:12]}", local_aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    rights.give(iam, name, rights.allow("s3:GetBucketLocation"))
    bucket, s3 = local_aws.name("artifacts"), local_aws.client("s3", name)
    assert is_known(s3, bucket)
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key="some/key")
    expected = {
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}", True),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/some/key", False),
    }
    found: set[tuple[str, str, bool]] = set()
    deadline = time.monotonic() + 20
    while found != expected and time.monotonic() < deadline:
        mine = (item for item in read_decisions(local_aws.settings.state_dir) if item.role == name)
        found = {(item.action, item.resource, item.allowed) for item in mine}
        time.sleep(0.05)
    assert found == expected
    rights.take_all(iam, name)
    iam.delete_role(RoleName=name)
