"""Program, run by `dag_import` with Airflow's interpreter: imports a DAG folder and writes what came of it as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str, answer: str) -> None:
    """Import a DAG folder.

    :param folder: the DAG folder.
    :param answer: file that receives ``{"dag_ids": [...], "errors": {file: traceback}}``.
    """
    sys.path[:0] = [folder, str(Path(folder).parent / "plugins")]
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=folder, bundle_path=Path(folder))
    errors = {str(Path(name).relative_to(folder) if Path(name).is_absolute() else name): trace
              for name, trace in bag.import_errors.items()}  # fmt: skip
    Path(answer).write_text(json.dumps({"dag_ids": sorted(bag.dags), "errors": errors}))


if __name__ == "__main__":
    main(*sys.argv[1:])
