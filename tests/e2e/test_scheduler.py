"""What only a running Airflow does: asset chains, backfills, waiting for a person, deadlines. And a clean stop.

One Airflow for the whole file, with a home of its own, on the repository's DAGs and three that only it can see.
Everything is started at once; the tests then look at what becomes of it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.demo.airflow_runs import RunOutcome
from local.environment import container_variables
from local.laptop_airflow import OVERRIDES
from local.mwaa_options import resolved_options
from local.mwaa_runtime import Deployment, MwaaRuntime
from local.mwaa_runtime.components import pids
from local.permissions.recording import Recorder
from local.seed.online_retail import generate
from local.settings import HOST, REPOSITORY
from mwaa.archives import plugins_zip
from tests.conftest import LocalAws
from tests.e2e.airflow_rest import AirflowRest, eventually
from tests.e2e.lake import PRODUCT, Lake
from tests.e2e.replays import BROKEN, LANTERNS, OTHERS, day_file, objects, strict_lake

DAYS = ("2011-06-01", "2011-06-02")
# A day some of whose rows were quarantined by a contract that was too strict.
REPLAYED = "2011-06-03"
EXAMPLES = Path(__file__).parent / "scheduler_dags"
PLUGINS = Path(__file__).parent / "scheduler_plugins"
FINISHED = {"success", "failed"}
WAITING = 6
# The environment's template looks up only variables that begin with lake_.
VARIABLE = "airflow/variables/lake_scheduler_test"


@dataclass
class Running:
    """:param runs: id of the run of each example.
    :param jobs_before: how often the cleaning job had run for each day before anything was started.
    :param waiting: ids of the runs of the example that waits; several, to be in each other's way.
    :param waited_inline: the same example, run as ``airflow dags test`` runs it.
    """

    runtime: MwaaRuntime
    rest: AirflowRest
    home: Path
    runs: dict[str, str]
    jobs_before: dict[str, int]
    waiting: list[str]
    waited_inline: RunOutcome


@pytest.fixture(scope="module")
def lake(local_aws: LocalAws, airflow_env: dict[str, str]) -> Lake:
    """The lake to read from; its DAGs run in this file's Airflow."""
    return Lake(local_aws, None, airflow_env, Recorder(local_aws.settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's dags/ and the examples, side by side; without the canary, which would start to run at once."""
    folder = tmp_path_factory.mktemp("scheduler") / "dags"
    folder.mkdir()
    for file in (*(REPOSITORY / "dags").iterdir(), *EXAMPLES.glob("*.py")):
        if file.name != "lake_canary_hourly.py":
            (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="module")
def airflow(
    local_aws: LocalAws, lake: Lake, dags_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    settings = local_aws.settings
    generated = tmp_path_factory.mktemp("days")
    generate(generated, days=list(DAYS), rows_per_day=400, seed=7)
    for day in DAYS:
        lake.land(day, {f"{day}.csv": (generated / f"{day}.csv").read_bytes()})
    with strict_lake(lake, tmp_path_factory.mktemp("strict"), [EXAMPLES / "waiting_example.py"]) as strict:
        strict.land(REPLAYED, {"invoices.csv": day_file(REPLAYED)})
        outcome = strict.run_day(REPLAYED)
        assert outcome.succeeded, (outcome.error, outcome.tasks)
        waited = strict.run("waiting_example", REPLAYED)
    secrets = local_aws.client("secretsmanager")
    secrets.create_secret(Name=VARIABLE, SecretString="from Secrets Manager")
    home = dags_folder.parent / "home"
    runtime = MwaaRuntime(
        Deployment(
            home=home,
            dags=dags_folder,
            plugins=plugins_zip(PLUGINS),
            requirements=REPOSITORY / "requirements.txt",
            startup_script=REPOSITORY / "mwaa" / "startup.sh",
            options=resolved_options(settings),
            overrides=OVERRIDES | {"dag_processor.refresh_interval": "2"},
            environment=container_variables(settings),
        )
    )
    try:
        assert runtime.prepare("hybrid").warnings == ()
        rest = AirflowRest(runtime.start().url, runtime.token())
        jobs_before = {day: len(lake.job_runs(day)) for day in DAYS}
        runs = _start_everything(rest)
        waiting = [rest.trigger("waiting_example") for _ in range(WAITING)]
        yield Running(runtime, rest, home, runs, jobs_before, waiting, waited)
    finally:
        runtime.stop()
        secrets.delete_secret(SecretId=VARIABLE, ForceDeleteWithoutRecovery=True)


def _start_everything(rest: AirflowRest) -> dict[str, str]:
    wanted = {
        "online_retail_daily",
        "sales_marts",
        "approval_example",
        "deadline_example",
        "waiting_example",
        "quarantine_replay",
    }
    eventually("every DAG is parsed", lambda: wanted <= {dag["dag_id"] for dag in rest.get("dags?limit=100")["dags"]})
    rest.backfill("online_retail_daily", DAYS[0], DAYS[-1])
    for dag_id in sorted(wanted):
        rest.unpause(dag_id)
    runs = {dag_id: rest.trigger(dag_id) for dag_id in ("deadline_example", "approval_example")}
    runs["quarantine_replay"] = rest.trigger("quarantine_replay", {"product": PRODUCT, "day": REPLAYED})
    return runs


def test_the_dags_import_as_the_dag_processor_imports_them(airflow: Running) -> None:
    assert airflow.rest.get("importErrors")["import_errors"] == []


def test_a_missed_deadline_calls_the_callback_in_the_triggerer(airflow: Running) -> None:
    told = eventually("the deadline's callback", (airflow.home / "missed_deadline.json").exists)
    assert told
    missed = json.loads((airflow.home / "missed_deadline.json").read_text())
    assert missed["product"] == "online_retail"
    assert missed["dag_id"] == "deadline_example"


def test_a_task_that_waits_knows_afterwards_what_it_did_before(airflow: Running) -> None:
    """With the scheduler and the triggerer, and inline, where Airflow 3.3.1 loses the ``kwargs`` of a deferral."""
    assert airflow.waited_inline.succeeded, airflow.waited_inline.error
    for run in airflow.waiting:
        path = f"dags/waiting_example/dagRuns/{run}"
        eventually("the end of the run", lambda path=path: airflow.rest.get(path)["state"] in FINISHED)
        (task,) = airflow.rest.get(f"{path}/taskInstances")["task_instances"]
        log = airflow.rest.get(f"{path}/taskInstances/wait/logs/1")
        assert (task["state"], task["try_number"]) == ("success", 1), log
        assert airflow.rest.get(f"{path}/taskInstances/wait/xcomEntries/return_value")["value"] == 3


def test_a_backfill_runs_every_day_once(airflow: Running, lake: Lake) -> None:
    def finished() -> list[dict[str, Any]] | None:
        runs = airflow.rest.runs("online_retail_daily", "backfill")
        return runs if len(runs) == len(DAYS) and all(run["state"] in FINISHED for run in runs) else None

    runs = eventually("the backfill", finished)

    assert {run["logical_date"][:10]: run["state"] for run in runs} == dict.fromkeys(DAYS, "success")
    assert set(DAYS) <= set(lake.curated_versions())
    assert {day: len(lake.job_runs(day)) - airflow.jobs_before[day] for day in DAYS} in (
        dict.fromkeys(DAYS, 1),
        dict.fromkeys(DAYS, 0),  # a state folder in which this test has run before
    )


def test_no_task_of_days_side_by_side_raises(airflow: Running) -> None:
    """They share a crawler, a job and a table."""
    for run in airflow.rest.runs("online_retail_daily", "backfill"):
        path = f"dags/online_retail_daily/dagRuns/{run['dag_run_id']}/taskInstances"
        for task in airflow.rest.get(path)["task_instances"]:
            for attempt in range(1, task["try_number"] + 1):
                log = json.dumps(airflow.rest.get(f"{path}/{task['task_id']}/logs/{attempt}"))
                assert "Task failed with exception" not in log, (task["task_id"], attempt, log)


def test_the_marts_follow_the_curated_table_by_themselves(airflow: Running, lake: Lake) -> None:
    def loaded_days() -> set[str]:
        """Days announced to the runs of sales_marts that have succeeded; one run may hear of several."""
        runs = airflow.rest.runs("sales_marts", "asset_triggered")
        assert not [run for run in runs if run["state"] == "failed"]
        paths = [f"dags/sales_marts/dagRuns/{run['dag_run_id']}" for run in runs if run["state"] == "success"]
        heard = [airflow.rest.get(f"{path}/upstreamAssetEvents")["asset_events"] for path in paths]
        return {str(event["extra"]["day"]) for events in heard for event in events}

    days = eventually("a run of sales_marts", loaded_days)

    assert days <= {*DAYS, REPLAYED}
    for day in days:
        (in_lake,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.online_retail WHERE invoice_day = DATE '{day}'")
        in_warehouse = lake.warehouse(f"SELECT COUNT(*) FROM mart.fact_sales WHERE invoice_day = '{day}'")
        assert int(in_lake["n"]) > 0
        assert in_warehouse == [[int(in_lake["n"])]]


def test_a_run_waits_for_a_person_and_goes_on_with_the_answer(airflow: Running) -> None:
    rest, run = airflow.rest, airflow.runs["approval_example"]
    path = f"dags/approval_example/dagRuns/{run}"
    eventually("a question", lambda: rest.tasks("approval_example", run)["approve_rows"] == "awaiting_input")
    assert rest.tasks("approval_example", run)["read_variable"] not in FINISHED

    answer = {"chosen_options": ["Approve"], "params_input": {}}
    rest.call("PATCH", f"{path}/taskInstances/approve_rows/-1/hitlDetails", answer)

    eventually("the end of the run", lambda: rest.get(path)["state"] in FINISHED)
    assert rest.tasks("approval_example", run) == {"approve_rows": "success", "read_variable": "success"}
    value = rest.get(f"{path}/taskInstances/read_variable/xcomEntries/return_value")["value"]
    assert value == "from Secrets Manager"


def test_quarantined_rows_are_approved_on_the_screen(airflow: Running, lake: Lake) -> None:
    rest, run = airflow.rest, airflow.runs["quarantine_replay"]
    path = f"dags/quarantine_replay/dagRuns/{run}"
    eventually("a question", lambda: rest.tasks("quarantine_replay", run).get("approve_rows") == "awaiting_input")
    question = rest.get(f"{path}/taskInstances/approve_rows/-1/hitlDetails")
    assert question["subject"] == f"Publish quarantined rows of {PRODUCT} {REPLAYED}?"
    assert f"| if approved | {OTHERS + LANTERNS} | {BROKEN} | 1 |" in question["body"]
    assert list(question["params"]) == ["decision_reason"]

    answer = {"chosen_options": ["Approve"], "params_input": {"decision_reason": "lanterns are goods"}}
    rest.call("PATCH", f"{path}/taskInstances/approve_rows/-1/hitlDetails", answer)

    eventually("the end of the run", lambda: rest.get(path)["state"] in FINISHED)
    assert rest.get(path)["state"] == "success", rest.tasks("quarantine_replay", run)
    (((decision,)),) = objects(lake, "decisions", REPLAYED).values()
    assert (decision["decided_with"], decision["reason"]) == ("approval screen", "lanterns are goods")
    (count,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.online_retail WHERE invoice_day = DATE '{REPLAYED}'")
    assert int(count["n"]) == OTHERS + LANTERNS

    def heard() -> bool:
        """The marts were told, although the DAG knows only at run time whose asset it is."""
        runs = rest.runs("sales_marts", "asset_triggered")
        events = [rest.get(f"dags/sales_marts/dagRuns/{run['dag_run_id']}/upstreamAssetEvents") for run in runs]
        return REPLAYED in {event["extra"].get("day") for heard in events for event in heard["asset_events"]}

    eventually("a run of sales_marts", heard)


def test_no_task_that_waited_was_taken_for_dead(airflow: Running) -> None:
    """As Airflow's LocalExecutor would have it, see local/mwaa_runtime/scheduler_path/laptop_executor.py."""
    assert airflow.rest.get("eventLogs?event=state%20mismatch&limit=100")["event_logs"] == []


def test_it_stops_without_leaving_a_process_or_a_port(airflow: Running) -> None:
    webserver = airflow.runtime.webserver()
    assert webserver is not None
    port = int(webserver.url.rsplit(":", 1)[-1])
    states = {component.name: component for component in airflow.runtime.status()}
    # The hard case: a parent that was killed, whose workers nobody knows any more.
    scheduler = states["scheduler"].pid
    assert scheduler is not None
    workers = [child.pid for child in psutil.Process(scheduler).children(recursive=True)]
    assert workers, "the local executor forks them"
    before = {*pids(airflow.home), *workers}
    os.kill(scheduler, signal.SIGKILL)

    assert airflow.runtime.stop()

    assert [pid for pid in before if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"] == []
    assert pids(airflow.home) == []

    def nobody_listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex((HOST, port)) != 0

    # The threads of a killed process end a moment after its first one.
    eventually("a free port", nobody_listens, seconds=10)
    assert airflow.runtime.webserver() is None
    assert not airflow.runtime.stop()
