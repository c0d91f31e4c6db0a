"""The operators as a DAG uses them: what they refuse, what they log, what they leave behind."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from lake_formation_in_process import ACCOUNT, InProcessLakeFormation, OneTable, SomeFail

from lake.contracts import compiled_contract
from lake.operators import lake_formation
from lake.operators.lake_formation import LakeFormationProductPlanOperator, LakeFormationSyncOperator

PRODUCT = "online_retail"
TABLE = {"Table": {"DatabaseName": "curated", "Name": PRODUCT}}


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/sluice-dev-{role}"


@pytest.fixture
def server() -> InProcessLakeFormation:
    columns = tuple((column["name"], column["athena_type"]) for column in compiled_contract(PRODUCT)["columns"])
    return InProcessLakeFormation(OneTable("curated", PRODUCT, columns))


def operator(server: InProcessLakeFormation, **arguments: Any) -> LakeFormationSyncOperator:
    task = LakeFormationSyncOperator(task_id="sync_permissions", product=PRODUCT, **arguments)
    task.__dict__["hook"] = server.hook()
    return task


def grant(server: InProcessLakeFormation, principal: str, resource: dict[str, Any], *permissions: str) -> None:
    server.grant_permissions(
        Principal={"DataLakePrincipalIdentifier": principal}, Resource=resource, Permissions=list(permissions)
    )


def columns_of(server: InProcessLakeFormation, role: str) -> tuple[str, ...]:
    from local.services.lakeformation import access

    return access.table_access(arn(role), "curated", PRODUCT, server.catalog.table_columns("curated", PRODUCT)).columns


def test_a_missing_table_fails_with_the_way_out(server: InProcessLakeFormation) -> None:
    server.catalog = OneTable("curated", "another", ())
    with pytest.raises(AirflowFailException, match=r"EntityNotFoundException(.|\n)*The table must exist"):
        operator(server).execute({})


def test_more_revokes_than_allowed_change_nothing(server: InProcessLakeFormation) -> None:
    for number in range(3):
        grant(server, arn(f"stray-{number}"), TABLE, "SELECT")
    before = copy.deepcopy(server.state)
    with pytest.raises(AirflowFailException, match=r"would take away 3 permissions, more than max_revokes=2"):
        operator(server, max_revokes=2).execute({})
    assert server.state == before
    assert operator(server, max_revokes=2, allow_destructive=True).execute({})["destructive"] == 3
    assert columns_of(server, "stray-0") == ()


def test_the_contracts_roles_get_what_they_should_and_nothing_more(server: InProcessLakeFormation) -> None:
    first = operator(server).execute({})
    assert first["changes"] > 0
    assert first["destructive"] == 0
    everything = server.catalog.table_columns("curated", PRODUCT)
    assert columns_of(server, "data-engineer") == everything
    assert columns_of(server, "uk-analyst") == tuple(column for column in everything if column != "customer_id")
    assert columns_of(server, "outsider") == ()
    second = operator(server).execute({})
    assert (second["changes"], second["findings"]) == (0, [])


def test_a_recreated_table_gets_its_permissions_back(server: InProcessLakeFormation) -> None:
    operator(server).execute({})
    server.state.forget_table("curated", PRODUCT)
    assert columns_of(server, "uk-analyst") == ()
    operator(server).execute({})
    assert "customer_id" not in columns_of(server, "uk-analyst")
    assert "country" in columns_of(server, "uk-analyst")


def test_strangers_are_reported_and_not_touched(
    server: InProcessLakeFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = f"arn:aws:iam::{ACCOUNT}:role/other-team"
    grant(server, stranger, TABLE, "SELECT")
    grant(server, "IAM_ALLOWED_PRINCIPALS", TABLE, "ALL")
    result = operator(server).execute({})
    assert len([finding for finding in result["findings"] if finding.startswith("CRITICAL")]) == 1
    assert any("other-team" in finding for finding in result["findings"])
    assert stranger in server.state.grants
    assert "uk-analyst" in capsys.readouterr().out


def test_creators_keep_their_rights(server: InProcessLakeFormation) -> None:
    from local.services.lakeformation import catalog_events

    catalog_events.table_created(arn("airflow"), "curated", PRODUCT)
    before = server.state.grants[arn("airflow")].copy()
    operator(server).execute({})
    assert server.state.grants[arn("airflow")] == before


def test_planning_changes_nothing(server: InProcessLakeFormation) -> None:
    before = copy.deepcopy(server.state)
    task = LakeFormationProductPlanOperator(task_id="plan_permissions", product=PRODUCT)
    task.__dict__["hook"] = server.hook()
    assert task.execute({})["changes"] > 0
    assert server.state == before


def test_what_lasts_fails_and_names_each_refusal(server: InProcessLakeFormation) -> None:
    server.faults = SomeFail(entries=1.0)
    with pytest.raises(AirflowException, match=r"grant uk-analyst .*ConcurrentModificationException") as refusal:
        operator(server).execute({})
    assert not isinstance(refusal.value, AirflowFailException), "another attempt may succeed: Airflow must retry"
    server.faults = SomeFail()
    operator(server).execute({})
    assert columns_of(server, "data-engineer")


def test_a_contract_that_hides_everything_is_refused(
    server: InProcessLakeFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = copy.deepcopy(compiled_contract(PRODUCT))
    contract["permissions"]["roles"][0]["excluded_columns"] = [column["name"] for column in contract["columns"]]
    monkeypatch.setattr(lake_formation, "compiled_contract", lambda product: contract)
    with pytest.raises(AirflowFailException, match="may see no column"):
        operator(server).execute({})
    contract["permissions"]["roles"][0]["excluded_columns"] = ["no_such_column"]
    with pytest.raises(AirflowFailException, match="no_such_column"):
        operator(server).execute({})


def test_a_changed_contract_changes_what_is_seen(
    server: InProcessLakeFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator(server).execute({})
    contract = copy.deepcopy(compiled_contract(PRODUCT))
    contract["permissions"]["roles"] = [
        role if role["role"] != "uk-analyst" else {**role, "row_filter": None}
        for role in contract["permissions"]["roles"]
        if role["role"] != "data-engineer"
    ]
    monkeypatch.setattr(lake_formation, "compiled_contract", lambda product: contract)
    assert operator(server).execute({})["destructive"] > 0
    assert columns_of(server, "data-engineer") == ()
    assert "customer_id" not in columns_of(server, "uk-analyst")
    assert server.state.filters == {}
    assert operator(server).execute({})["changes"] == 0


def test_the_table_in_the_log_marks_what_is_taken_away(server: InProcessLakeFormation) -> None:
    grant(server, arn("stray"), TABLE, "SELECT")
    text = operator(server)._plan().as_table()
    marked = [line for line in text.splitlines() if line.startswith("!")]
    assert len(marked) == 1
    assert "stray" in marked[0]
