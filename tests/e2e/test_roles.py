"""Least privilege, proved: the DAGs are green under their roles, and every right of every role is needed.

Each statement and each action is taken away in turn and every recorded call decided again (exhaustive, in memory); for
one statement per service it is done for real, with the real DAG, until AWS's own message comes.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.permissions.coverage import refused, surplus
from local.permissions.exemptions import read_exemptions, unexcused
from local.permissions.lake_run import deliver, new_day, record_lake
from local.permissions.mutation import without_statement
from local.permissions.recording import Recorder
from local.permissions.report import PAGE, differences, rows
from local.permissions.roles import deployed_roles
from local.services.iam.principals import Principal
from local.settings import REPOSITORY
from tests.e2e.lake import Lake

# Three runs of the lake, on a machine that may be busy with others.
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def roles(local_aws: Any) -> dict[str, Principal]:
    return deployed_roles(local_aws.client("iam"), local_aws.name(""))


@pytest.fixture(scope="module")
def green(lake: Lake) -> Recorder:
    """A recorded run of the lake on a day of its own; it fails if any task is not green.

    DAGs that other tests of this session have recorded are not run again.
    """
    return record_lake(lake.aws.settings, lake.run, lake.recorder)


def test_every_dag_was_run(green: Recorder) -> None:
    dags = {path.stem for path in (REPOSITORY / "dags").glob("*.py")}
    assert {recorded.task.partition(".")[0] for recorded in green.found} >= dags


def test_nothing_was_refused_in_the_green_run(green: Recorder, roles: dict[str, Principal]) -> None:
    denied = {(d.role, d.action, d.resource) for d in green.decisions if not d.allowed and d.role in roles}
    assert denied == set()


def test_the_recorded_calls_are_those_the_policies_allow(green: Recorder, roles: dict[str, Principal]) -> None:
    """The evaluation in this test is the one that decided: SeaweedFS' decisions about S3 included."""
    for role in roles.values():
        mine = [decision for decision in green.decisions if decision.role == role.name]
        assert refused(role, mine) == [], role.name


def test_every_role_was_used(green: Recorder, roles: dict[str, Principal]) -> None:
    assert {decision.role for decision in green.decisions} >= {name for name in roles if not name.endswith("-deploy")}


def test_without_any_statement_or_action_something_is_refused(
    lake: Lake, green: Recorder, roles: dict[str, Principal]
) -> None:
    prefix = lake.aws.name("")
    used = [role for role in roles.values() if not role.name.endswith("-deploy")]
    left = unexcused(surplus(used, green.decisions, prefix), prefix)
    assert [str(part) for part in left] == [], "needed by no recorded call: remove it, or give exempt.toml a reason"


def test_no_exemption_is_about_a_right_that_no_role_has(lake: Lake, roles: dict[str, Principal]) -> None:
    prefix = lake.aws.name("")
    held = {
        (role.name.removeprefix(prefix), action)
        for role in roles.values()
        for statement in role.statements
        for action in statement.actions
    }
    for exemption in read_exemptions():
        for action in set(exemption.actions) - {"*"}:
            wanted = exemption.roles or {role for role, _ in held}
            assert any((role, action) in held for role in wanted), f"{action}: {exemption.reason}"


def test_the_page_of_permissions_is_true(lake: Lake, green: Recorder, roles: dict[str, Principal]) -> None:
    prefix = lake.aws.name("")
    found = rows(green.found, roles, prefix)
    problems = differences(found, roles, prefix, PAGE.read_text(encoding="utf-8"))
    assert problems == [], "python -m local permissions writes docs/permissions.md again"


# role, policy, statement, task that fails, what its message says; in the order of the tasks: each run comes further
REMOVED = [
    ("airflow", "lake", "RunCrawler", "crawl_landing", "is not authorized to perform: glue:StartCrawler on resource: "),
    ("glue", "lake", "WriteRun", "clean_rows", "AccessDenied"),
    ("airflow", "lake", "Athena", "check_tables", "is not authorized to perform: athena:StartQueryExecution on"),
    ("airflow", "lake", "Catalog", "check_schema", "is not authorized to perform: glue:GetTable on resource: "),
    ("lake-admin", "permissions", "LakeFormation", "sync_permissions", "is not authorized to perform: lakeformation:"),
]


@pytest.fixture(scope="module")
def landed_day(lake: Lake, green: Recorder) -> str:
    day = new_day(lake.aws.settings)
    deliver(lake.aws.settings, day, seed=3)
    return day


@pytest.mark.parametrize(("role", "policy", "sid", "task", "message"), REMOVED, ids=[f"{r[0]}-{r[2]}" for r in REMOVED])
def test_the_real_task_fails_without_the_statement(
    lake: Lake, landed_day: str, role: str, policy: str, sid: str, task: str, message: str
) -> None:
    with without_statement(lake.aws.client("iam"), lake.aws.name(role), policy, sid):
        outcome = lake.run_day(landed_day)
    assert outcome.tasks[task] == "failed", outcome.tasks
    assert message in (outcome.error or ""), outcome.error


def test_the_day_is_green_once_everything_is_back(lake: Lake, landed_day: str) -> None:
    outcome = lake.run_day(landed_day)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
