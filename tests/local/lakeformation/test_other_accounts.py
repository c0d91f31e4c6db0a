"""Grants to other accounts: what is refused, the resource share behind them, and that nobody here gains by them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.services.lakeformation import access
from tests.local import rights

from .conftest import ALL_COLUMNS, ALL_TABLES, DATABASE, RIGHTS, ROLES, TABLE, Lake, columns, columns_except

Refused = Callable[..., dict[str, Any]]

CONSUMER = "999999999999"
ORGANIZATION = "arn:aws:organizations::111111111111:organization/o-abcdefghij"
UNIT = "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-ab12-34567890"
PEOPLE = "arn:aws:glue:us-east-1:123456789012:table/db/people"
POLICY = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "class", "TagValues": ["open"]}]}}


@pytest.fixture
def consumers(lake: Lake) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Write down what the other accounts have done."""
    path = lake.settings.folder("ram") / "consumers.json"

    def write(answers: dict[str, Any]) -> None:
        path.write_text(json.dumps(answers))

    yield write
    path.unlink(missing_ok=True)


def associations(lake: Lake, kind: str, **which: Any) -> dict[str, str]:
    answer = lake.client("ram", "local-admin").get_resource_share_associations(associationType=kind, **which)
    return {row["associatedEntity"]: row["status"] for row in answer["resourceShareAssociations"]}


def shares(lake: Lake, **which: Any) -> list[dict[str, Any]]:
    answer = lake.client("ram", "local-admin").get_resource_shares(resourceOwner="SELF", **which)
    return list(answer["resourceShares"])


@pytest.mark.parametrize(
    "principal",
    [
        "123456789012",
        "99999999999",
        "9999999999999",
        "99999999999x",
        "\u0669" * 12,
        "arn:aws:iam::999999999999:root",
        "arn:aws:iam::999999999999:role/theirs",
        "arn:aws:organizations::111111111111:organization/abcdefghij",
        "arn:aws:organizations::111111111111:organization/o-abcdefghij/r-ab12",
        "arn:aws:organizations::111111111111:ou/o-abcdefghij",
        f"{ORGANIZATION} ",
        "*",
    ],
)
def test_what_is_no_other_account_is_no_principal(lake: Lake, refused: Refused, principal: str) -> None:
    error = refused(lake.grant, principal, TABLE, "SELECT")
    assert (error["Code"], error["Retries"]) == ("InvalidInputException", 0)
    assert "Invalid principal" in error["Message"]
    assert shares(lake) == []


@pytest.mark.parametrize(
    ("resource", "permission"),
    [
        ({"Catalog": {}}, "CREATE_DATABASE"),
        ({"DataLocation": {"ResourceArn": "arn:aws:s3:::lake"}}, "DATA_LOCATION_ACCESS"),
        ({"LFTag": {"TagKey": "class", "TagValues": ["open"]}}, "DESCRIBE"),
        (TABLE, "ALL"),
        (DATABASE, "ALL"),
        (columns("wages"), "SELECT"),
        ({"Table": {"DatabaseName": "db", "Name": "gone"}}, "SELECT"),
        (TABLE, "CREATE_TABLE"),
    ],
)
def test_what_cannot_be_shared_is_refused_and_nothing_is_stored(
    lake: Lake, refused: Refused, resource: dict[str, Any], permission: str
) -> None:
    assert refused(lake.grant, CONSUMER, resource, permission)["Code"] in (
        "InvalidInputException",
        "EntityNotFoundException",
    )
    assert CONSUMER not in lake.backend.state.grants
    assert shares(lake) == []


@pytest.mark.parametrize("opened", [TABLE, ALL_TABLES])
def test_what_is_open_to_iam_cannot_be_shared(lake: Lake, refused: Refused, opened: dict[str, Any]) -> None:
    lake.grant("IAM_ALLOWED_PRINCIPALS", opened, "ALL")
    error = refused(lake.grant, CONSUMER, columns("id"), "SELECT")
    assert error["Code"] == "InvalidInputException"
    assert "IAM_ALLOWED_PRINCIPALS" in error["Message"]


def test_only_who_may_pass_a_right_on_shares_it(lake: Lake, refused: Refused) -> None:
    assert refused(lake.grant, CONSUMER, TABLE, "SELECT", by="outsider")["Code"] == "AccessDeniedException"
    lake.grant("steward", TABLE, "SELECT", PermissionsWithGrantOption=["SELECT"])
    lake.grant(CONSUMER, TABLE, "SELECT", by="steward")
    assert refused(lake.grant, CONSUMER, TABLE, "INSERT", by="steward")["Code"] == "AccessDeniedException"


