"""Kill -9 of Airflow in the middle of the work, then a re-run: the same tables, and no finished job run twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.lake import Lake
from tests.e2e.test_bad_files import HEADER, as_csv, rows_of

MOMENT_LIMIT_SECONDS = 120


def task_state(lake: Lake, dag_id: str, day: str, task_id: str) -> str | None:
    database = lake.aws.settings.state_dir / "airflow" / "airflow.db"
    query = """
        SELECT ti.state FROM task_instance AS ti
          JOIN dag_run AS dr ON dr.dag_id = ti.dag_id AND dr.run_id = ti.run_id
         WHERE ti.dag_id = ? AND ti.task_id LIKE ? AND dr.logical_date LIKE ?
    """
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10) as connection:
        row = connection.execute(query, (dag_id, f"%{task_id}", f"{day}%")).fetchone()
    return row[0] if row else None


def kill_airflow_when(lake: Lake, dag_id: str, day: str, moment: Callable[[], bool], log: Path) -> None:
    """Start ``airflow dags test`` and kill the whole process group the moment ``moment()`` holds."""
    with log.open("wb") as output:
        airflow = subprocess.Popen(
            ["airflow", "dags", "test", dag_id, day],
            env=lake.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + MOMENT_LIMIT_SECONDS
    try:
        while not moment():
            assert airflow.poll() is None, f"Airflow ended before the moment came:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"the moment never came:\n{log.read_text()[-3000:]}"
            time.sleep(0.02)
    finally:
        os.killpg(airflow.pid, signal.SIGKILL)
        airflow.wait()


def delivered_day(lake: Lake, day: str) -> None:
    lake.land(day, {f"{day}.csv": as_csv(HEADER, rows_of(day))})


def assert_day_is_whole(lake: Lake, day: str) -> None:
    outcome = lake.run_day(day)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    (count,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.online_retail WHERE invoice_day = DATE '{day}'")
    assert int(count["n"]) == len(rows_of(day))


def test_killed_in_the_glue_job(lake: Lake, tmp_path: Path) -> None:
    day = "2011-04-01"
    delivered_day(lake, day)

    def job_is_running() -> bool:
        runs = lake.job_runs(day)
        return bool(runs) and runs[0]["JobRunState"] == "RUNNING"

    kill_airflow_when(lake, "online_retail_daily", day, job_is_running, tmp_path / "airflow.log")

    assert_day_is_whole(lake, day)
    assert [run["JobRunState"] for run in lake.job_runs(day)] == ["SUCCEEDED"]


def test_killed_in_the_ctas(lake: Lake, tmp_path: Path) -> None:
    day = "2011-04-02"
    delivered_day(lake, day)

    def ctas_is_running() -> bool:
        return task_state(lake, "online_retail_daily", day, "convert_to_parquet") in {"running", "deferred"}

    kill_airflow_when(lake, "online_retail_daily", day, ctas_is_running, tmp_path / "airflow.log")

    assert_day_is_whole(lake, day)
    assert [run["JobRunState"] for run in lake.job_runs(day)] == ["SUCCEEDED"]


@pytest.mark.parametrize(("day", "seconds_into_the_load"), [("2011-04-03", 0.0), ("2011-04-04", 0.3)])
def test_killed_in_the_copy(lake: Lake, tmp_path: Path, day: str, seconds_into_the_load: float) -> None:
    delivered_day(lake, day)
    assert_day_is_whole(lake, day)
    seen: list[float] = []

    def copy_is_running() -> bool:
        if task_state(lake, "sales_marts", day, "copy_fact_sales") in {"running", "deferred"}:
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= seconds_into_the_load

    kill_airflow_when(lake, "sales_marts", day, copy_is_running, tmp_path / "airflow.log")

    again = lake.run("sales_marts", day)
    assert again.succeeded, (again.error, again.tasks)
    in_warehouse = lake.warehouse(f"SELECT COUNT(*) FROM mart.fact_sales WHERE invoice_day = '{day}'")
    assert in_warehouse == [[len(rows_of(day))]]
