"""The smoke test against a real Airflow, started by the emulated MWAA: red when a package is missing, else green."""

from __future__ import annotations

import time

import pytest

from mwaa.deploy.errors import DeployError
from mwaa.deploy.rest import LONGEST_PATH, RestApi
from mwaa.deploy.smoke import Smoke
from tests.mwaa.deploy.conftest import Repository

CANARY = """
import pendulum
from airflow.sdk import DAG, task

with DAG(dag_id="canary_hourly", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    @task
    def import_requirements():
        import {module}
        print({module}.__name__)
    import_requirements()
"""


def run_smoke(repository: Repository, unpause: bool = True) -> list[str]:
    said: list[str] = []
    Smoke(repository.target, "canary_hourly", unpause, said.append, parse_seconds=240, run_seconds=240).run()
    return said


@pytest.mark.timeout(600)  # two parses and two runs of a real Airflow, on a machine that may be busy
def test_smoke_is_red_until_what_the_canary_imports_is_there(repository: Repository) -> None:
    repository.remove("dags/first_daily.py")
    repository.remove("dags/second_daily.py")
    repository.write("requirements.txt", "no-such-package-of-anybody==1.0\n")
    repository.write("dags/canary_hourly.py", CANARY.format(module="no_such_package_of_anybody"))
    repository.deploy()
    assert repository.deployed().status == "AVAILABLE"

    with pytest.raises(DeployError, match="is paused and would never run"):
        run_smoke(repository, unpause=False)
    with pytest.raises(DeployError) as red:
        run_smoke(repository)
    message = str(red.value)
    assert "canary_hourly is failed" in message
    assert "task import_requirements is failed" in message
    assert "No module named 'no_such_package_of_anybody'" in message
    # What pip said is in the worker's log and nowhere else; the smoke test brings it along.
    assert "requirements_install" in message

    api = RestApi(repository.target, time.monotonic())
    with pytest.raises(DeployError, match=r"HTTP 404: .*nobodys_daily"):
        api.call("GET", "/dags/nobodys_daily")
    with pytest.raises(DeployError, match=f"paths of {LONGEST_PATH} characters"):
        api.call("GET", f"/dags/{'d' * LONGEST_PATH}")

    # The fix is seen by the running Airflow without an update, as on MWAA.
    updated_at = repository.updates()
    repository.write("dags/canary_hourly.py", CANARY.format(module="packaging"))
    repository.write("dags/broken_daily.py", "import no_such_module_of_anybody  # a dag of airflow\n")
    repository.deploy()
    with pytest.raises(DeployError, match=r"broken_daily\.py: ModuleNotFoundError"):
        run_smoke(repository)
    repository.remove("dags/broken_daily.py")
    repository.deploy()
    said = run_smoke(repository)
    assert said[-1] == "canary_hourly: success"
    assert repository.updates() == updated_at