@pytest.fixture
def steward_without_ram(lake: Lake) -> Iterator[None]:
    """The role steward may pass a right on in Lake Formation, but may do nothing in AWS RAM."""
    lake.grant("steward", TABLE, "SELECT", PermissionsWithGrantOption=["SELECT"])
    iam = lake.client("iam", "local-admin")
    rights.give(iam, "steward", rights.allow("lakeformation:*"))
    yield
    rights.give(iam, "steward", *RIGHTS)


def test_without_rights_in_ram_nobody_shares(lake: Lake, refused: Refused, steward_without_ram: None) -> None:
    entry = {"Id": "1", "Principal": lake.principal(CONSUMER), "Resource": TABLE, "Permissions": ["SELECT"]}
    client = lake.client(role="steward")
    for call in (
        lambda: lake.grant(CONSUMER, TABLE, "SELECT", by="steward"),
        lambda: client.batch_grant_permissions(Entries=[entry]),
    ):
        error = refused(call)
        assert error["Code"] == "AccessDeniedException"
        assert "ram:CreateResourceShare" in error["Message"]
    error = refused(client.batch_revoke_permissions, Entries=[entry])
    assert "ram:DisassociateResourceShare" in error["Message"]
    lake.grant("analyst", TABLE, "SELECT", by="steward")


@pytest.mark.parametrize("consumer", [CONSUMER, ORGANIZATION, UNIT])
@pytest.mark.parametrize("resource", [DATABASE, TABLE, ALL_TABLES, columns("id"), columns_except("salary")])
def test_a_grant_to_another_account_widens_nobodys_view(lake: Lake, consumer: str, resource: dict[str, Any]) -> None:
    permissions = ["DESCRIBE", "ALTER", "DROP"] if resource is DATABASE else ["SELECT"]
    # The grant option takes an include list of columns.
    grantable = [] if "ColumnWildcard" in str(resource) else permissions
    callers = (*ROLES, "nobody", "", consumer)
    before = {caller: seen(lake, caller) for caller in callers}
    lake.grant(consumer, resource, *permissions, PermissionsWithGrantOption=grantable)
    assert {caller: seen(lake, caller) for caller in callers} == before
    assert lake.rows(role="outsider") == []
    glue = lake.client("glue", "outsider")
    assert [row["Name"] for row in glue.get_databases()["DatabaseList"]] == []
    with pytest.raises(glue.exceptions.ClientError, match="Insufficient Lake Formation permission"):
        glue.get_table(DatabaseName="db", Name="people")


def seen(lake: Lake, role: str) -> tuple[Any, ...]:
    """Everything that the other services ask Lake Formation for a caller."""
    arn = lake.arn(role) if role in ROLES else role
    actions = ("DESCRIBE", "SELECT", "INSERT", "ALTER", "DROP", "DELETE")
    return (
        access.table_access(arn, "db", "people", ALL_COLUMNS),
        *(access.allowed(arn, action, "db", "people") for action in actions),
        *(access.allowed(arn, action, "db") for action in ("DESCRIBE", "CREATE_TABLE", "ALTER", "DROP")),
        access.allowed(arn, "CREATE_DATABASE", ""),
        access.location_allowed(arn, "s3://lake/db/x", "db"),
    )


def test_a_consumer_is_no_caller(lake: Lake) -> None:
    """A role may be named like the account: it is still somebody else."""
    lake.grant(CONSUMER, TABLE, "SELECT")
    for arn in (lake.arn(CONSUMER), f"arn:aws:iam::123456789012:user/{CONSUMER}"):
        assert access.table_access(arn, "db", "people", ALL_COLUMNS).columns == ()


