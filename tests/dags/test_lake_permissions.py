"""The operators for the whole lake on the local AWS, over HTTP: what they refuse first, then what they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from running import context, run_task

from lake.contracts import compiled_contract
from lake.lake_formation import steps
from lake.lake_formation.access_cases import Answer, verdict
from lake.lake_formation.desired import desired_state
from lake.lake_formation.hook import LakeFormationHook
from lake.lake_formation.lake_planner import Declared
from lake.operators import lake_permissions
from lake.operators.access_tests import LakeFormationAccessTestOperator
from lake.operators.lake_drift import LakeFormationDriftOperator, PublishAccessPageOperator
from lake.operators.lake_formation_steps import (
    LakeFormationDataCellsFilterOperator,
    LakeFormationGrantOperator,
    LakeFormationOptInOperator,
    LakeFormationRegisterLocationOperator,
    LakeFormationRevokeOperator,
    LakeFormationSettingsOperator,
    LakeFormationTagOperator,
)
from lake.operators.lake_permissions import LakeFormationApplyOperator, LakeFormationPlanOperator
from lake.operators.waiting import done_before
from tests.conftest import LocalAws

DATABASE, TABLE = "permissions_test", "sales"
RESOURCE = {"Table": {"DatabaseName": DATABASE, "Name": TABLE}}
# The owner of the laptop is an administrator; the DAG itself runs as lake-admin in tests/e2e/test_permissions.py.
AS = {"aws_conn_id": None, "storage_conn_id": None}


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    from local.environment import aws_variables

    for name, value in aws_variables(local_aws.settings, "local-admin").items():
        monkeypatch.setenv(name, value)
    return local_aws


@pytest.fixture
def scope(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """A database with one table, and the contract of online_retail for it."""
    glue = aws.client("glue")
    contract = {
        **compiled_contract("online_retail"),
        "product": TABLE,
        "databases": {"curated": DATABASE},
    }
    columns = [{"Name": column["name"], "Type": column["athena_type"]} for column in contract["columns"]]
    glue.create_database(DatabaseInput={"Name": DATABASE, "CreateTableDefaultPermissions": []})
    storage = {"Columns": columns, "Location": f"s3://{aws.name('curated')}/{DATABASE}/"}
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": TABLE, "StorageDescriptor": storage})

    def declared(names: Any, policy: Any) -> Declared:
        state = desired_state(contract, names)
        return Declared(policy, {state.table: state}, {})

    monkeypatch.setattr(lake_permissions, "declared_by", declared)
    yield aws
    glue.delete_database(Name=DATABASE)


def uri(aws: LocalAws, name: str) -> str:
    return f"s3://{aws.name('governance')}/permissions/test/{name}"


def read(aws: LocalAws, address: str) -> bytes:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    body: bytes = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def make_plan(aws: LocalAws, **arguments: Any) -> dict[str, Any]:
    task = LakeFormationPlanOperator(
        task_id="plan", output_uri=uri(aws, "plan.json"), databases=(DATABASE,), **AS, **arguments
    )
    result: dict[str, Any] = run_task(task)
    return result


def apply(aws: LocalAws, planned: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    task = LakeFormationApplyOperator(
        task_id="apply", plan_uri=planned["uri"], plan_digest=planned["digest"], **AS, **arguments
    )
    result: dict[str, Any] = run_task(task)
    return result


def grant(aws: LocalAws, role: str, *permissions: str) -> None:
    aws.client("lakeformation").grant_permissions(
        Principal={"DataLakePrincipalIdentifier": aws.settings.role_arn(role)},
        Resource=RESOURCE,
        Permissions=list(permissions),
    )


def holders(aws: LocalAws) -> set[str]:
    answer = aws.client("lakeformation").list_permissions(Resource=RESOURCE, IncludeRelated="TRUE")
    return {
        row["Principal"]["DataLakePrincipalIdentifier"].rpartition("-dev-")[2]
        for row in answer["PrincipalResourcePermissions"]
    }


def test_a_plan_that_went_stale_changes_nothing(scope: LocalAws) -> None:
    planned = make_plan(scope)
    grant(scope, "outsider", "SELECT")
    before = holders(scope)
    with pytest.raises(AirflowFailException, match=r"The plan is stale(.|\n)*!  revoke  outsider(.|\n)*Plan again"):
        apply(scope, planned)
    assert holders(scope) == before


def test_an_edited_plan_changes_nothing(scope: LocalAws) -> None:
    planned = make_plan(scope)
    document = json.loads(read(scope, planned["uri"]))
    document["request"]["close_to_iam"] = True
    bucket, _, key = planned["uri"].removeprefix("s3://").partition("/")
    scope.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())
    with pytest.raises(AirflowFailException, match="written again or edited"):
        apply(scope, planned)
    assert "uk-analyst" not in holders(scope)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "takes away 1 rights, and nobody allowed it:\nrevoke: outsider permissions_test.sales: SELECT"),
        ({"allow_destructive": True, "max_revokes": 0}, "more than max_revokes=0"),
        ({"allow_destructive": True, "max_changes": 1}, "more than max_changes=1"),
    ],
)
def test_too_much_changes_nothing(scope: LocalAws, arguments: dict[str, Any], words: str) -> None:
    grant(scope, "outsider", "SELECT")
    planned = make_plan(scope)
    with pytest.raises(AirflowFailException, match=words):
        apply(scope, planned, **arguments)
    assert "uk-analyst" not in holders(scope)


def test_additions_first_then_what_somebody_agreed_to(scope: LocalAws) -> None:
    grant(scope, "outsider", "SELECT")
    planned = make_plan(scope)
    assert planned["removals"] == ["revoke: outsider permissions_test.sales: SELECT"]
    first = apply(scope, planned, additions_only=True)
    assert first["applied"] == planned["adds"]
    assert {"uk-analyst", "data-engineer", "outsider"} <= holders(scope)
    second = apply(scope, planned, allow_destructive=True, approved_by="ada", receipt_uri=uri(scope, "receipt.json"))
    assert second["applied"] == 1
    assert "outsider" not in holders(scope)
    receipt = json.loads(read(scope, uri(scope, "receipt.json")))
    assert (receipt["approved_by"], receipt["plan"]) == ("ada", planned["digest"])
    assert receipt["changes"] == planned["removals"]
    assert apply(scope, planned, allow_destructive=True)["applied"] == 0, "again, there is nothing left to do"
    assert make_plan(scope)["changes"] == 0


def test_permissions_come_back_after_the_table_was_dropped(scope: LocalAws) -> None:
    apply(scope, make_plan(scope))
    glue = scope.client("glue")
    table = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    glue.delete_table(DatabaseName=DATABASE, Name=TABLE)
    shape = {"Name": TABLE, "StorageDescriptor": table["StorageDescriptor"]}
    glue.create_table(DatabaseName=DATABASE, TableInput=shape)
    assert "uk-analyst" not in holders(scope)
    apply(scope, make_plan(scope))
    assert "uk-analyst" in holders(scope)


def drift(**arguments: Any) -> Any:
    return run_task(LakeFormationDriftOperator(task_id="drift", databases=(DATABASE,), **AS, **arguments))


def test_drift_fails_warns_or_is_known(scope: LocalAws) -> None:
    apply(scope, make_plan(scope))
    assert drift(severity="fail") == {"missing": [], "undeclared": [], "critical": []}
    grant(scope, "outsider", "SELECT")
    line = "undeclared: outsider holds SELECT on permissions_test.sales; not touched"
    assert drift()["undeclared"] == [line]
    with pytest.raises(AirflowFailException, match="outsider holds SELECT"):
        drift(severity="fail")
    assert drift(severity="fail", ignore=["undeclared: outsider *"])["undeclared"] == []
    with pytest.raises(ValueError, match="not 'shout'"):
        drift(severity="shout")


def test_a_table_open_to_everybody_fails_even_as_a_warning(scope: LocalAws) -> None:
    apply(scope, make_plan(scope))
    everybody = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
    formation = scope.client("lakeformation")
    formation.grant_permissions(Principal=everybody, Resource=RESOURCE, Permissions=["ALL"])
    with pytest.raises(AirflowFailException, match=r"CRITICAL: permissions_test\.sales is open to every IAM principal"):
        drift(severity="warn")
    planned = make_plan(scope, close_to_iam="True")
    assert len(planned["removals"]) == 1
    apply(scope, planned, allow_destructive=True)
    assert drift(severity="fail")["critical"] == []


def test_the_page_is_in_the_bucket(scope: LocalAws) -> None:
    address = uri(scope, "index.html")
    assert run_task(PublishAccessPageOperator(task_id="page", page_uri=address, day="2026-11-26", **AS)) == address
    assert b"Who sees what: sluice-dev, 2026-11-26" in read(scope, address)


def step(operator: Any, **arguments: Any) -> Any:
    """Run an operator for one thing."""
    return run_task(operator(task_id="step", aws_conn_id=None, **arguments))


def test_settings_are_merged(aws: LocalAws) -> None:
    formation = aws.client("lakeformation")
    before = formation.get_data_lake_settings()["DataLakeSettings"]
    arn = aws.settings.role_arn("data-engineer")
    try:
        assert step(LakeFormationSettingsOperator, admins=[arn]) is True
        after = formation.get_data_lake_settings()["DataLakeSettings"]
        assert after["DataLakeAdmins"] == [*before["DataLakeAdmins"], {"DataLakePrincipalIdentifier": arn}]
        assert {**after, "DataLakeAdmins": 0} == {**before, "DataLakeAdmins": 0}, "everything else is kept"
        assert step(LakeFormationSettingsOperator, admins=[arn], close_new_objects=True) is False
    finally:
        formation.put_data_lake_settings(DataLakeSettings=before)
    with pytest.raises(AirflowFailException, match="Without any administrator"):
        step(LakeFormationSettingsOperator, mode="replace")


def test_a_location_is_registered_changed_and_left_alone(aws: LocalAws) -> None:
    arn = f"arn:aws:s3:::{aws.name('artifacts')}/registered"
    role = aws.settings.role_arn("lakeformation")
    formation = aws.client("lakeformation")

    def register(**arguments: Any) -> Any:
        return step(LakeFormationRegisterLocationOperator, resource_arn=arn, **arguments)

    try:
        assert register(role_arn=role) == "registered"
        assert register(role_arn=role) == "unchanged"
        assert register(role_arn=role, hybrid_access=True, if_exists="skip") == "unchanged"
        with pytest.raises(AirflowFailException, match="is registered already"):
            register(role_arn=role, hybrid_access=True, if_exists="fail")
        assert register(role_arn=role, hybrid_access=True) == "updated"
        assert formation.describe_resource(ResourceArn=arn)["ResourceInfo"]["HybridAccessEnabled"] is True
        with pytest.raises(AirflowFailException, match="is final"):
            register()
    finally:
        formation.deregister_resource(ResourceArn=arn)


def test_tags_filters_grants_and_opt_ins(scope: LocalAws) -> None:
    formation = scope.client("lakeformation")
    tag = {"key": "Step_Test", "values": ["One"]}
    assert step(LakeFormationTagOperator, **tag) is True
    assert step(LakeFormationTagOperator, **tag) is False
    assert step(LakeFormationTagOperator, **{**tag, "values": ["one", "two"]}, resource=RESOURCE, value="two") is True
    tags = formation.get_resource_lf_tags(Resource=RESOURCE)["LFTagsOnTable"]
    assert {entry["TagKey"]: entry["TagValues"] for entry in tags} == {"step_test": ["two"]}
    with pytest.raises(AirflowFailException, match="attach tag"):
        step(LakeFormationTagOperator, key="step_test", values=["one"], resource=RESOURCE, value="nine")
    formation.delete_lf_tag(TagKey="step_test")

    cells = {"DatabaseName": DATABASE, "TableName": TABLE, "Name": "uk"}
    uk = {**cells, "RowFilter": {"FilterExpression": "country = 'UK'"}, "ColumnNames": ["country"]}
    assert step(LakeFormationDataCellsFilterOperator, cells=uk) == "created"
    assert step(LakeFormationDataCellsFilterOperator, cells={**uk, "ColumnNames": ["COUNTRY"]}) == "unchanged"
    assert step(LakeFormationDataCellsFilterOperator, cells={**uk, "ColumnNames": ["invoice_no"]}) == "updated"

    roles = [scope.settings.role_arn(role) for role in ("outsider", "uk-analyst", "data-engineer")]
    rights = {"principals": roles, "resource": RESOURCE, "permissions": ["SELECT"]}
    assert step(LakeFormationGrantOperator, **rights, grantable=["SELECT"]) == 1, "one batch"
    assert {"outsider", "uk-analyst", "data-engineer"} <= holders(scope)
    step(LakeFormationGrantOperator, **rights)
    step(LakeFormationRevokeOperator, **rights, grantable=["SELECT"])
    step(LakeFormationRevokeOperator, **rights)
    assert not {"outsider", "uk-analyst", "data-engineer"} & holders(scope)
    with pytest.raises(AirflowFailException, match="EntityNotFoundException"):
        step(
            LakeFormationGrantOperator, **{**rights, "resource": {"Table": {"DatabaseName": DATABASE, "Name": "gone"}}}
        )

    opt_in = {"principal": roles[0], "resource": RESOURCE}
    assert [step(LakeFormationOptInOperator, **opt_in) for _ in range(2)] == [True, False]
    assert [step(LakeFormationOptInOperator, **opt_in, present=False) for _ in range(2)] == [True, False]


def test_more_principals_than_a_batch_takes(scope: LocalAws) -> None:
    class Counting(LakeFormationHook):
        conn: Any = None
        account_id = "123456789012"

    batches: list[int] = []

    class Client:
        def batch_grant_permissions(self, Entries: list[Any]) -> dict[str, Any]:
            batches.append(len(Entries))
            return {"Failures": []}

    hook = Counting(aws_conn_id=None)
    hook.__dict__["conn"] = Client()
    principals = [f"arn:aws:iam::123456789012:role/reader-{number}" for number in range(45)]
    assert steps.grants(hook, principals, RESOURCE, ["SELECT"]) == 3
    assert batches == [20, 20, 5]


@pytest.mark.parametrize(
    ("case", "answer", "words"),
    [
        ({"expect": "denied"}, Answer(("a",), 3), "must be denied, but saw 3 rows of a"),
        ({"expect": "denied"}, Answer(refusal="SYNTAX_ERROR: line 1"), "was not denied"),
        ({"expect": "denied"}, Answer(refusal="PERMISSION_DENIED: Insufficient Lake Formation permission(s)"), ""),
        ({"expect": "columns", "excludes": ["b"]}, Answer(("a", "b")), "must not see b"),
        ({"expect": "columns", "includes": ["c"]}, Answer(("a", "b")), "must see c"),
        ({"expect": "columns", "includes": ["a"]}, Answer(("a", "b")), ""),
        ({"expect": "columns"}, Answer(refusal="x"), "failed: x"),
        ({"expect": "rows", "count": 0}, Answer(("a",), 1), "must see 0 rows, saw 1"),
        ({"expect": "rows", "least": 2}, Answer(("a",), 1), "at least 2"),
        ({"expect": "rows", "count": 1}, Answer(("a",), 1), ""),
    ],
)
def test_verdicts(case: dict[str, Any], answer: Answer, words: str) -> None:
    said = verdict(case, answer)
    assert words in said
    assert bool(words) == bool(said)


def test_queries_of_people_are_asked_in_their_roles(scope: LocalAws) -> None:
    """On an empty table: columns and refusals do not need rows."""
    apply(scope, make_plan(scope))
    # Personas may look up curated tables only, so the refusals here are IAM's as well as Lake Formation's.
    sql = f"SELECT * FROM {DATABASE}.{TABLE}"
    case = {"table": f"{DATABASE}.{TABLE}", "sql": sql}
    denied = {**case, "role": "outsider", "expect": "denied"}
    missing = {**case, "table": f"{DATABASE}.nothing", "role": "outsider", "expect": "rows"}
    task = LakeFormationAccessTestOperator(
        task_id="access", cases=[denied, missing], patience_seconds=60, aws_conn_id=None
    )
    assert run_task(task) == {"passed": 1, "skipped": [sql]}
    leak = LakeFormationAccessTestOperator(task_id="access", cases=[{**denied, "expect": "columns"}], aws_conn_id=None)
    with pytest.raises(AirflowFailException, match="1 of 1 access tests failed:\noutsider: SELECT"):
        run_task(leak)


def test_a_query_that_takes_its_time_is_waited_for(scope: LocalAws) -> None:
    apply(scope, make_plan(scope))
    million = "(SELECT 1 AS one FROM UNNEST(sequence(1, 1000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 1000)) AS b (x))"
    slow = f"SELECT COUNT(*) FROM {million} AS c CROSS JOIN UNNEST(sequence(1, 500)) AS d (x) WHERE (one + x) % 7 = 3"
    case = {"table": f"{DATABASE}.{TABLE}", "sql": slow, "role": "data-engineer", "expect": "rows", "count": 1}
    task = LakeFormationAccessTestOperator(task_id="access", cases=[case], aws_conn_id=None)
    given: Any = context()
    assert run_task(task, given) == {"passed": 1, "skipped": []}
    assert done_before(given), "the query took too little time to be waited for"


def test_the_policy_and_the_deployed_template_say_the_same(aws: LocalAws) -> None:
    """lake.yaml and canary.yaml grant what the pipeline needs before any DAG runs; the policy declares the same."""
    task = LakeFormationPlanOperator(task_id="plan", output_uri=uri(aws, "whole.json"), **AS)
    run_task(task)
    planned = json.loads(read(aws, uri(aws, "whole.json")))
    about_the_platform = [
        change
        for change in planned["changes"]
        if change["what"].startswith(("catalog", "database ", "all tables ", "location ", "LF-tag expression"))
    ]
    assert about_the_platform == []
    topics = {(finding["topic"], finding["severity"]) for finding in planned["findings"]}
    assert not {("settings", "critical"), ("location", "critical"), ("location", "warning")} & topics
