"""DAG tests read the DAGs as Airflow does: from dags/, with a home of their own and none of a developer's settings."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Airflow reads its home when it is imported, which collecting the test modules does.
_HOME = tempfile.TemporaryDirectory(prefix="sluice-airflow-")
os.environ.setdefault("AIRFLOW_HOME", _HOME.name)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
# The local AWS answers at once.
os.environ["AIRFLOW__LAKE__POLL_SECONDS"] = "0.1"

DAGS = Path(__file__).parents[2] / "dags"
sys.path.insert(0, str(DAGS))

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from tests.conftest import LocalAws


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """The local AWS, with this process in the role of Airflow: operators under test reach it and nothing else."""
    from local.environment import airflow_variables, aws_variables

    variables = aws_variables(local_aws.settings, local_aws.name("airflow")) | airflow_variables(local_aws.settings)
    for name, value in variables.items():
        if name.startswith(("AWS_", "AIRFLOW_CONN_", "AIRFLOW__SECRETS__")):
            monkeypatch.setenv(name, value)
    return local_aws


@pytest.fixture(scope="session")
def dags() -> dict[str, DAG]:
    """Every DAG of dags/ by its id."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS)
    assert bag.import_errors == {}
    return bag.dags
