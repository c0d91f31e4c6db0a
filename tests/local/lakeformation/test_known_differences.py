"""What differs from AWS and is written in docs/local-aws/lakeformation.md: each line still true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.services.lakeformation import access

from .conftest import ALL_COLUMNS, TABLE, Lake

Refused = Callable[..., dict[str, Any]]
IAM_ALLOWED = "IAM_ALLOWED_PRINCIPALS"


def test_known_difference_grants_count_without_a_registered_location(lake: Lake) -> None:
    assert lake.client().list_resources()["ResourceInfoList"] == []
    assert access.table_access(lake.arn("analyst"), "db", "people", ALL_COLUMNS).columns == ()


def test_known_difference_opt_ins_do_not_count(lake: Lake) -> None:
    lake.client().register_resource(
        ResourceArn="arn:aws:s3:::lake", RoleArn=lake.arn("steward"), HybridAccessEnabled=True
    )
    lake.grant(IAM_ALLOWED, TABLE, "ALL")
    lake.client().create_lake_formation_opt_in(Principal=lake.principal("analyst"), Resource=TABLE)
    assert access.table_access(lake.arn("analyst"), "db", "people", ALL_COLUMNS).columns == ALL_COLUMNS


def test_known_difference_the_first_administrator_may_be_named_by_anybody(lake: Lake) -> None:
    lake.backend.state.settings["DataLakeAdmins"] = []
    lake.client(role="outsider").put_data_lake_settings(
        DataLakeSettings={"DataLakeAdmins": [lake.principal("outsider")]}
    )


def test_known_difference_listing_a_principal_shows_explicit_grants_only(lake: Lake) -> None:
    assert lake.rows(TABLE, Principal=lake.principal("lake-admin")) == []


def test_known_difference_conditions_are_refused(lake: Lake, refused: Refused) -> None:
    error = refused(lake.grant, "analyst", TABLE, "SELECT", Condition={"Expression": "context.x == 1"})
    assert error["Code"] == "InvalidInputException"


def test_known_difference_principals_of_other_accounts_are_unknown(lake: Lake, refused: Refused) -> None:
    theirs = "arn:aws:iam::999999999999:role/theirs"
    assert refused(lake.grant, theirs, TABLE, "SELECT")["Code"] == "InvalidInputException"
    location = {"DataLocation": {"ResourceArn": "arn:aws:s3:::lake"}}
    lake.client().register_resource(ResourceArn="arn:aws:s3:::lake", UseServiceLinkedRole=True)
    error = refused(lake.grant, "999999999999", location, "DATA_LOCATION_ACCESS")
    assert error["Code"] == "InvalidInputException"


def test_known_difference_a_share_lives_and_dies_with_its_grants(lake: Lake) -> None:
    ram = lake.client("ram", "local-admin")
    arns = []
    for _ in range(2):
        lake.grant("999999999999", TABLE, "SELECT")
        (share,) = ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
        arns.append(share["resourceShareArn"])
        lake.revoke("999999999999", TABLE, "SELECT")
        assert ram.get_resource_shares(resourceOwner="SELF")["resourceShares"] == []
        assert ram.get_resource_share_associations(associationType="RESOURCE")["resourceShareAssociations"] == []
    assert arns[0] == arns[1]


def test_known_difference_every_organization_is_ours_and_every_account_is_not(lake: Lake) -> None:
    unit = "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-ab12-34567890"
    for consumer in ("999999999999", unit):
        lake.grant(consumer, TABLE, "SELECT")
    ram = lake.client("ram", "local-admin")
    found = ram.get_resource_share_associations(associationType="PRINCIPAL")["resourceShareAssociations"]
    assert {row["associatedEntity"]: (row["status"], row["external"]) for row in found} == {
        "999999999999": ("ASSOCIATING", True),
        unit: ("ASSOCIATED", False),
    }


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_temporary_glue_table_credentials", {"TableArn": "arn:aws:glue:us-east-1:123456789012:table/db/people"}),
        ("start_transaction", {}),
        ("list_transactions", {}),
        ("list_table_storage_optimizers", {"DatabaseName": "db", "TableName": "people"}),
        ("describe_lake_formation_identity_center_configuration", {}),
    ],
)
def test_known_difference_operations_that_are_not_served(
    lake: Lake, refused: Refused, operation: str, arguments: dict[str, Any]
) -> None:
    error = refused(getattr(lake.client(), operation), **arguments)
    assert (error["Code"], error["Retries"]) == ("UnknownOperationException", 0)
