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

import functools
import inspect
import json
import os
import sys
import time
from typing import Any, TextIO

_PAUSE_SECONDS = 0.2


def results_channel() -> TextIO:
    """Keep the real standard output for results and send everything else that is printed to standard error."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return channel


def make_clients_cheap() -> None:
    """Let the botocore sessions of this process, one for each hook, parse and name things once.

    Hooks name the operator in their user agent and look for it on the stack: without the source lines of each frame.
    All this is two fifths of the processor time of a run otherwise.
    """
    from botocore import hooks
    from botocore.loaders import JSONFileLoader

    load_file: Any = functools.cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _, path: load_file(path)  # type: ignore[method-assign]
    hooks.accepts_kwargs = functools.lru_cache(1024)(hooks.accepts_kwargs)
    event_name: Any = functools.cache(hooks.EventAliaser(None)._alias_event_name)
    hooks.EventAliaser._alias_event_name = lambda _, name: event_name(name)
    inspect.stack = functools.partial(inspect.stack, context=0)


def look_more_often() -> None:
    """Let DAG.test() look again soon while no task can run.

    It sleeps a second each time, also for each step that a skip or a failure takes through the DAG.
    """
    from airflow.sdk import DAG

    sleep = time.sleep

    def shorter(seconds: Any) -> None:
        sleep(_PAUSE_SECONDS if sys._getframe(1).f_code is DAG.test.__code__ else seconds)

    time.sleep = shorter


def run_dag(dag: Any, logical_date: str, conf: dict[str, Any] | None) -> dict[str, Any]:
    """Run one DAG for one day.

    :param dag: the parsed DAG
    :param logical_date: day of the run, ``YYYY-MM-DD``
    :param conf: run configuration (DAG params), or None
    :return: the run's id, state and the state of each task
    """
    import pendulum
    from airflow.utils.session import create_session

    # A run's configuration is written into the params of the DAG and its tasks, where the next run would find it.
    params = [dag.params, *(task.params for task in dag.tasks)]
    declared = [(found.get_param(name), found.get_param(name).value) for found in params for name in found]
    try:
        dag_run = dag.test(logical_date=pendulum.parse(logical_date), run_conf=conf)
    finally:
        for param, value in declared:
            param.value = value
    with create_session() as session:
        tasks = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances(session=session)}
    return {"run_id": dag_run.run_id, "state": str(dag_run.state), "tasks": tasks}


def main() -> int:
    channel = results_channel()
    from airflow import settings
    from airflow.dag_processing.dagbag import BundleDagBag

    # DAG.test() needs a session factory, which the command line sets up on its own.
    settings.configure_orm()
    make_clients_cheap()
    look_more_often()
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
