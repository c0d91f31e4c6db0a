"""Run DAGs one after the other in one warm Airflow process.

``airflow dags test`` pays about 13 s of start-up for every run; in a process that is already warm a run costs what
its tasks cost. The demo and the end-to-end tests therefore talk to this module, which runs inside the Airflow runtime
(``.venv/airflow``) with the environment of ``<state>/env.sh``:

* one JSON object a line on standard input: ``{"dag_id": ..., "logical_date": "2010-12-02", "conf": {...}}``;
* one JSON object a line on standard output when it is ready (``{"ready": true}``) and for each run
  (``{"dag_id", "run_id", "state", "tasks": {task_id: state}, "seconds", "error"}``);
* Airflow's own log goes to standard error.

It ends at the end of its input. It uses the same ``DAG.test()`` as the command line, so deferrable operators run
inline and assets trigger nothing: the caller runs the consumers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, TextIO


def results_channel() -> TextIO:
    """Keep the real standard output for results and send everything else that is printed to standard error."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return channel


def run_dag(dag: Any, logical_date: str, conf: dict[str, Any] | None) -> dict[str, Any]:
    """Run one DAG for one day.

    :param dag: the parsed DAG
    :param logical_date: day of the run, ``YYYY-MM-DD``
    :param conf: run configuration (DAG params), or None
    :return: the run's id, state and the state of each task
    """
    import pendulum
    from airflow.utils.session import create_session

    dag_run = dag.test(logical_date=pendulum.parse(logical_date), run_conf=conf)
    with create_session() as session:
        tasks = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances(session=session)}
    return {"run_id": dag_run.run_id, "state": str(dag_run.state), "tasks": tasks}


def main() -> int:
    channel = results_channel()
    from airflow import settings
    from airflow.dag_processing.dagbag import BundleDagBag

    # DAG.test() needs a session factory, which the command line sets up on its own.
    settings.configure_orm()
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        print(json.dumps({"ready": False, "error": bag.import_errors}), file=channel)
        return 1
    print(json.dumps({"ready": True, "dags": sorted(bag.dags)}), file=channel)

    for line in sys.stdin:
        request = json.loads(line)
        begin = time.monotonic()
        answer: dict[str, Any] = {"dag_id": request["dag_id"], "logical_date": request["logical_date"], "error": None}
        try:
            answer |= run_dag(bag.dags[request["dag_id"]], request["logical_date"], request.get("conf"))
        except Exception as error:
            answer |= {"state": "failed", "tasks": {}, "run_id": None, "error": f"{type(error).__name__}: {error}"}
        answer["seconds"] = round(time.monotonic() - begin, 1)
        print(json.dumps(answer), file=channel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
