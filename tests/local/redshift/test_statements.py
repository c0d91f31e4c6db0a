"""Scenarios of statements, each in one Data API session with a schema of its own."""

from __future__ import annotations

import pytest

from tests.local.redshift.conftest import Warehouse
from tests.local.redshift.statement_cases import SCENARIOS, Affects, Fails, Step
from tests.local.redshift.statement_files import put_files


@pytest.fixture(scope="module")
def loaded(warehouse: Warehouse) -> Warehouse:
    put_files(warehouse)
    return warehouse


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(loaded: Warehouse, schema: str, name: str) -> None:
    names = {"s": schema, "b": loaded.bucket, "role": loaded.loader_arn, "x": f"_{schema}"}
    session = loaded.client().execute_statement(
        Sql="select 1", WorkgroupName=loaded.workgroup, Database=loaded.database, SessionKeepAliveSeconds=300,
        WaitTimeSeconds=30,
    )["SessionId"]  # fmt: skip
    wrong = [problem for step in SCENARIOS[name] if (problem := _problem(loaded, session, step, names))]
    assert not wrong, "\n".join(wrong)


def _problem(warehouse: Warehouse, session: str, step: Step, names: dict[str, str]) -> str | None:
    """What the statement did otherwise than expected; None = nothing."""
    sql, expected = _filled(step[0], names), step[1]
    answer = warehouse.run(sql, SessionId=session)
    if isinstance(expected, Fails):
        text = _filled(expected.text, names)
        good = answer.status == "FAILED" and text in (answer.error or "")
    else:
        good = answer.status == "FINISHED"
        if isinstance(expected, Affects):
            good = good and answer.affected == expected.rows
        elif expected is not None:
            good = good and answer.rows == expected
    if good:
        return None
    gave = f"{answer.status} {answer.error} {answer.affected} {answer.rows}"
    return f"{' '.join(sql.split())[:150]}\n  -> {gave}\n  expected {expected}"


def _filled(text: str, names: dict[str, str]) -> str:
    for key, value in names.items():
        text = text.replace(f"{{{key}}}", value)
    return text
