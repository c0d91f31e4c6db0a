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


@pytest.mark.parametrize("principal", ["999999999999", "arn:aws:iam::999999999999:role/theirs"])
def test_known_difference_other_accounts_are_unknown(lake: Lake, refused: Refused, principal: str) -> None:
    assert refused(lake.grant, principal, TABLE, "SELECT")["Code"] == "InvalidInputException"


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
