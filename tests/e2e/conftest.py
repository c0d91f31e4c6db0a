"""The whole lake, driven as a user drives it: files land, DAGs run, tables are read through Athena and Redshift."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.demo.airflow_runs import WarmAirflow
from local.environment import airflow_environment
from local.permissions.recording import Recorder
from tests.e2e.lake import Lake

REAL_DAYS = Path(__file__).resolve().parents[3] / "shared" / "data" / "online_retail"


@pytest.fixture(scope="session")
def airflow_env(local_aws: Any) -> dict[str, str]:
    return dict(airflow_environment(local_aws.settings))


@pytest.fixture(scope="session")
def warm_airflow(
    local_aws: Any, airflow_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WarmAirflow]:
    log = tmp_path_factory.mktemp("airflow") / "airflow.log"
    with WarmAirflow.start(airflow_env, local_aws.settings.state_dir, log) as airflow:
        yield airflow


@pytest.fixture(scope="session")
def lake(local_aws: Any, airflow_env: dict[str, str], warm_airflow: WarmAirflow) -> Iterator[Lake]:
    """The lake. When all tests are done, the ledger must balance: every run of every test is in it."""
    used = Lake(local_aws, warm_airflow, airflow_env, Recorder(local_aws.settings))
    yield used
    assert used.unbalanced_runs() == []


@pytest.fixture(scope="session")
def invoice_days(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Days to run the lake on: real ones where they are at hand, else generated ones that look like them.

    Three are enough for an order; the cleaning job alone is tested on every real day.
    """
    real = sorted(REAL_DAYS.glob("*.csv"))[:3]
    if real:
        return {path.stem: path.read_bytes() for path in real}
    from local.seed.online_retail import generate

    folder = tmp_path_factory.mktemp("generated")
    generate(folder, days=["2010-12-01", "2010-12-05", "2011-01-04"], rows_per_day=1500, seed=20101201)
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("**/*.csv"))}
