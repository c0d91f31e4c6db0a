"""The 17 defects of moto's Lake Formation, each of which let a wrong program pass. Fails on plain moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.services.lakeformation import access

from .conftest import ALL_COLUMNS, DATABASE, TABLE, Lake, columns

Refused = Callable[..., dict[str, Any]]
IAM_ALLOWED = {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}


def test_1_a_registered_location_keeps_everything_it_was_registered_with(lake: Lake) -> None:
    lake.client().register_resource(
        ResourceArn="arn:aws:s3:::lake/db", RoleArn=lake.arn("steward"), HybridAccessEnabled=True, WithFederation=True
    )
    location = lake.client().describe_resource(ResourceArn="arn:aws:s3:::lake/db")["ResourceInfo"]
    assert location["RoleArn"] == lake.arn("steward")
    assert location["HybridAccessEnabled"]
    assert location["WithFederation"]
    assert location["LastModified"]


def test_2_a_batch_keeps_the_grant_option(lake: Lake) -> None:
    entry = {"Id": "1", "Principal": lake.principal("steward"), "Resource": DATABASE, "Permissions": ["ALTER"]}
    lake.client().batch_grant_permissions(Entries=[{**entry, "PermissionsWithGrantOption": ["ALTER"]}])
    assert lake.rows(DATABASE)[0]["PermissionsWithGrantOption"] == ["ALTER"]


def test_3_a_batch_takes_20_entries_and_reports_each_failure(lake: Lake, refused: Refused) -> None:
    good = {"Principal": lake.principal("analyst"), "Resource": TABLE, "Permissions": ["SELECT"]}
    too_many = [{"Id": str(number), **good} for number in range(21)]
    assert refused(lake.client().batch_grant_permissions, Entries=too_many)["Code"] == "InvalidInputException"
    assert lake.rows(TABLE) == []
    missing = {"Table": {"DatabaseName": "db", "Name": "nowhere"}}
    answer = lake.client().batch_grant_permissions(
        Entries=[{"Id": "ok", **good}, {"Id": "no", **good, "Resource": missing}]
    )
    assert [(f["RequestEntry"]["Id"], f["Error"]["ErrorCode"]) for f in answer["Failures"]] == [
        ("no", "EntityNotFoundException")
    ]
    assert len(lake.rows(TABLE)) == 1


@pytest.mark.parametrize(
    ("principal", "resource", "permission", "code"),
    [
        ("banana", TABLE, "SELECT", "InvalidInputException"),
        ("arn:aws:iam::123456789012:role/nobody", TABLE, "SELECT", "InvalidInputException"),
        ("analyst", {"Database": {"Name": "nowhere"}}, "DESCRIBE", "EntityNotFoundException"),
        ("analyst", {"Table": {"DatabaseName": "db", "Name": "nowhere"}}, "SELECT", "EntityNotFoundException"),
        ("analyst", columns("nothing"), "SELECT", "InvalidInputException"),
        ("analyst", TABLE, "CREATE_TABLE", "InvalidInputException"),
        ("analyst", DATABASE, "SELECT", "InvalidInputException"),
        ("analyst", columns("id"), "INSERT", "InvalidInputException"),
        ("analyst", {"Catalog": {}}, "SELECT", "InvalidInputException"),
        ("IAM_ALLOWED_PRINCIPALS", columns("id"), "SELECT", "InvalidInputException"),
    ],
)
def test_4_principal_resource_and_permission_are_checked(
    lake: Lake, refused: Refused, principal: str, resource: dict[str, Any], permission: str, code: str
) -> None:
    before = lake.rows()
    error = refused(lake.grant, principal, resource, permission)
    assert (error["Code"], error["Status"], error["Retries"]) == (code, 400, 0)
    assert lake.rows() == before


def test_5_two_spellings_of_a_resource_are_one_grant(lake: Lake) -> None:
    lake.grant("analyst", {"Database": {"CatalogId": "123456789012", "Name": "DB"}}, "DESCRIBE")
    lake.grant("analyst", DATABASE, "ALTER")
    assert [row["Permissions"] for row in lake.rows(DATABASE)] == [["ALTER", "DESCRIBE"]]
    lake.grant("analyst", columns("name", "id"), "SELECT")
    lake.grant("analyst", columns("id", "NAME"), "SELECT")
    assert [row["Resource"]["TableWithColumns"]["ColumnNames"] for row in lake.rows(TABLE)] == [["id", "name"]]


def test_6_revoking_what_nobody_holds_is_refused(lake: Lake, refused: Refused) -> None:
    error = refused(lake.revoke, "analyst", TABLE, "SELECT")
    assert error["Code"] == "InvalidInputException"
    assert error["Message"].startswith("No permissions revoked. Grantee")


def test_7_creating_a_tag_again_is_refused_and_keeps_its_values(lake: Lake, refused: Refused) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "pii"])
    assert refused(lake.client().create_lf_tag, TagKey="CLASS", TagValues=["x"])["Code"] == "InvalidInputException"
    assert lake.client().get_lf_tag(TagKey="class")["TagValues"] == ["public", "pii"]


def test_8_a_missing_tag_is_not_found(lake: Lake, refused: Refused) -> None:
    assert refused(lake.client().get_lf_tag, TagKey="nothing")["Code"] == "EntityNotFoundException"


def test_9_updating_a_tag_finds_it_and_repeats_no_value(lake: Lake, refused: Refused) -> None:
    error = refused(lake.client().update_lf_tag, TagKey="nothing", TagValuesToAdd=["a"])
    assert (error["Code"], error["Status"]) == ("EntityNotFoundException", 400)
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    lake.client().update_lf_tag(TagKey="class", TagValuesToAdd=["public", "pii"])
    assert lake.client().get_lf_tag(TagKey="class")["TagValues"] == ["public", "pii"]


def test_10_attaching_a_tag_adds_to_the_others_and_checks_the_value(lake: Lake) -> None:
    for key in ("class", "domain"):
        lake.client().create_lf_tag(TagKey=key, TagValues=["a", "b"])
        lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=[{"TagKey": key, "TagValues": ["a"]}])
    wrong = [{"TagKey": "class", "TagValues": ["zzz"]}, {"TagKey": "nokey", "TagValues": ["a"]}]
    failures = lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=wrong)["Failures"]
    assert [failure["Error"]["ErrorCode"] for failure in failures] == ["EntityNotFoundException"] * 2
    tags = lake.client().get_resource_lf_tags(Resource=DATABASE)["LFTagOnDatabase"]
    assert [(tag["TagKey"], tag["TagValues"]) for tag in tags] == [("class", ["a"]), ("domain", ["a"])]


def test_11_an_untagged_resource_has_no_tags_and_a_tagged_one_passes_them_down(lake: Lake) -> None:
    answer = lake.client().get_resource_lf_tags(Resource=TABLE)
    assert not set(answer) & {"LFTagOnDatabase", "LFTagsOnTable", "LFTagsOnColumns"}
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "pii"])
    lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=[{"TagKey": "class", "TagValues": ["public"]}])
    lake.client().add_lf_tags_to_resource(Resource=columns("name"), LFTags=[{"TagKey": "class", "TagValues": ["pii"]}])
    answer = lake.client().get_resource_lf_tags(Resource=TABLE)
    assert answer["LFTagsOnTable"][0]["TagValues"] == ["public"]
    values = {column["Name"]: column["LFTags"][0]["TagValues"] for column in answer["LFTagsOnColumns"]}
    assert values == {column: ["pii"] if column == "name" else ["public"] for column in ALL_COLUMNS}


def test_12_detaching_an_absent_tag_is_reported(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    failures = lake.client().remove_lf_tags_from_resource(
        Resource=DATABASE, LFTags=[{"TagKey": "class", "TagValues": ["public"]}]
    )["Failures"]
    assert failures[0]["Error"]["ErrorCode"] == "EntityNotFoundException"


def test_13_listing_has_pages_columns_tags_policies_and_filters(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": "class", "TagValues": ["public"]}]}}
    tag = {"LFTag": {"TagKey": "class", "TagValues": ["public"]}}
    cells = lake.create_filter("british", "country = 'UK'")
    lake.grant("analyst", columns("id"), "SELECT")
    lake.grant("engineer", TABLE, "SELECT")
    lake.grant("analyst", policy, "SELECT")
    lake.grant("analyst", tag, "DESCRIBE")
    lake.grant("analyst", cells, "SELECT")
    assert {next(iter(row["Resource"])) for row in lake.rows(TABLE)} == {"TableWithColumns"}
    assert len(lake.rows(TABLE)) == 2
    assert len(lake.rows(TABLE, IncludeRelated="TRUE")) == 3
    assert lake.rows(policy)[0]["Resource"]["LFTagPolicy"]["Expression"][0]["TagKey"] == "class"
    assert lake.rows(tag)[0]["Permissions"] == ["DESCRIBE"]
    assert lake.rows(cells)[0]["Resource"] == cells
    assert [row["Resource"].keys() for row in lake.rows(ResourceType="LF_TAG_POLICY")] == [{"LFTagPolicy"}]
    everything = lake.rows()
    paged: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = lake.client().list_permissions(MaxResults=2, **token)
        assert len(answer["PrincipalResourcePermissions"]) <= 2
        paged += answer["PrincipalResourcePermissions"]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [row["Resource"] for row in paged] == [row["Resource"] for row in everything]


def test_14_keys_and_values_are_lower_cased(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="Class", TagValues=["Public", "PUBLIC", "Pii"])
    answer = lake.client().get_lf_tag(TagKey="cLASS")
    assert (answer["TagKey"], answer["TagValues"]) == ("class", ["public", "pii"])


def test_15_settings_are_replaced_and_complete(lake: Lake) -> None:
    admins = [lake.principal("lake-admin")]
    lake.client().put_data_lake_settings(
        DataLakeSettings={"DataLakeAdmins": admins, "CreateTableDefaultPermissions": [IAM_ALLOWED]}
    )
    lake.client().put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": admins})
    settings = lake.client().get_data_lake_settings()["DataLakeSettings"]
    assert settings["DataLakeAdmins"] == admins
    assert settings["ReadOnlyAdmins"] == []
    assert settings["CreateTableDefaultPermissions"] == []
    assert settings["Parameters"]["CROSS_ACCOUNT_VERSION"] == "1"
    assert settings["AllowExternalDataFiltering"] is False


def test_16_new_tables_are_open_to_iam_when_the_settings_say_so(lake: Lake) -> None:
    assert lake.rows(TABLE) == []
    settings = {"DataLakeAdmins": [lake.principal("lake-admin")], "CreateTableDefaultPermissions": [IAM_ALLOWED]}
    lake.client().put_data_lake_settings(DataLakeSettings=settings)
    lake.create_table("open")
    rows = lake.rows({"Table": {"DatabaseName": "db", "Name": "open"}})
    assert {row["Principal"]["DataLakePrincipalIdentifier"] for row in rows} == {"IAM_ALLOWED_PRINCIPALS"}
    assert access.table_access(lake.arn("outsider"), "db", "open", ALL_COLUMNS).columns == ALL_COLUMNS
    assert access.table_access(lake.arn("outsider"), "db", "people", ALL_COLUMNS).columns == ()


def test_17_grants_are_enforced_by_the_catalog(lake: Lake, refused: Refused) -> None:
    error = refused(lake.client("glue", "outsider").get_table, DatabaseName="db", Name="people")
    assert error["Code"] == "AccessDeniedException"
    lake.grant("analyst", columns("id", "country"), "SELECT")
    table = lake.client("glue", "analyst").get_table(DatabaseName="db", Name="people")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["id", "country"]
    glue, place = lake.client("glue", "analyst"), {"DatabaseName": "db", "TableName": "people"}
    whole = lake.client("glue", "local-admin").get_table(DatabaseName="db", Name="people")["Table"]
    day = {"Values": ["2026-01-01"], "StorageDescriptor": {**whole["StorageDescriptor"], "Location": "s3://a/b/"}}
    lake.client("glue", "local-admin").create_partition(**place, PartitionInput=day)
    partitions = [
        *glue.get_partitions(**place)["Partitions"],
        *glue.batch_get_partition(**place, PartitionsToGet=[{"Values": ["2026-01-01"]}])["Partitions"],
        glue.get_partition(**place, PartitionValues=["2026-01-01"])["Partition"],
    ]
    assert [[column["Name"] for column in found["StorageDescriptor"]["Columns"]] for found in partitions] == [
        ["id", "country"]
    ] * 3
    error = refused(lake.client("glue", "outsider").delete_table, DatabaseName="db", Name="people")
    assert error["Code"] == "AccessDeniedException"
    lake.grant("outsider", TABLE, "DROP")
    lake.client("glue", "outsider").delete_table(DatabaseName="db", Name="people")
