"""What callers may see: denials first, then every way a right can come about."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local.services.lakeformation import access, catalog_events
from local.services.lakeformation.access import AccessDenied, TableAccess

from .conftest import ALL_COLUMNS, ALL_TABLES, DATABASE, TABLE, Lake, columns, columns_except

CLASS_PUBLIC = [{"TagKey": "class", "TagValues": ["public"]}]
POLICY = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": CLASS_PUBLIC}}


def seen(lake: Lake, role: str = "analyst", action: str = "SELECT") -> TableAccess:
    return access.table_access(lake.arn(role), "db", "people", ALL_COLUMNS, action)


@pytest.mark.parametrize("caller", ["", "arn:aws:iam::123456789012:role/outsider", "arn:aws:iam::999999999999:role/x"])
def test_nobody_sees_anything_without_a_grant(lake: Lake, caller: str) -> None:
    assert access.table_access(caller, "db", "people", ALL_COLUMNS) == TableAccess(())
    assert access.table_access(caller, "db", "people", ALL_COLUMNS, "DESCRIBE") == TableAccess(())


@pytest.mark.parametrize(
    ("action", "database", "table", "message"),
    [
        ("CREATE_TABLE", "db", None, "Required Create Table on db"),
        ("DESCRIBE", "db", None, "Required Describe on db"),
        ("DROP", "db", None, "Required Drop on db"),
        ("DESCRIBE", "db", "people", "Required Describe on people"),
        ("SELECT", "db", "people", "Required Select on people"),
        ("INSERT", "db", "people", "Required Insert on people"),
        ("DROP", "DB", "PEOPLE", "Required Drop on PEOPLE"),
        ("SELECT", "db", "nowhere", "Required Select on nowhere"),
    ],
)
def test_require_refuses_in_aws_words(lake: Lake, action: str, database: str, table: str | None, message: str) -> None:
    with pytest.raises(AccessDenied) as refusal:
        access.require(lake.arn("outsider"), action, database, table)
    assert refusal.value.code == "AccessDeniedException"
    assert refusal.value.message == f"Insufficient Lake Formation permission(s): {message}"


def test_creating_a_database_is_a_right_on_the_catalog(lake: Lake) -> None:
    access.require(lake.arn("outsider"), "CREATE_DATABASE", "new")  # a new account is open to IAM
    catalog: dict[str, Any] = {"Catalog": {}}
    lake.client().revoke_permissions(
        Principal={"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        Resource=catalog,
        Permissions=["CREATE_DATABASE"],
    )
    with pytest.raises(AccessDenied, match="Required Create Database on Catalog"):
        access.require(lake.arn("outsider"), "CREATE_DATABASE", "new")
    lake.grant("engineer", catalog, "CREATE_DATABASE")
    access.require(lake.arn("engineer"), "CREATE_DATABASE", "new")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (TABLE, ALL_COLUMNS),
        (ALL_TABLES, ALL_COLUMNS),
        (columns("salary", "ID"), ("id", "salary")),
        (columns_except("salary"), ("id", "name", "country", "day")),
    ],
)
def test_select_shows_the_granted_columns_in_table_order(
    lake: Lake, resource: dict[str, Any], expected: tuple[str, ...]
) -> None:
    lake.grant("analyst", resource, "SELECT")
    assert seen(lake) == TableAccess(expected)
    assert seen(lake, "outsider") == TableAccess(())


def test_a_column_added_tomorrow_is_hidden_from_who_has_a_list_of_columns(lake: Lake) -> None:
    lake.grant("analyst", columns("id", "country"), "SELECT")
    tomorrow = (*ALL_COLUMNS, "passport")
    assert access.table_access(lake.arn("analyst"), "db", "people", tomorrow).columns == ("id", "country")


def test_a_filter_limits_rows_and_columns(lake: Lake) -> None:
    cells = lake.create_filter("british", "country = 'UK'", ColumnNames=["id", "name"])
    lake.grant("analyst", cells, "SELECT")
    assert seen(lake) == TableAccess(("id", "name"), "(\"country\" = 'UK')")
    assert seen(lake, action="DESCRIBE").columns == ("id", "name")


def test_two_filters_show_the_union_of_their_rows(lake: Lake) -> None:
    for name, country in (("british", "UK"), ("french", "FR")):
        lake.grant("analyst", lake.create_filter(name, f"country = '{country}'"), "SELECT")
    assert seen(lake) == TableAccess(ALL_COLUMNS, "((\"country\" = 'UK')) OR ((\"country\" = 'FR'))")


def test_cells_outside_the_filter_that_shows_their_column_are_null(lake: Lake) -> None:
    lake.grant("analyst", lake.create_filter("all", None, ColumnNames=["id"]), "SELECT")
    lake.grant("analyst", lake.create_filter("british", "country = 'UK'", ColumnNames=["id", "name"]), "SELECT")
    assert seen(lake) == TableAccess(("id", "name"), None, (("name", "(\"country\" = 'UK')"),))


def test_a_whole_table_grant_wins_over_filters(lake: Lake) -> None:
    lake.grant("analyst", lake.create_filter("british", "country = 'UK'"), "SELECT")
    lake.grant("analyst", TABLE, "SELECT")
    assert seen(lake) == TableAccess(ALL_COLUMNS)


def test_revoking_and_dropping_close_again(lake: Lake) -> None:
    lake.grant("analyst", TABLE, "SELECT")
    lake.revoke("analyst", TABLE, "SELECT")
    assert seen(lake) == TableAccess(())
    lake.grant("analyst", TABLE, "SELECT")
    lake.client("glue", "local-admin").delete_table(DatabaseName="db", Name="people")
    lake.create_table("people")
    assert seen(lake) == TableAccess(())


def test_an_administrator_sees_metadata_but_no_data(lake: Lake) -> None:
    for role in ("lake-admin", "auditor"):
        assert seen(lake, role) == TableAccess(())
        assert seen(lake, role, "DESCRIBE").columns == ALL_COLUMNS
        with pytest.raises(AccessDenied):
            access.require(lake.arn(role), "DROP", "db", "people")
    lake.grant("lake-admin", TABLE, "SELECT")
    assert seen(lake, "lake-admin") == TableAccess(ALL_COLUMNS)


def test_whoever_creates_a_table_may_do_everything_with_it(lake: Lake) -> None:
    with pytest.raises(AccessDenied):
        access.require(lake.arn("engineer"), "CREATE_TABLE", "db")
    lake.grant("engineer", DATABASE, "CREATE_TABLE")
    lake.create_table("own", by="engineer")
    for action in ("SELECT", "INSERT", "ALTER", "DROP"):
        access.require(lake.arn("engineer"), action, "db", "own")
    assert not access.allowed(lake.arn("engineer"), "SELECT", "db", "people")
    lake.grant("analyst", {"Table": {"DatabaseName": "db", "Name": "own"}}, "SELECT", by="engineer")
    assert access.allowed(lake.arn("analyst"), "SELECT", "db", "own")


def test_any_right_on_a_table_lets_the_database_be_seen(lake: Lake) -> None:
    assert not access.allowed(lake.arn("analyst"), "DESCRIBE", "db")
    lake.grant("analyst", columns("id"), "SELECT")
    assert access.allowed(lake.arn("analyst"), "DESCRIBE", "db")
    assert not access.allowed(lake.arn("analyst"), "CREATE_TABLE", "db")


def test_registered_locations_need_data_location_access(lake: Lake) -> None:
    where = "s3://secret/zone/t/"
    access.require(lake.arn("engineer"), "DATA_LOCATION_ACCESS", "db", location=where)
    lake.client().register_resource(ResourceArn="arn:aws:s3:::secret/zone", RoleArn=lake.arn("steward"))
    with pytest.raises(AccessDenied, match="s3://secret/zone/t/"):
        access.require(lake.arn("engineer"), "DATA_LOCATION_ACCESS", "db", location=where)
    access.require(lake.arn("engineer"), "DATA_LOCATION_ACCESS", "db", location="s3://secret/zones/t/")
    lake.grant("engineer", {"DataLocation": {"ResourceArn": "arn:aws:s3:::secret/zone/t"}}, "DATA_LOCATION_ACCESS")
    access.require(lake.arn("engineer"), "DATA_LOCATION_ACCESS", "db", location=where)
    with pytest.raises(AccessDenied):
        access.require(lake.arn("engineer"), "DATA_LOCATION_ACCESS", "db", location="s3://secret/zone/")
    access.require(lake.arn("lake-admin"), "DATA_LOCATION_ACCESS", "db", location=where)


def test_inside_the_location_of_a_database_create_table_is_enough(lake: Lake) -> None:
    lake.client().register_resource(ResourceArn="arn:aws:s3:::lake", RoleArn=lake.arn("steward"))
    where = "s3://lake/db/new/"
    assert not access.location_allowed(lake.arn("engineer"), where, "db")
    lake.grant("engineer", DATABASE, "CREATE_TABLE")
    assert access.location_allowed(lake.arn("engineer"), where, "db")
    assert not access.location_allowed(lake.arn("engineer"), "s3://lake/other/", "db")


def test_tag_policy_reaches_what_carries_the_tag(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    lake.grant("analyst", POLICY, "SELECT", "INSERT")
    assert seen(lake) == TableAccess(())
    lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=CLASS_PUBLIC)
    assert seen(lake) == TableAccess(ALL_COLUMNS)
    assert access.allowed(lake.arn("analyst"), "INSERT", "db", "people")


def test_tag_policy_that_reaches_some_columns_only_lets_read(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    lake.client().add_lf_tags_to_resource(Resource=DATABASE, LFTags=CLASS_PUBLIC)
    lake.client().add_lf_tags_to_resource(
        Resource=columns("salary"), LFTags=[{"TagKey": "class", "TagValues": ["secret"]}]
    )
    lake.grant("analyst", POLICY, "ALL")
    assert seen(lake) == TableAccess(("id", "name", "country", "day"))
    for action in ("INSERT", "DELETE", "ALTER", "DROP"):
        assert not access.allowed(lake.arn("analyst"), action, "db", "people")
    lake.client().delete_lf_tag(TagKey="class")
    assert seen(lake) == TableAccess(())


def test_named_tag_expression_is_looked_up_when_it_counts(lake: Lake) -> None:
    lake.client().create_lf_tag(TagKey="class", TagValues=["public", "secret"])
    lake.client().create_lf_tag_expression(Name="open", Expression=CLASS_PUBLIC)
    lake.client().add_lf_tags_to_resource(Resource=TABLE, LFTags=CLASS_PUBLIC)
    lake.grant("analyst", {"LFTagPolicy": {"ResourceType": "TABLE", "ExpressionName": "open"}}, "SELECT")
    assert seen(lake) == TableAccess(ALL_COLUMNS)
    secret = [{"TagKey": "class", "TagValues": ["secret"]}]
    lake.client().update_lf_tag_expression(Name="open", Expression=secret)
    assert seen(lake) == TableAccess(())


def test_the_operator_of_the_laptop_is_never_refused(lake: Lake) -> None:
    operator = "arn:aws:iam::123456789012:user/local-admin"
    access.require(operator, "DROP", "db", "people")
    assert access.table_access(operator, "db", "people", ALL_COLUMNS) == TableAccess(ALL_COLUMNS)


def test_a_database_may_say_itself_how_its_tables_start(lake: Lake) -> None:
    glue = lake.client("glue", "local-admin")
    everyone = {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}
    glue.update_database(Name="db", DatabaseInput={"Name": "db", "CreateTableDefaultPermissions": [everyone]})
    lake.create_table("open")
    assert access.allowed(lake.arn("outsider"), "SELECT", "db", "open")


def test_dropping_a_database_forgets_its_grants(lake: Lake) -> None:
    lake.grant("analyst", TABLE, "SELECT")
    lake.grant("analyst", DATABASE, "DESCRIBE")
    lake.create_filter("british", "country = 'UK'")
    catalog_events.database_dropped("db")
    assert lake.backend.state.filters == {}
    assert not lake.backend.state.grants[lake.arn("analyst")]


def test_decisions_hold_while_grants_change(lake: Lake) -> None:
    lake.grant("analyst", columns("id"), "SELECT")
    state, stop = lake.backend.state, threading.Event()

    def change() -> None:
        while not stop.is_set():
            for number in range(50):
                catalog_events.table_created(lake.arn("analyst"), "db", f"t{number}")
            for number in range(50):
                catalog_events.table_dropped("db", f"t{number}")

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(2000):
            assert seen(lake) == TableAccess(("id",))
    finally:
        stop.set()
        changer.join()
    assert len(state.grants[lake.arn("analyst")]) == 1
