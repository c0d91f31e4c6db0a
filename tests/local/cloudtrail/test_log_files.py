"""CloudTrail's log files: what is left out, how calls look, where the files are."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from local.cloudtrail.delivery import deliver, of_day
from local.cloudtrail.recorded import recorded_calls
from local.cloudtrail.records import Call, record
from local.cloudtrail.sample import NEWCOMER, PRYING, sample_calls
from local.services.iam.decisions import Decision
from tests.conftest import LocalAws

ACCOUNT, REGION = "123456789012", "us-east-1"
DAY = date(2024, 3, 5)
CATALOG = f"arn:aws:glue:{REGION}:{ACCOUNT}:catalog"
TABLE = f"arn:aws:glue:{REGION}:{ACCOUNT}:table/curated/sales"
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


def decision(resource: str, allowed: bool = True, seconds: float = 0.0, **more: Any) -> Decision:
    values = {"role": "analyst", "action": "glue:GetTable", "call": "glue:GetTable", **more}
    return Decision(resource=resource, allowed=allowed, time=NOON.timestamp() + seconds, **values)


def test_objects_of_s3_are_no_management_events() -> None:
    assert list(recorded_calls([decision("arn:aws:s3:::b/k", action="s3:GetObject", call="")])) == []


def test_what_was_decided_about_one_request_is_one_call() -> None:
    found = list(recorded_calls([decision(CATALOG), decision(TABLE, seconds=0.001), decision(TABLE, seconds=3)]))
    assert [call.parameters for call in found] == [{"databaseName": "curated", "name": "sales"}] * 2
    assert {(call.source, call.name, call.error) for call in found} == {("glue.amazonaws.com", "GetTable", "")}


def test_a_refusal_decides_what_the_call_was() -> None:
    (call,) = recorded_calls([decision(CATALOG), decision(TABLE, allowed=False, seconds=0.001)])
    assert call.error == "AccessDenied"
    assert TABLE in call.message


def test_what_an_engine_does_for_its_caller_names_both() -> None:
    (call,) = recorded_calls([decision(TABLE, call="", via="athena.amazonaws.com")])
    entry = record(call, ACCOUNT, REGION, 0)
    assert entry["userIdentity"]["invokedBy"] == entry["sourceIPAddress"] == "athena.amazonaws.com"
    assert entry["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "analyst"


def test_a_record_has_the_fields_of_the_user_guide() -> None:
    entry = record(Call("analyst", "glue.amazonaws.com", "CreateTable", NOON), ACCOUNT, REGION, 0)
    assert entry["eventTime"] == "2024-03-05T12:00:00Z"
    assert entry["readOnly"] is False
    assert "errorCode" not in entry
    assert entry["requestParameters"] is None
    for field in ("eventID", "requestID"):
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry[field])


def sample(days: int = 3) -> list[Call]:
    return list(sample_calls(DAY, days, "sluice-dev-", ACCOUNT, REGION))


def test_the_sample_is_quiet_until_its_last_day() -> None:
    earlier = [call for call in sample() if call.at.date() < DAY]
    assert {call.at.date().day for call in earlier} == {3, 4}
    assert all(NEWCOMER not in call.role for call in earlier)
    last = list(of_day(sample(), DAY))
    assert any(NEWCOMER in call.role for call in last)
    assert len([call for call in last if PRYING in call.role]) > 10 * len(
        [call for call in earlier if PRYING in call.role and call.at.date().day == 4]
    )


def test_no_text_of_a_query_is_written_down() -> None:
    queries = [call for call in sample() if call.name == "StartQueryExecution"]
    assert {call.parameters["queryString"] for call in queries} == {"***OMITTED***"}


def test_the_same_sample_is_the_same_files(local_aws: LocalAws) -> None:
    s3, bucket = local_aws.client("s3"), local_aws.name("logs")
    keys = deliver(local_aws.settings, sample(1), "test")
    folder = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2024/03/05/"
    pattern = rf"{folder}{ACCOUNT}_CloudTrail_{REGION}_2024030[56]T\d{{2}}00Z_[0-9a-f]{{16}}\.json\.gz"
    assert all(re.fullmatch(pattern, key) for key in keys), keys
    before = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    assert deliver(local_aws.settings, sample(1), "test") == keys
    assert [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys] == before
    records = [entry for body in before for entry in json.loads(gzip.decompress(body))["Records"]]
    assert len(records) == len(sample(1))
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})


def test_a_day_without_calls_says_so(local_aws: LocalAws) -> None:
    done = local_aws.command("cloudtrail", "1999-01-01")
    assert done.returncode == 1
    assert "no call was seen on 1999-01-01" in done.stderr
    assert local_aws.command("cloudtrail", "yesterday").returncode == 2


def test_calls_of_this_local_aws_are_delivered(local_aws: LocalAws) -> None:
    glue = local_aws.client("glue", local_aws.name("uk-analyst"))
    with pytest.raises(glue.exceptions.ClientError):
        glue.get_table(DatabaseName="quarantine", Name="anything")
    today = datetime.now(UTC).date()
    done = local_aws.command("cloudtrail", today.isoformat())
    assert done.returncode == 0, done.stderr
    s3, records = local_aws.client("s3"), []
    for uri in done.stdout.split():
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        records += json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))["Records"]
    refused = [entry for entry in records if entry.get("errorCode") == "AccessDenied"]
    found = [entry for entry in refused if (entry["requestParameters"] or {}).get("databaseName") == "quarantine"]
    assert found
    assert found[-1]["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == local_aws.name("uk-analyst")
