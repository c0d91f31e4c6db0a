"""lake_permissions_daily under its roles: drift is put right, removals are agreed to, access is proved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.lake import PRODUCT, Lake, wait_until

DAG = "lake_permissions_daily"
TABLE = {"Table": {"DatabaseName": "curated", "Name": PRODUCT}}
DAY = "2026-11-02"
APPROVED = {"approved_by": "ada"}
RECEIPT = "permissions/receipts/2026-11-02/"


@pytest.fixture(scope="module")
def published(lake: Lake, invoice_days: dict[str, bytes]) -> Lake:
    """A lake with one published day."""
    day, body = sorted(invoice_days.items())[0]
    lake.land(day, {f"{day}.csv": body})
    outcome = lake.run_day(day)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    return lake


def arn(lake: Lake, role: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": lake.aws.settings.role_arn(role)}


def holders(lake: Lake) -> set[str]:
    rows = lake.client("lakeformation").list_permissions(Resource=TABLE, IncludeRelated="TRUE")
    return {
        row["Principal"]["DataLakePrincipalIdentifier"].rpartition("-dev-")[2]
        for row in rows["PrincipalResourcePermissions"]
    }


def refusal(lake: Lake, role: str, sql: str) -> str:
    athena = lake.client("athena", role)
    query = athena.start_query_execution(QueryString=sql, WorkGroup=lake.aws.name(role))["QueryExecutionId"]
    status = wait_until(
        lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"],
        lambda found: found["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"},
    )
    return str(status.get("StateChangeReason", "")) if status["State"] == "FAILED" else ""


def governance(lake: Lake, prefix: str) -> dict[str, bytes]:
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_drift_is_put_right_and_a_second_run_finds_nothing(published: Lake) -> None:
    lake, formation = published, published.client("lakeformation")
    formation.grant_permissions(Principal=arn(lake, "outsider"), Resource=TABLE, Permissions=["SELECT"])
    formation.revoke_permissions(Principal=arn(lake, "data-engineer"), Resource=TABLE, Permissions=["SELECT"])
    assert refusal(lake, "outsider", "SELECT * FROM curated.online_retail") == ""

    outcome = lake.run(DAG, DAY, APPROVED)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert outcome.tasks["apply_removals"] == "success"
    assert outcome.tasks["approve_removals"] == "skipped", "approved_by: nobody is asked"
    assert "outsider" not in holders(lake)
    assert "Insufficient Lake Formation" in refusal(lake, "outsider", "SELECT * FROM curated.online_retail")
    (receipt,) = [json.loads(body) for body in governance(lake, RECEIPT).values()]
    assert receipt["approved_by"] == "ada"
    assert "revoke: outsider curated.online_retail: SELECT" in receipt["changes"]

    again = lake.run(DAG, "2026-11-03")
    assert again.succeeded, (again.error, again.tasks)
    assert {again.tasks[name] for name in ("approve_removals", "apply_removals")} == {"skipped"}
    plans = governance(lake, "permissions/plans/2026-11-03/")
    assert [json.loads(body)["changes"] for body in plans.values()] == [[]]


def test_more_removals_than_agreed_change_nothing(published: Lake) -> None:
    lake = published
    lake.client("lakeformation").grant_permissions(
        Principal=arn(lake, "outsider"), Resource=TABLE, Permissions=["SELECT"]
    )
    outcome = lake.run(DAG, "2026-11-04", {**APPROVED, "max_revokes": 0})
    assert outcome.tasks["apply_removals"] == "failed"
    assert "more than max_revokes=0" in (outcome.error or "")
    assert "outsider" in holders(lake)
    assert lake.run(DAG, "2026-11-05", APPROVED).succeeded
    assert "outsider" not in holders(lake)


def test_a_grant_by_tag_is_found_and_taken_away(published: Lake) -> None:
    """It opens the table without any grant on the table itself."""
    lake, formation = published, published.client("lakeformation")
    policy: dict[str, Any] = {
        "LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "domain", "TagValues": ["sales"]}]}
    }
    formation.grant_permissions(Principal=arn(lake, "outsider"), Resource=policy, Permissions=["SELECT"])
    outcome = lake.run(DAG, "2026-11-06", {**APPROVED, "max_revokes": 0})
    assert outcome.tasks["apply_removals"] == "failed", "the policy's grant is a removal, too"
    outcome = lake.run(DAG, "2026-11-07", APPROVED)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert "Insufficient Lake Formation" in refusal(lake, "outsider", "SELECT * FROM curated.online_retail")


def test_the_page_shows_what_people_see(published: Lake) -> None:
    page = governance(published, "permissions/who_sees_what.html")["permissions/who_sees_what.html"].decode()
    assert "<th>uk-analyst</th>" in page
    assert "country = &#x27;United Kingdom&#x27;" in page
    assert "<th>outsider</th>" not in page
