"""How long Airflow takes to parse all DAG files once Airflow and the provider are imported.

Run in the Airflow runtime: ``.venv/airflow/bin/python bench/parse_dags.py``. Limit: 1 s for all files.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

DAGS = Path(__file__).resolve().parents[1] / "dags"
ROUNDS = 5


def main() -> None:
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    from airflow.dag_processing.dagbag import BundleDagBag

    seconds = []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        bag = BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
        seconds.append(time.perf_counter() - begin)
        assert not bag.import_errors, bag.import_errors
    first, *warm = seconds
    print(f"{len(bag.dags)} DAGs; first parse, with the provider's imports: {first:.2f} s")
    print(f"after imports: median {statistics.median(warm):.3f} s, max {max(warm):.3f} s of {ROUNDS}; limit 1 s")


if __name__ == "__main__":
    main()
