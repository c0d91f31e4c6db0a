"""What happens when Airflow parses dags/: no network, nothing heavy, nothing that MWAA does not have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
DAGS = REPOSITORY / "dags"
# boto3 is not in the list: the provider's operators import it themselves.
HEAVY = (
    *("pandas", "pyarrow", "pyspark", "great_expectations", "sqlglot", "duckdb", "yaml.constructor"),
    *("open_data_contract_standard", "glue_jobs", "local", "tests"),
)

# Runs in a fresh interpreter outside of the repository, as on MWAA: only dags/ is given to it.
PARSE = """
import json, socket, sys, time
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag
import airflow.sdk

loaded_by_airflow = set(sys.modules)
attempts = []

class Refused(socket.socket):
    def connect(self, address):
        attempts.append(str(address))
        raise OSError("no network while parsing")
    connect_ex = connect

socket.socket = Refused
socket.getaddrinfo = lambda *args, **kwargs: attempts.append(str(args)) or []

dags = Path(sys.argv[1])
first = BundleDagBag(dag_folder=dags, bundle_path=dags)
begin = time.process_time()
again = BundleDagBag(dag_folder=dags, bundle_path=dags)
print(json.dumps({
    "errors": first.import_errors,
    "dags": sorted(first.dags),
    "network": attempts,
    "modules": sorted(set(sys.modules) - loaded_by_airflow),
    "double": sorted(name for name in sys.modules if name.startswith("unusual_prefix_")),
    "path": sys.path,
    "seconds_after_imports": time.process_time() - begin,
}))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh interpreter saw while it parsed dags/."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIRFLOW"))}
    environment |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONPATH": ""}
    answer = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS)], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


def test_dags_parse_without_the_repository_on_the_path(parsed: dict[str, Any]) -> None:
    assert str(REPOSITORY) not in parsed["path"]
    assert parsed["errors"] == {}
    assert parsed["dags"] == sorted(file.stem for file in DAGS.glob("*.py"))


def test_parsing_calls_nobody(parsed: dict[str, Any]) -> None:
    assert parsed["network"] == []


def test_parsing_imports_nothing_heavy(parsed: dict[str, Any]) -> None:
    found = [name for name in parsed["modules"] if name in HEAVY or name.split(".")[0] in HEAVY]
    assert found == [], "import it inside the task; every task pays for what stands at the top"


def test_shared_modules_are_not_taken_for_dag_files(parsed: dict[str, Any]) -> None:
    # Without dags/.airflowignore Airflow executes dags/lake a second time under invented names.
    names = {name.split("_", 3)[-1] for name in parsed["double"]}
    assert names <= {file.stem for file in DAGS.glob("*.py")}


def test_parsing_takes_less_than_a_second_after_the_imports(parsed: dict[str, Any]) -> None:
    assert parsed["seconds_after_imports"] < 1


def test_plugins_and_dags_share_no_name() -> None:
    # plugins/ comes first on the path: a plugin would silently hide the module in dags/.
    in_dags = {path.stem for path in DAGS.iterdir() if path.suffix == ".py" or path.is_dir()}
    in_plugins = {path.stem for path in (REPOSITORY / "plugins").rglob("*.py")}
    assert in_dags & in_plugins == set()


def test_dags_can_be_uploaded_alone() -> None:
    link = DAGS / "sql"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert list(link.rglob("*.sql"))
