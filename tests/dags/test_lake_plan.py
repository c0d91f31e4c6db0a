"""Laws of the plan for the whole lake, against the local Lake Formation's rules."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_formation_in_process import ACCOUNT, ADMIN, InProcessLakeFormation, SomeFail, Tables
from test_lake_formation_laws import cells

from lake.contracts import compiled_contract
from lake.lake_formation.access_page import access_page
from lake.lake_formation.desired import RoleNames
from lake.lake_formation.effective import readers
from lake.lake_formation.lake_plan import (
    LakePlan,
    Request,
    StalePlanError,
    declared_by,
    make_plan,
    read_request,
    refuse_stale,
)
from lake.lake_formation.plan import Finding, Severity, Step, Topic
from lake.lake_formation.planner import PlanRefusedError
from lake.lake_formation.policy import platform_policy
from lake.lake_formation.state import TableName
from local.services.lakeformation import access
from local.services.lakeformation.state import RegisteredLocation

WHO = RoleNames(ACCOUNT, "sluice", "dev")
POLICY = platform_policy(WHO)
PRODUCT = TableName("curated", "online_retail")
STRAY = TableName("governance", "stray")
STRAY_COLUMNS = (("id", "int"), ("name", "string"), ("country", "string"), ("amount", "int"))
ROLES = ("data-engineer", "uk-analyst", "intern")
QUICK = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
EVERYBODY = "IAM_ALLOWED_PRINCIPALS"


def lake(published: bool = True) -> InProcessLakeFormation:
    """A lake as lake.yaml leaves it: locations registered, nothing granted yet."""
    columns = {(STRAY.database, STRAY.table): STRAY_COLUMNS}
    if published:
        found = compiled_contract("online_retail")["columns"]
        columns[PRODUCT.database, PRODUCT.table] = tuple((column["name"], column["athena_type"]) for column in found)
    server = InProcessLakeFormation(Tables(POLICY.databases, columns))
    server.state.settings |= {"CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
    server.state.locations = {arn: RegisteredLocation(arn, role) for arn, role in POLICY.locations.items()}
    server.state.grants.clear()
    return server


def planned(server: InProcessLakeFormation, request: Request | None = None) -> LakePlan:
    terms = {"online_retail": compiled_contract("online_retail")}
    declared = declared_by(WHO, POLICY, terms)
    return make_plan(server.hook(), server.catalog, declared, WHO, request or Request())  # type: ignore[arg-type]


def grant(server: InProcessLakeFormation, role: str, resource: dict[str, Any], *permissions: str) -> None:
    principal = role if role == EVERYBODY or role.startswith("arn:") else WHO.arn(role)
    server.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource, Permissions=list(permissions)
    )


def topics(findings: Any) -> set[tuple[str, str]]:
    return {(str(found.topic), str(found.severity)) for found in findings}


TABLE = {"Table": {"DatabaseName": PRODUCT.database, "Name": PRODUCT.table}}
OTHER = {"Table": {"DatabaseName": STRAY.database, "Name": STRAY.table}}
STRAYS: list[tuple[dict[str, Any], list[str]]] = [
    (TABLE, ["SELECT"]),
    (TABLE, ["ALL"]),
    (OTHER, ["SELECT", "INSERT"]),
    ({"Table": {"DatabaseName": "curated", "TableWildcard": {}}}, ["SELECT"]),
    ({"Database": {"Name": "curated"}}, ["ALL"]),
    ({"Database": {"Name": "quarantine"}}, ["DESCRIBE"]),
    ({"DataLocation": {"ResourceArn": "arn:aws:s3:::sluice-dev-curated"}}, ["DATA_LOCATION_ACCESS"]),
    ({"Catalog": {}}, ["CREATE_DATABASE"]),
]
SOME_STRAYS = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(STRAYS)), max_size=6)


@QUICK
@given(SOME_STRAYS, st.booleans(), st.integers(0, 1000))
def test_the_lake_converges_while_calls_and_entries_fail(strays: Any, published: bool, seed: int) -> None:
    server = lake(published)
    for role, (resource, permissions) in strays:
        if published or resource is not TABLE:
            grant(server, role, resource, *permissions)
    server.faults = SomeFail(calls=0.3, entries=0.2, seed=seed)
    first = planned(server)
    server.hook().apply(first.plan.changes)
    server.faults = SomeFail()
    second = planned(server)
    assert second.plan.changes == ()
    assert topics(second.plan.findings) <= {("table", "info")}
    assert planned(server).digest == second.digest


@QUICK
@given(SOME_STRAYS)
def test_additions_alone_take_nothing_away(strays: Any) -> None:
    server = lake()
    for role, (resource, permissions) in strays:
        grant(server, role, resource, *permissions)
    before = copy.deepcopy(server.state.grants)
    made = planned(server)
    server.hook().apply(made.plan.additions)
    for principal, held in before.items():
        for resource, rights in held.items():
            assert rights.permissions <= server.state.grants[principal][resource].permissions
    rest = planned(server).plan
    assert {change.what for change in rest.changes} == {change.what for change in made.plan.destructive}
    refuse_stale(made.plan.changes, rest)


def test_what_is_open_to_everybody_is_critical_and_closed_only_on_request() -> None:
    server = lake()
    grant(server, EVERYBODY, TABLE, "ALL")
    grant(server, EVERYBODY, {"Database": {"Name": "curated"}}, "ALL")
    grant(server, EVERYBODY, {"Catalog": {}}, "CREATE_DATABASE")
    server.state.settings["CreateTableDefaultPermissions"] = [
        {"Principal": {"DataLakePrincipalIdentifier": EVERYBODY}, "Permissions": ["ALL"]}
    ]
    found = [str(finding) for finding in planned(server).plan.findings]
    assert len([line for line in found if line.startswith("CRITICAL")]) == 3, found
    assert not planned(server).plan.destructive
    closing = planned(server, Request(close_to_iam=True)).plan
    assert {change.what for change in closing.destructive} == {"catalog", "database curated", "curated.online_retail"}
    server.hook().apply(closing.changes)
    left = [finding.what for finding in planned(server).plan.findings]
    assert left == ["new tables"], "settings belong to the stack"


def test_without_prune_nobody_loses_anything() -> None:
    server = lake()
    grant(server, "intern", TABLE, "SELECT")
    made = planned(server, Request(prune=False))
    assert not made.plan.destructive
    assert ("undeclared grant", "warning") in topics(made.plan.findings)


def test_only_managed_principals_lose_rights() -> None:
    server = lake()
    other_team = f"arn:aws:iam::{ACCOUNT}:role/other-team"
    for role in ("intern", "uk-analyst", other_team):
        grant(server, role, OTHER, "SELECT")
    assert {change.who for change in planned(server).plan.destructive} == {"intern", "uk-analyst"}
    narrow = planned(server, Request(managed_principals=("*:role/other-*",)))
    assert {change.who for change in narrow.plan.destructive} == {"other-team"}


@pytest.mark.parametrize("consumer", ["999999999999", "arn:aws:organizations::111111111111:organization/o-abcdefghij"])
def test_what_another_account_holds_is_undeclared_and_can_be_taken_away(consumer: str) -> None:
    server = lake()
    for resource in (TABLE, OTHER):
        server.grant_permissions(
            Principal={"DataLakePrincipalIdentifier": consumer},
            Resource=resource,
            Permissions=["SELECT"],
            PermissionsWithGrantOption=["SELECT"],
        )
    made = planned(server).plan
    found = [finding.text for finding in made.findings if str(finding.topic) == "undeclared grant"]
    assert len(found) == 2
    assert all(
        f"undeclared: {consumer.rsplit('/', 1)[-1]} holds SELECT (grant option: SELECT)" in text for text in found
    )
    assert not made.destructive
    narrow = planned(server, Request(managed_principals=(consumer,))).plan
    assert [change.who for change in narrow.destructive] == [consumer.rsplit("/", 1)[-1]] * 2
    server.hook().apply(narrow.destructive)
    assert not server.state.grants[consumer]
    assert "undeclared grant" not in {topic for topic, _ in topics(planned(server).plan.findings)}


def test_the_pipelines_roles_keep_what_they_made_but_hold_nothing_more_on_databases() -> None:
    from local.services.lakeformation import catalog_events

    server = lake()
    catalog_events.table_created(WHO.arn("airflow"), STRAY.database, STRAY.table)
    grant(server, "airflow", {"Database": {"Name": "curated"}}, "DROP")
    removals = planned(server).plan.destructive
    assert [(change.who, change.what, change.detail) for change in removals] == [
        ("airflow", "database curated", "DROP")
    ]


def test_settings_and_locations_are_reported() -> None:
    server = lake()
    arn = "arn:aws:s3:::sluice-dev-curated"
    server.state.settings["DataLakeAdmins"] += [
        {"DataLakePrincipalIdentifier": WHO.arn(role)} for role in ("intern", "deployer")
    ]
    del server.state.locations[arn]
    found = planned(server).plan.findings
    assert ("settings", "critical") in topics(found)
    (lost,) = [finding for finding in found if finding.topic is Topic.LOCATION]
    assert lost == Finding(lost.topic, lost.severity, "", arn, lost.text)


def test_a_scope_leaves_the_other_databases_alone() -> None:
    server = lake()
    grant(server, "intern", OTHER, "SELECT")
    grant(server, "intern", TABLE, "SELECT")
    made = planned(server, Request(databases=("curated",)))
    assert {change.what for change in made.plan.destructive} == {"curated.online_retail"}
    assert not [change for change in made.plan.changes if "governance" in change.what or "landing" in change.what]


def test_a_grant_waits_for_the_filter_that_must_be_narrowed_first() -> None:
    server = lake()
    server.hook().apply(planned(server).plan.changes)
    names = {"TableCatalogId": ACCOUNT, "DatabaseName": "curated", "TableName": PRODUCT.table}
    cells = {**names, "Name": "online_retail__uk-analyst"}
    server.revoke_permissions(
        Principal={"DataLakePrincipalIdentifier": WHO.arn("uk-analyst")},
        Resource={"DataCellsFilter": cells},
        Permissions=["SELECT"],
    )
    server.update_data_cells_filter(
        TableData={**cells, "RowFilter": {"AllRowsWildcard": {}}, "ColumnNames": ["country", "customer_id"]}
    )
    plan = planned(server).plan
    assert [change.step for change in plan.destructive] == [Step.UPDATE_FILTER]
    assert not plan.additions, "the filter as it is would show every customer"
    server.hook().apply(plan.changes)
    assert planned(server).plan.changes == ()


def test_the_plans_file_is_read_back_and_an_edited_one_is_refused() -> None:
    made = planned(lake())
    document = json.loads(json.dumps(made.as_json()))
    request, changes = read_request(document, made.digest)
    assert request == made.request
    refuse_stale(changes, made.plan)
    document["changes"][0]["parameters"] = {"anything": "else"}
    with pytest.raises(StalePlanError, match="was written again or edited"):
        read_request(document, made.digest)


def test_a_stale_plan_names_what_is_new() -> None:
    server = lake()
    made = planned(server)
    grant(server, "intern", TABLE, "SELECT")
    with pytest.raises(StalePlanError, match=r"1 changes are new:\n!  revoke  intern"):
        refuse_stale(made.plan.changes, planned(server).plan)


NAMES = tuple(name for name, _ in STRAY_COLUMNS)
FILTERS = ("country = 'UK'", "amount > 10", "id in (1, 3)", "country is null")
SUBSET = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
TAGS = st.sampled_from(["public", "internal", "restricted"])


@st.composite
def shown(draw: st.DrawFn) -> dict[str, Any]:
    """Something that lets a role see a part of the table."""
    kind = draw(st.sampled_from(["table", "all", "columns", "except", "filter", "policy"]))
    base = {"DatabaseName": STRAY.database, "Name": STRAY.table}
    return {
        "table": lambda: {"Table": base},
        "all": lambda: {"Table": {"DatabaseName": STRAY.database, "TableWildcard": {}}},
        "columns": lambda: {"TableWithColumns": {**base, "ColumnNames": draw(SUBSET)}},
        "except": lambda: {"TableWithColumns": {**base, "ColumnWildcard": {"ExcludedColumnNames": draw(SUBSET)}}},
        "filter": lambda: {"filter": (draw(st.sampled_from(FILTERS)), draw(SUBSET))},
        "policy": lambda: {
            "LFTagPolicy": {
                "ResourceType": "TABLE",
                "Expression": [{"TagKey": "classification", "TagValues": [draw(TAGS)]}],
            }
        },
    }[kind]()


@QUICK
@given(
    st.lists(st.tuples(st.sampled_from(ROLES), shown()), max_size=5),
    st.none() | TAGS,
    st.none() | TAGS,
    st.dictionaries(st.sampled_from(NAMES), TAGS, max_size=2),
)
def test_the_page_shows_what_the_engines_enforce(given_: Any, on_database: Any, on_table: Any, on_columns: Any) -> None:
    server = lake(published=False)
    server.create_lf_tag(TagKey="classification", TagValues=["public", "internal", "restricted"])
    base = {"DatabaseName": STRAY.database, "Name": STRAY.table}
    places = [({"Database": {"Name": STRAY.database}}, on_database), ({"Table": base}, on_table)]
    places += [({"TableWithColumns": {**base, "ColumnNames": [name]}}, value) for name, value in on_columns.items()]
    for place, value in places:
        if value:
            server.add_lf_tags_to_resource(Resource=place, LFTags=[{"TagKey": "classification", "TagValues": [value]}])
    for number, (role, resource) in enumerate(given_):
        if "filter" in resource:
            expression, columns = resource["filter"]
            names = {"TableCatalogId": ACCOUNT, "DatabaseName": STRAY.database, "TableName": STRAY.table}
            names["Name"] = f"f{number}"
            row_filter = {"RowFilter": {"FilterExpression": expression}, "ColumnNames": columns}
            server.create_data_cells_filter(TableData={**names, **row_filter})
            resource = {"DataCellsFilter": names}
        grant(server, role, resource, "SELECT")
    actual = planned(server).actual
    # Filters of tables without a contract are read only where a contract exists: ask for this table alone.
    state = server.hook().read_state(STRAY, ACCOUNT)
    actual = replace(actual, tables={**actual.tables, STRAY: state})
    seen = readers(actual, STRAY)
    for role in ROLES:
        assert shown_cells(seen.get(WHO.arn(role), {})) == enforced_cells(role)


def shown_cells(visible: Any) -> set[tuple[int, str]]:
    found = set()
    for column, rows in visible.items():
        found |= cells([column], None if rows is None else " OR ".join(f"({row})" for row in rows))
    return found


def enforced_cells(role: str) -> set[tuple[int, str]]:
    seen = access.table_access(WHO.arn(role), STRAY.database, STRAY.table, NAMES)
    masks = dict(seen.cell_filters)
    found = set()
    for column in seen.columns:
        parts = [f"({part})" for part in (seen.row_filter, masks.get(column)) if part]
        found |= cells([column], " AND ".join(parts) or None)
    return found


def test_the_page_is_one_file_that_says_who_sees_what() -> None:
    server = lake()
    server.hook().apply(planned(server).plan.changes)
    grant(server, EVERYBODY, OTHER, "ALL")
    made = planned(server, Request(prune=False))
    page = access_page(made.actual, made.plan, WHO.short, title="<sluice>", day="2026-11-26")
    assert "&lt;sluice&gt;" in page
    assert "every IAM principal" in page
    assert "country = &#x27;United Kingdom&#x27;" in page
    assert '<span class="hidden">customer_id</span>' in page
    assert '<li class="critical">CRITICAL: governance.stray is open to every IAM principal' in page
    for elsewhere in ("http:", "https:", "<script", "src=", "<link", "url("):
        assert elsewhere not in page


def test_a_thousand_contracts_are_planned_in_a_second() -> None:
    terms = compiled_contract("online_retail")
    contracts = {f"product_{number}": {**terms, "product": f"product_{number}"} for number in range(1000)}
    from lake.lake_formation.grant_changes import Rules
    from lake.lake_formation.lake_planner import plan_lake
    from lake.lake_formation.state import LakeState, TableState

    declared = declared_by(WHO, POLICY, contracts)
    columns = dict.fromkeys(declared.tables, ("id",))
    empty = LakeState(tables={table: TableState(table) for table in declared.tables}, columns=columns)
    rules = Rules(ACCOUNT, WHO.is_ours, WHO.short)
    # Processor time, because the machine is shared.
    started = time.process_time()
    plan = plan_lake(declared, empty, rules, POLICY.databases)
    seconds = time.process_time() - started
    assert len([change for change in plan.changes if change.step is Step.GRANT]) >= 4000
    assert seconds < 1.0, f"{seconds:.2f} s"


@pytest.mark.parametrize("narrowed", [{"row_filter": "country = 'UK'"}, {"excluded_columns": ["customer_id"]}])
def test_a_role_of_the_pipeline_is_not_narrowed(narrowed: dict[str, Any]) -> None:
    """A Glue job that may see a part of a table can write nothing back."""
    terms = copy.deepcopy(compiled_contract("online_retail"))
    reads = {"role": "glue", "access": "read", "permissions": ["SELECT"], "row_filter": None, "excluded_columns": []}
    terms["permissions"]["roles"] = [{**reads, **narrowed}]
    server = lake()
    with pytest.raises(PlanRefusedError, match="role/sluice-dev-glue runs the pipeline"):
        make_plan(server.hook(), server.catalog, declared_by(WHO, POLICY, {"x": terms}), WHO, Request())  # type: ignore[arg-type]


def test_a_role_that_made_itself_administrator_is_found_and_loses_what_it_gave_itself() -> None:
    server = lake()
    server.state.settings["DataLakeAdmins"] = [
        *server.state.settings["DataLakeAdmins"],
        {"DataLakePrincipalIdentifier": WHO.arn("intern")},
    ]
    grant(server, "intern", OTHER, "SELECT")
    plan = planned(server).plan
    (found,) = [finding for finding in plan.findings if finding.who == "intern"]
    assert (found.topic, found.severity) == (Topic.SETTINGS, Severity.CRITICAL)
    assert "intern is a data lake administrator, which the policy does not say" in found.text
    assert [change.what for change in plan.changes if change.who == "intern" and change.step is Step.REVOKE] == [
        str(STRAY)
    ]


def test_the_deployer_may_be_an_administrator() -> None:
    server = lake()
    deployer = {"DataLakePrincipalIdentifier": WHO.arn("deploy")}
    server.state.settings["DataLakeAdmins"] = [*server.state.settings["DataLakeAdmins"], deployer]
    grant(server, "deploy", OTHER, "SELECT")
    plan = planned(server).plan
    assert {finding.who for finding in plan.findings} & {"deploy"} == set()
    assert "deploy" not in {change.who for change in plan.changes}


def test_administrators_are_not_planned_for() -> None:
    server = lake()
    grant(server, ADMIN, OTHER, "SELECT")
    assert ADMIN not in {change.who for change in planned(server).plan.changes}
