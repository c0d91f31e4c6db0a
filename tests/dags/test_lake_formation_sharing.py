"""Sharing with other accounts on the local AWS, in the role lake-admin with the rights of docs/sharing.md."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from botocore.stub import Stubber
from running import context, run_task

from lake.lake_formation.sharing import Status, read_share
from lake.operators.lake_formation_sharing import LakeFormationResourceLinkOperator, LakeFormationShareOperator
from lake.operators.lake_formation_steps import LakeFormationRevokeOperator
from local.permissions.mutation import without_statement
from tests.conftest import LocalAws

PAGE = Path(__file__).parents[2] / "docs" / "sharing.md"
CONSUMER = "999999999999"
ORGANIZATION = "arn:aws:organizations::111111111111:organization/o-abcdefghij"
UNIT = "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-ab12-34567890"
TABLE_NAME = "sales"
POLICY = "sharing"


@pytest.fixture(scope="module")
def documented_rights(local_aws: LocalAws) -> Iterator[None]:
    """The role lake-admin has what the page tells to give it."""
    texts = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    placed = [text.replace("<region>", "us-east-1").replace("<account>", "123456789012") for text in texts]
    statements = [statement for text in placed for statement in json.loads(text)]
    where = {"RoleName": local_aws.name("lake-admin"), "PolicyName": POLICY}
    iam = local_aws.client("iam")
    iam.put_role_policy(**where, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    yield
    iam.delete_role_policy(**where)


@pytest.fixture
def database(local_aws: LocalAws, documented_rights: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with one table, in which lake-admin may make tables; this process is Airflow."""
    from local.environment import airflow_environment

    for name, value in airflow_environment(local_aws.settings).items():
        if name.startswith(("AWS_", "AIRFLOW_CONN_", "AIRFLOW__SECRETS__")):
            monkeypatch.setenv(name, value)
    glue, formation = local_aws.client("glue"), local_aws.client("lakeformation")
    name = f"sharing_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "CreateTableDefaultPermissions": []})
    columns = [{"Name": "id", "Type": "int"}, {"Name": "country", "Type": "string"}]
    storage = {"Columns": columns, "Location": f"s3://{local_aws.name('curated')}/{name}/"}
    glue.create_table(DatabaseName=name, TableInput={"Name": TABLE_NAME, "StorageDescriptor": storage})
    formation.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": local_aws.settings.role_arn("lake-admin")},
        Resource={"Database": {"Name": name}},
        Permissions=["CREATE_TABLE"],
    )
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def consumers(local_aws: LocalAws) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Write down what the other accounts have done."""
    path = local_aws.settings.folder("ram") / "consumers.json"

    def write(answers: dict[str, Any]) -> None:
        path.write_text(json.dumps(answers))

    yield write
    path.unlink(missing_ok=True)


def table(database: str) -> dict[str, Any]:
    return {"Table": {"DatabaseName": database, "Name": TABLE_NAME}}


def share(database: str, consumer: str = ORGANIZATION, **arguments: Any) -> LakeFormationShareOperator:
    given = {"resource": table(database), "permissions": ["SELECT"], **arguments}
    return LakeFormationShareOperator(task_id="share_sales", consumer=consumer, **given)


def held(aws: LocalAws, consumer: str) -> list[dict[str, Any]]:
    rows = aws.client("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    return [row for row in rows if row["Principal"]["DataLakePrincipalIdentifier"] == consumer]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"consumer": "99999999999"}, "no account id"),
        ({"consumer": "arn:aws:iam::999999999999:role/theirs"}, "no account id"),
        ({"consumer": "arn:aws:organizations::111111111111:root/r-ab12"}, "no account id"),
        ({"resource": {"Catalog": {}}, "permissions": ["CREATE_DATABASE"]}, "AWS RAM shares databases"),
        ({"resource": {"DataLocation": {"ResourceArn": "arn:aws:s3:::x"}}}, "AWS RAM shares databases"),
        ({"permissions": ["ALL"]}, r"ALL cannot be granted to another account"),
        ({"permissions": ["CREATE_TABLE"]}, "are not valid on a resource of type TABLE"),
        ({"consumer": "123456789012"}, "is the account of the catalog itself"),
    ],
)
def test_what_cannot_be_shared_fails_and_grants_nothing(
    local_aws: LocalAws, database: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(AirflowFailException, match=said):
        run_task(share(database, **arguments))
    assert held(local_aws, str(arguments.get("consumer", ORGANIZATION))) == []


def test_an_lf_tag_policy_needs_version_3(local_aws: LocalAws, database: str) -> None:
    formation = local_aws.client("lakeformation")
    before = formation.get_data_lake_settings()["DataLakeSettings"]
    key = f"share_{uuid.uuid4().hex[:8]}"
    formation.create_lf_tag(TagKey=key, TagValues=["open"])
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": key, "TagValues": ["open"]}]}}
    shared = {"consumer": UNIT, "resource": policy}
    try:
        with pytest.raises(AirflowFailException, match="CROSS_ACCOUNT_VERSION"):
            run_task(share(database, **shared))
        assert held(local_aws, UNIT) == []
        newer = {**before["Parameters"], "CROSS_ACCOUNT_VERSION": "4"}
        formation.put_data_lake_settings(DataLakeSettings={**before, "Parameters": newer})
        assert run_task(share(database, **shared))["status"] == "ASSOCIATED"
        assert run_task(share(database, **shared))["granted"] is False
        run_task(LakeFormationRevokeOperator(task_id="r", principals=[UNIT], resource=policy, permissions=["SELECT"]))
    finally:
        formation.put_data_lake_settings(DataLakeSettings=before)
        formation.delete_lf_tag(TagKey=key)


@pytest.mark.parametrize("sid", ["MakeResourceShares", "ChangeResourceShares"])
def test_without_a_right_in_ram_nothing_is_granted(local_aws: LocalAws, database: str, sid: str) -> None:
    with (
        without_statement(local_aws.client("iam"), local_aws.name("lake-admin"), POLICY, sid),
        pytest.raises(AirflowException, match=r"AccessDenied(.|\n)*ram:(Create|Associate)ResourceShare"),
    ):
        run_task(share(database))
    assert held(local_aws, ORGANIZATION) == []


def test_without_the_right_to_ask_ram_it_says_what_to_do(local_aws: LocalAws, database: str) -> None:
    with (
        without_statement(local_aws.client("iam"), local_aws.name("lake-admin"), POLICY, "ReadResourceShares"),
        pytest.raises(AirflowFailException, match=r"ram:GetResourceShareAssociations.*docs/sharing\.md"),
    ):
        run_task(share(database))


def test_what_ram_says_of_a_failed_share_is_the_tasks_error(
    database: str, consumers: Callable[[dict[str, Any]], None]
) -> None:
    consumers({"failed": {UNIT: "The organizational unit does not exist."}})
    with pytest.raises(AirflowFailException, match=r"could not share with .*The organizational unit does not exist\."):
        run_task(share(database, UNIT))


def test_an_invitation_is_waited_for_only_on_request_and_not_for_ever(local_aws: LocalAws, database: str) -> None:
    task = share(database, CONSUMER, wait_for_acceptance=True, timeout_seconds=1)
    with pytest.raises(AirflowException, match=r"within 1 s\. The grant stays\.(.|\n)*accept") as late:
        run_task(task)
    assert not isinstance(late.value, AirflowFailException), "a later attempt may find it accepted"
    assert len(held(local_aws, CONSUMER)) == 1


def test_a_pending_invitation_is_no_failure(database: str, consumers: Callable[[dict[str, Any]], None]) -> None:
    done = run_task(share(database, CONSUMER))
    assert (done["status"], done["granted"]) == ("PENDING", True)
    assert done["resource_share"].startswith("arn:aws:ram:us-east-1:123456789012:resource-share/")
    assert f"{CONSUMER} is outside of the organization and has not accepted the invitation" in done["detail"]
    assert "aws ram accept-resource-share-invitation" in done["detail"]
    consumers({"accepted": [CONSUMER]})
    again = run_task(share(database, CONSUMER))
    assert (again["status"], again["granted"]) == ("ASSOCIATED", False)
    assert again["resource_share"] == done["resource_share"]


def test_the_invitation_is_accepted_while_the_task_waits(
    database: str, consumers: Callable[[dict[str, Any]], None]
) -> None:
    task = share(database, CONSUMER, wait_for_acceptance=True)
    given: Any = context()
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(given)
    consumers({"accepted": [CONSUMER]})
    done = task.resume_execution(deferred.value.method_name, {"event": None}, given)
    assert (done["status"], done["granted"]) == ("ASSOCIATED", True)


@pytest.mark.parametrize("consumer", [ORGANIZATION, UNIT])
@pytest.mark.parametrize("what", ["table", "database", "all tables", "columns", "all columns but one", "filter"])
def test_what_is_shared_is_left_alone_the_second_time(
    local_aws: LocalAws, database: str, consumer: str, what: str
) -> None:
    names = {"DatabaseName": database, "Name": TABLE_NAME}
    rows = {"TableCatalogId": "123456789012", "DatabaseName": database, "TableName": TABLE_NAME, "Name": "uk"}
    resources: dict[str, dict[str, Any]] = {
        "table": {"Table": names},
        "database": {"Database": {"Name": database}},
        "all tables": {"Table": {"DatabaseName": database, "TableWildcard": {}}},
        "columns": {"TableWithColumns": {**names, "ColumnNames": ["ID"]}},
        "all columns but one": {"TableWithColumns": {**names, "ColumnWildcard": {"ExcludedColumnNames": ["id"]}}},
        "filter": {"DataCellsFilter": rows},
    }
    if what == "filter":
        shown = {"RowFilter": {"FilterExpression": "country = 'UK'"}, "ColumnWildcard": {}}
        local_aws.client("lakeformation").create_data_cells_filter(TableData={**rows, **shown})
    arguments = {"resource": resources[what], "permissions": ["DESCRIBE" if what == "database" else "SELECT"]}
    first = run_task(share(database, consumer, **arguments))
    assert (first["status"], first["granted"]) == ("ASSOCIATED", True)
    before = held(local_aws, consumer)
    assert run_task(share(database, consumer, **arguments)) == {**first, "granted": False}
    assert held(local_aws, consumer) == before, "not even its time has changed"


def test_the_grant_option_is_added_to_what_is_held(local_aws: LocalAws, database: str) -> None:
    run_task(share(database))
    assert run_task(share(database, grantable=["SELECT"]))["granted"] is True
    (row,) = held(local_aws, ORGANIZATION)
    assert row["PermissionsWithGrantOption"] == ["SELECT"]
    assert run_task(share(database))["granted"] is False


ARN = "arn:aws:glue:us-east-1:123456789012:table/curated/sales"
V1, V2 = ("arn:aws:ram:us-east-1:123456789012:resource-share/1", "arn:aws:ram:us-east-1:123456789012:resource-share/2")


def association(
    share_arn: str, status: str, external: bool = False, name: str = "LakeFormation-V2-X"
) -> dict[str, Any]:
    row = {"resourceShareArn": share_arn, "resourceShareName": name, "associatedEntity": "it", "status": status}
    return {**row, "external": external, **({"statusMessage": "why"} if status == "FAILED" else {})}


@pytest.mark.parametrize(
    ("to_consumer", "of_resource", "expected"),
    [
        # An account of the organization, while RAM is still at it: no invitation.
        ([association(V1, "ASSOCIATING")], [[association(V1, "ASSOCIATED")]], Status.ASSOCIATING),
        ([association(V1, "ASSOCIATED")], [[association(V1, "ASSOCIATING")]], Status.ASSOCIATING),
        # Outside of it, and the resource is not there yet.
        ([association(V1, "ASSOCIATING", True)], [[association(V1, "ASSOCIATING")]], Status.ASSOCIATING),
        ([association(V1, "ASSOCIATING", True)], [[association(V1, "ASSOCIATED")]], Status.PENDING),
        ([association(V1, "ASSOCIATED")], [[association(V1, "FAILED")]], Status.FAILED),
        ([association(V1, "SUSPENDED")], [[association(V1, "ASSOCIATED")]], Status.ASSOCIATING),
        # The consumer's share is of something else, and the resource is in no share of the consumer.
        ([association(V1, "ASSOCIATED")], [[]], Status.ASSOCIATING),
        ([], [], Status.ASSOCIATING),
        # What has ended does not count, and neither does a share that somebody else made.
        ([association(V1, "DISASSOCIATED")], [], Status.ASSOCIATING),
        ([association(V1, "ASSOCIATED", name="ours")], [], Status.ASSOCIATING),
        # Version 1 of the settings: one share for each grant, and an old one has failed.
        (
            [association(V1, "FAILED"), association(V2, "ASSOCIATED")],
            [[association(V1, "ASSOCIATED")], [association(V2, "ASSOCIATED")]],
            Status.ASSOCIATED,
        ),
    ],
)
def test_what_one_account_cannot_make_ram_say(
    to_consumer: list[dict[str, Any]], of_resource: list[list[dict[str, Any]]], expected: Status
) -> None:
    ram = boto3.client("ram", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(ram) as stub:
        for answer in (to_consumer, *of_resource):
            stub.add_response("get_resource_share_associations", {"resourceShareAssociations": answer})
        found = read_share(ram, CONSUMER, ARN)
        stub.assert_no_pending_responses()
    assert found.status is expected
    assert ("(why)" in found.detail) == (expected is Status.FAILED)


# ---- Resource links


def link(database: str, **arguments: Any) -> LakeFormationResourceLinkOperator:
    given = {
        "database": database,
        "table": "their_orders",
        "target_catalog_id": CONSUMER,
        "target_database": "sales",
        "target_table": "orders",
        **arguments,
    }
    return LakeFormationResourceLinkOperator(task_id="link_orders", **given)


def test_something_else_of_the_name_stays_as_it_is(local_aws: LocalAws, database: str) -> None:
    glue = local_aws.client("glue")
    before = glue.get_table(DatabaseName=database, Name=TABLE_NAME)["Table"]
    with pytest.raises(AirflowFailException, match=r"is a table of this catalog and no resource link\. Nothing"):
        run_task(link(database, table=TABLE_NAME))
    assert glue.get_table(DatabaseName=database, Name=TABLE_NAME)["Table"] == before
    with pytest.raises(AirflowFailException, match=r"is a database of this catalog and no resource link\. Nothing"):
        run_task(link(database, table=None, target_table=None))


@pytest.mark.parametrize(
    "elsewhere", [{"target_catalog_id": "888888888888"}, {"target_database": "other"}, {"target_table": "other"}]
)
def test_a_link_to_something_else_stays_as_it_is(local_aws: LocalAws, database: str, elsewhere: dict[str, str]) -> None:
    run_task(link(database))
    glue = local_aws.client("glue")
    before = glue.get_table(DatabaseName=database, Name="their_orders")["Table"]
    role = local_aws.settings.role_arn("outsider")
    with pytest.raises(AirflowFailException, match=r"is a resource link to 999999999999\.sales\.orders, not to"):
        run_task(link(database, **elsewhere, describe=[role]))
    assert glue.get_table(DatabaseName=database, Name="their_orders")["Table"] == before
    assert role not in str(local_aws.client("lakeformation").list_permissions(Resource=table_named(database)))


def table_named(database: str, name: str = "their_orders") -> dict[str, Any]:
    return {"Table": {"DatabaseName": database, "Name": name}}


def test_half_a_link_is_refused(database: str) -> None:
    with pytest.raises(AirflowFailException, match="name both or neither"):
        run_task(link(database, target_table=None))
    with pytest.raises(AirflowFailException, match="name both or neither"):
        run_task(link("new_database", table=None))


def test_without_the_right_no_link_is_made(local_aws: LocalAws, database: str) -> None:
    with (
        without_statement(local_aws.client("iam"), local_aws.name("lake-admin"), POLICY, "MakeResourceLinks"),
        pytest.raises(AirflowFailException, match=r"glue:CreateTable.*docs/sharing\.md"),
    ):
        run_task(link(database))


def test_a_link_is_made_once_and_may_be_described_by_whom_it_was_said(local_aws: LocalAws, database: str) -> None:
    analyst = local_aws.settings.role_arn("uk-analyst")
    assert run_task(link(database, describe=[analyst])) == "created"
    assert run_task(link(database, target_database="SALES", describe=[analyst])) == "unchanged"
    found = local_aws.client("glue").get_table(DatabaseName=database, Name="their_orders")["Table"]
    assert found["TargetTable"] == {"CatalogId": CONSUMER, "DatabaseName": "sales", "Name": "orders"}
    rows = local_aws.client("lakeformation").list_permissions(Resource=table_named(database))
    of_analyst = [
        row["Permissions"]
        for row in rows["PrincipalResourcePermissions"]
        if row["Principal"]["DataLakePrincipalIdentifier"] == analyst
    ]
    assert of_analyst == [["DESCRIBE"]]


def test_a_link_to_a_database(local_aws: LocalAws, database: str) -> None:
    name = f"{database}_theirs"
    glue = local_aws.client("glue")
    try:
        assert run_task(link(name, table=None, target_table=None)) == "created"
        assert run_task(link(name, table=None, target_table=None)) == "unchanged"
        target = {"CatalogId": CONSUMER, "DatabaseName": "sales"}
        assert glue.get_database(Name=name)["Database"]["TargetDatabase"] == target
        with pytest.raises(AirflowFailException, match=r"is a resource link to 999999999999\.sales, not to"):
            run_task(link(name, table=None, target_table=None, target_database="other"))
    finally:
        glue.delete_database(Name=name)