def test_one_share_for_a_consumer_grows_and_shrinks_with_its_grants(lake: Lake) -> None:
    lake.create_table("prices")
    for resource in (TABLE, {"Table": {"DatabaseName": "db", "Name": "prices"}}):
        lake.grant(CONSUMER, resource, "SELECT")
    lake.grant(CONSUMER, columns("id"), "SELECT")
    lake.grant(CONSUMER, DATABASE, "DESCRIBE")
    (share,) = shares(lake)
    assert share["name"].startswith("LakeFormation-V")
    assert (share["status"], share["owningAccountId"]) == ("ACTIVE", "123456789012")
    prefix = "arn:aws:glue:us-east-1:123456789012"
    assert associations(lake, "RESOURCE", resourceShareArns=[share["resourceShareArn"]]) == {
        f"{prefix}:database/db": "ASSOCIATED",
        f"{prefix}:table/db/people": "ASSOCIATED",
        f"{prefix}:table/db/prices": "ASSOCIATED",
    }
    lake.client("glue", "local-admin").delete_table(DatabaseName="db", Name="prices")
    lake.revoke(CONSUMER, DATABASE, "DESCRIBE")
    assert associations(lake, "RESOURCE") == {PEOPLE: "ASSOCIATED"}
    lake.revoke(CONSUMER, columns("id"), "SELECT")
    assert associations(lake, "RESOURCE") == {PEOPLE: "ASSOCIATED"}, "the whole table is granted still"
    lake.revoke(CONSUMER, TABLE, "SELECT")
    assert shares(lake) == []
    assert associations(lake, "PRINCIPAL") == {}


def test_filters_are_shared_as_their_table_and_all_tables_as_their_database(lake: Lake) -> None:
    lake.grant(CONSUMER, lake.create_filter("british", "country = 'UK'"), "SELECT")
    lake.grant(UNIT, ALL_TABLES, "SELECT")
    database = "arn:aws:glue:us-east-1:123456789012:database/db"
    ram = lake.client("ram", "local-admin")
    for consumer, shared in ((CONSUMER, PEOPLE), (UNIT, database)):
        (to_consumer,) = ram.get_resource_share_associations(associationType="PRINCIPAL", principal=consumer)[
            "resourceShareAssociations"
        ]
        found = associations(lake, "RESOURCE", resourceShareArns=[to_consumer["resourceShareArn"]])
        assert found == {shared: "ASSOCIATED"}


def test_tag_policies_are_shared_from_version_3_on(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["open"])
    lake.grant(CONSUMER, POLICY, "SELECT")
    assert shares(lake) == []
    settings = lake.client().get_data_lake_settings()["DataLakeSettings"]
    settings["Parameters"] = {"CROSS_ACCOUNT_VERSION": "3"}
    lake.client().put_data_lake_settings(DataLakeSettings=settings)
    assert associations(lake, "RESOURCE") == {"arn:aws:glue:us-east-1:123456789012:catalog": "ASSOCIATED"}


@pytest.mark.parametrize("version", ["0", "6", "three", "03"])
def test_there_are_five_versions_of_the_cross_account_settings(lake: Lake, refused: Refused, version: str) -> None:
    settings = lake.client().get_data_lake_settings()["DataLakeSettings"]
    settings["Parameters"] = {"CROSS_ACCOUNT_VERSION": version}
    error = refused(lake.client().put_data_lake_settings, DataLakeSettings=settings)
    assert error["Code"] == "InvalidInputException"


def test_a_consumer_outside_of_the_organization_must_accept(
    lake: Lake, consumers: Callable[[dict[str, Any]], None]
) -> None:
    for consumer in (CONSUMER, "888888888888", ORGANIZATION, UNIT):
        lake.grant(consumer, TABLE, "SELECT")
    assert associations(lake, "PRINCIPAL") == {
        CONSUMER: "ASSOCIATING",
        "888888888888": "ASSOCIATING",
        ORGANIZATION: "ASSOCIATED",
        UNIT: "ASSOCIATED",
    }
    consumers({"accepted": [CONSUMER], "failed": {UNIT: "The organizational unit is gone."}})
    assert associations(lake, "PRINCIPAL", associationStatus="ASSOCIATING") == {"888888888888": "ASSOCIATING"}
    assert associations(lake, "PRINCIPAL", principal=CONSUMER) == {CONSUMER: "ASSOCIATED"}
    ram = lake.client("ram", "local-admin")
    (failed,) = ram.get_resource_share_associations(associationType="PRINCIPAL", principal=UNIT)[
        "resourceShareAssociations"
    ]
    assert (failed["status"], failed["statusMessage"], failed["external"]) == (
        "FAILED",
        "The organizational unit is gone.",
        False,
    )


