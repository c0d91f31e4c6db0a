"""Who may grant, what a grant turns into, and how it reads back."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ALL_TABLES, DATABASE, TABLE, Lake, columns, columns_except

Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("role", ["outsider", "auditor"])
def test_only_administrators_and_holders_of_the_grant_option_grant(lake: Lake, refused: Refused, role: str) -> None:
    error = refused(lake.grant, "outsider", TABLE, "SELECT", by=role)
    assert (error["Code"], error["Status"], error["Retries"]) == ("AccessDeniedException", 403, 0)


def test_the_grant_option_covers_what_it_was_given_for(lake: Lake, refused: Refused) -> None:
    lake.grant("steward", TABLE, "SELECT", "INSERT", PermissionsWithGrantOption=["SELECT"])
    lake.grant("analyst", TABLE, "SELECT", by="steward")
    lake.grant("analyst", columns("id"), "SELECT", by="steward")
    assert refused(lake.grant, "analyst", TABLE, "INSERT", by="steward")["Code"] == "AccessDeniedException"
    assert refused(lake.grant, "analyst", DATABASE, "DESCRIBE", by="steward")["Code"] == "AccessDeniedException"
    assert refused(lake.grant, "outsider", TABLE, "SELECT", by="analyst")["Code"] == "AccessDeniedException"


def test_the_grant_option_is_limited_to_granted_permissions(lake: Lake, refused: Refused) -> None:
    error = refused(lake.grant, "steward", TABLE, "SELECT", PermissionsWithGrantOption=["INSERT"])
    assert error["Code"] == "InvalidInputException"
    error = refused(lake.grant, "steward", columns_except("id"), "SELECT", PermissionsWithGrantOption=["SELECT"])
    assert error["Code"] == "InvalidInputException"


def test_an_administrator_cannot_be_narrowed(lake: Lake, refused: Refused) -> None:
    error = refused(lake.grant, "lake-admin", columns("id"), "SELECT")
    assert (error["Code"], error["Message"]) == ("InvalidInputException", "Permissions modification is invalid.")


def test_columns_cannot_be_revoked_from_a_whole_table_grant(lake: Lake, refused: Refused) -> None:
    lake.grant("analyst", TABLE, "SELECT")
    error = refused(lake.revoke, "analyst", columns("salary"), "SELECT")
    assert error["Message"] == "Permissions modification is invalid."


def test_all_reads_back_in_two_rows(lake: Lake) -> None:
    lake.grant("analyst", TABLE, "ALL")
    shapes = {next(iter(row["Resource"])): row["Permissions"] for row in lake.rows(TABLE)}
    assert shapes == {
        "Table": ["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT"],
        "TableWithColumns": ["SELECT"],
    }
    lake.revoke("analyst", TABLE, "DROP")
    shapes = {next(iter(row["Resource"])): row["Permissions"] for row in lake.rows(TABLE)}
    assert shapes["Table"] == ["ALTER", "DELETE", "DESCRIBE", "INSERT"]


def test_all_tables_read_back_by_their_own_name(lake: Lake) -> None:
    lake.grant("analyst", ALL_TABLES, "DESCRIBE", "SELECT")
    catalog = {"CatalogId": "123456789012", "DatabaseName": "db", "Name": "ALL_TABLES"}
    assert [row["Resource"] for row in lake.rows(ALL_TABLES)] == [
        {"Table": {**catalog, "TableWildcard": {}}},
        {"TableWithColumns": {**catalog, "ColumnWildcard": {}}},
    ]
    assert lake.rows(TABLE) == []


def test_columns_add_up_and_go_one_by_one(lake: Lake) -> None:
    lake.grant("analyst", columns("id", "name"), "SELECT")
    lake.grant("analyst", columns("country"), "SELECT")
    lake.revoke("analyst", columns("name"), "SELECT")
    assert [row["Resource"]["TableWithColumns"]["ColumnNames"] for row in lake.rows(TABLE)] == [["country", "id"]]


def test_reading_back_is_limited_to_what_concerns_the_caller(lake: Lake) -> None:
    lake.grant("analyst", TABLE, "SELECT")
    lake.grant("engineer", TABLE, "SELECT")
    for role, expected in {"analyst": {"analyst"}, "outsider": set(), "auditor": {"analyst", "engineer"}}.items():
        rows = lake.rows(TABLE, role=role)
        assert {row["Principal"]["DataLakePrincipalIdentifier"] for row in rows} == {lake.arn(r) for r in expected}


def test_listing_refuses_what_aws_refuses(lake: Lake, refused: Refused) -> None:
    listing = lake.client().list_permissions
    assert "Resource is mandatory" in refused(listing, Principal=lake.principal("analyst"))["Message"]
    assert refused(listing, Resource=columns("id"))["Code"] == "InvalidInputException"
    assert refused(listing, ResourceType="NONSENSE")["Code"] == "InvalidInputException"
    assert refused(listing, NextToken="nonsense")["Code"] == "InvalidInputException"
    assert refused(listing, MaxResults=5000)["Code"] == "InvalidInputException"


def test_effective_permissions_for_a_path(lake: Lake) -> None:
    lake.grant("analyst", TABLE, "DESCRIBE")
    rows = lake.client().get_effective_permissions_for_path(ResourceArn="arn:aws:s3:::lake/db/people")["Permissions"]
    assert [row["Permissions"] for row in rows] == [["DESCRIBE"]]
    rows = lake.client().get_effective_permissions_for_path(ResourceArn="arn:aws:s3:::lake/db/other")["Permissions"]
    assert rows == []


def test_settings_belong_to_administrators(lake: Lake, refused: Refused) -> None:
    takeover = {"DataLakeAdmins": [lake.principal("outsider")]}
    put = lake.client(role="outsider").put_data_lake_settings
    assert refused(put, DataLakeSettings=takeover)["Code"] == "AccessDeniedException"
    register = lake.client(role="outsider").register_resource
    assert refused(register, ResourceArn="arn:aws:s3:::lake")["Code"] == "AccessDeniedException"
    wrong = {"DataLakeAdmins": [{"DataLakePrincipalIdentifier": "arn:aws:iam::123456789012:role/nobody"}]}
    assert refused(lake.client().put_data_lake_settings, DataLakeSettings=wrong)["Code"] == "InvalidInputException"
    many = {"DataLakeAdmins": [lake.principal("steward")] * 31}
    assert refused(lake.client().put_data_lake_settings, DataLakeSettings=many)["Code"] == "InvalidInputException"


def test_locations(lake: Lake, refused: Refused) -> None:
    client = lake.client()
    arn = "arn:aws:s3:::lake/zone"
    assert refused(client.describe_resource, ResourceArn=arn)["Code"] == "EntityNotFoundException"
    assert refused(client.register_resource, ResourceArn=arn)["Code"] == "InvalidInputException"
    wrong = refused(client.register_resource, ResourceArn=arn, RoleArn="arn:aws:iam::123456789012:role/nobody")
    assert wrong["Code"] == "InvalidInputException"
    client.register_resource(ResourceArn=arn, UseServiceLinkedRole=True)
    again = refused(client.register_resource, ResourceArn=arn + "/", UseServiceLinkedRole=True)
    assert again["Code"] == "AlreadyExistsException"
    fixed = refused(client.update_resource, ResourceArn=arn, RoleArn=lake.arn("steward"))
    assert fixed["Code"] == "InvalidInputException"
    client.deregister_resource(ResourceArn=arn)
    assert refused(client.deregister_resource, ResourceArn=arn)["Code"] == "EntityNotFoundException"
    client.register_resource(ResourceArn=arn, RoleArn=lake.arn("steward"))
    client.update_resource(ResourceArn=arn, RoleArn=lake.arn("engineer"), HybridAccessEnabled=True)
    begins = {"Field": "RESOURCE_ARN", "ComparisonOperator": "BEGINS_WITH", "StringValueList": ["arn:aws:s3:::lake"]}
    found = client.list_resources(FilterConditionList=[begins])["ResourceInfoList"]
    assert [(row["RoleArn"], row["HybridAccessEnabled"]) for row in found] == [(lake.arn("engineer"), True)]
    unregistered = {"DataLocation": {"ResourceArn": "arn:aws:s3:::elsewhere"}}
    assert "register the S3 path" in refused(lake.grant, "engineer", unregistered, "DATA_LOCATION_ACCESS")["Message"]


def test_opt_ins(lake: Lake, refused: Refused) -> None:
    opt_in = {"Principal": lake.principal("analyst"), "Resource": TABLE}
    assert (
        refused(lake.client(role="analyst").create_lake_formation_opt_in, **opt_in)["Code"] == "AccessDeniedException"
    )
    lake.client().create_lake_formation_opt_in(**opt_in)
    assert len(lake.client().list_lake_formation_opt_ins()["LakeFormationOptInsInfoList"]) == 1
    lake.client().delete_lake_formation_opt_in(**opt_in)
    assert refused(lake.client().delete_lake_formation_opt_in, **opt_in)["Code"] == "EntityNotFoundException"


def test_operations_that_are_not_served_say_so_at_once(lake: Lake, refused: Refused) -> None:
    error = refused(lake.client().start_transaction)
    assert (error["Code"], error["Retries"]) == ("UnknownOperationException", 0)
    assert error["Status"] < 500


def test_failures_can_be_asked_for(lake: Lake, refused: Refused) -> None:
    faults = lake.settings.folder("lakeformation") / "faults.json"
    faults.write_text(json.dumps({"calls": 1}))
    try:
        assert refused(lake.grant, "analyst", TABLE, "SELECT")["Code"] == "ConcurrentModificationException"
        faults.write_text(json.dumps({"entries": 1}))
        entry = {"Id": "1", "Principal": lake.principal("analyst"), "Resource": TABLE, "Permissions": ["SELECT"]}
        failures = lake.client().batch_grant_permissions(Entries=[entry])["Failures"]
        assert failures[0]["Error"]["ErrorCode"] == "ConcurrentModificationException"
    finally:
        faults.unlink()
    lake.grant("analyst", TABLE, "SELECT")


def test_everything_survives_a_restart(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public"])
    lake.client().add_lf_tags_to_resource(Resource=TABLE, LFTags=[{"TagKey": "class", "TagValues": ["public"]}])
    lake.grant("analyst", lake.create_filter("british", "country = 'UK'"), "SELECT")
    snapshot = lake.settings.folder("control_plane") / "lakeformation.pickle"
    assert snapshot.exists()
    restored = pickle.loads(pickle.dumps(lake.backend.__getstate__()))
    assert restored["state"] == lake.backend.state


def test_revoking_in_batches_says_which_entry_failed(lake: Lake) -> None:
    lake.grant("analyst", {"Table": {"DatabaseName": "db", "Name": "people"}}, "SELECT")
    entries = [
        {
            "Id": name,
            "Principal": lake.principal("analyst"),
            "Resource": {"Table": {"DatabaseName": "db", "Name": "people"}},
            "Permissions": [permission],
        }
        for name, permission in (("held", "SELECT"), ("not held", "INSERT"))
    ]
    failures = lake.client().batch_revoke_permissions(Entries=entries)["Failures"]
    assert [failure["RequestEntry"]["Id"] for failure in failures] == ["not held"]
    assert failures[0]["Error"]["ErrorCode"] == "InvalidInputException"


def test_the_caller_learns_who_it_is(lake: Lake) -> None:
    assert lake.client(role="analyst").get_data_lake_principal()["Identity"].endswith("analyst")