def test_grants_to_other_accounts_are_listed_and_revoked_in_batches(lake: Lake) -> None:
    entry = {"Id": "1", "Principal": lake.principal(CONSUMER), "Resource": TABLE, "Permissions": ["SELECT"]}
    assert lake.client().batch_grant_permissions(Entries=[entry])["Failures"] == []
    (row,) = lake.rows(TABLE, Principal=lake.principal(CONSUMER))
    assert (row["Principal"], row["Permissions"]) == (lake.principal(CONSUMER), ["SELECT"])
    bad = {**entry, "Id": "2", "Principal": lake.principal("123")}
    (failure,) = lake.client().batch_grant_permissions(Entries=[entry, bad])["Failures"]
    assert failure["RequestEntry"]["Id"] == "2"
    assert lake.client().batch_revoke_permissions(Entries=[entry])["Failures"] == []
    assert shares(lake) == []


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("get_resource_shares", {"resourceOwner": "NOBODY"}, "InvalidParameterException"),
        ("get_resource_shares", {"resourceOwner": "SELF", "permissionArn": "arn:aws:ram::aws:permission/x"}, "InvalidParameterException"),  # noqa: E501
        ("get_resource_shares", {"resourceOwner": "SELF", "nextToken": "x"}, "InvalidNextTokenException"),
        ("get_resource_shares", {"resourceOwner": "SELF", "maxResults": 501}, "InvalidParameterException"),
        ("get_resource_shares", {"resourceOwner": "SELF", "resourceShareArns": ["arn:aws:ram:us-east-1:1:resource-share/x"]}, "UnknownResourceException"),  # noqa: E501
        ("get_resource_share_associations", {"associationType": "OTHER"}, "InvalidParameterException"),
        ("get_resource_share_associations", {"associationType": "PRINCIPAL", "resourceArn": PEOPLE}, "InvalidParameterException"),  # noqa: E501
        ("get_resource_share_associations", {"associationType": "RESOURCE", "principal": CONSUMER}, "InvalidParameterException"),  # noqa: E501
        ("get_resource_share_associations", {"associationType": "RESOURCE", "associationStatus": "GOOD"}, "InvalidParameterException"),  # noqa: E501
    ],
)  # fmt: skip
def test_wrong_questions_to_ram_are_refused(
    lake: Lake, refused: Refused, operation: str, arguments: dict[str, Any], code: str
) -> None:
    error = refused(getattr(lake.client("ram", "local-admin"), operation), **arguments)
    assert (error["Code"], error["Status"], error["Retries"]) == (code, 400, 0)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_resource_share", {"name": "mine"}),
        ("delete_resource_share", {"resourceShareArn": "arn:aws:ram:us-east-1:123456789012:resource-share/x"}),
        ("associate_resource_share", {"resourceShareArn": "arn:aws:ram:us-east-1:123456789012:resource-share/x"}),
        ("get_resource_share_invitations", {}),
        ("accept_resource_share_invitation", {"resourceShareInvitationArn": "arn:aws:ram:us-east-1:1:x"}),
        ("list_resources", {"resourceOwner": "SELF"}),
        ("enable_sharing_with_aws_organization", {}),
    ],
)
def test_other_operations_of_ram_are_refused_at_once(
    lake: Lake, refused: Refused, operation: str, arguments: dict[str, Any]
) -> None:
    error = refused(getattr(lake.client("ram", "local-admin"), operation), **arguments)
    assert (error["Code"], error["Status"], error["Retries"]) == ("UnknownOperationException", 404, 0)
    assert operation.replace("_", "") in error["Message"]


def test_ram_is_asked_with_rights_of_ones_own(lake: Lake, refused: Refused, steward_without_ram: None) -> None:
    ram = lake.client("ram", "steward")
    error = refused(ram.get_resource_share_associations, associationType="RESOURCE")
    assert error["Code"] == "AccessDeniedException"
    assert "ram:GetResourceShareAssociations" in error["Message"]
    assert refused(ram.get_resource_shares, resourceOwner="SELF")["Code"] == "AccessDeniedException"


def test_nobody_shares_anything_with_the_only_account(lake: Lake) -> None:
    lake.grant(CONSUMER, TABLE, "SELECT")
    assert lake.client("ram", "analyst").get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == []


def test_shares_come_in_pages(lake: Lake) -> None:
    for consumer in (CONSUMER, ORGANIZATION, UNIT):
        lake.grant(consumer, TABLE, "SELECT")
    pages = list(
        lake.client("ram", "local-admin")
        .get_paginator("get_resource_shares")
        .paginate(resourceOwner="SELF", PaginationConfig={"PageSize": 2})
    )
    assert [len(page["resourceShares"]) for page in pages] == [2, 1]
    name = pages[0]["resourceShares"][0]["name"]
    assert [share["name"] for share in shares(lake, name=name)] == [name]
    assert shares(lake, resourceShareStatus="DELETED") == []
