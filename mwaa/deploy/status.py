"""What runs, what is pinned, who deployed last, and what somebody changed beside the deploy tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mwaa.deploy.deployed import Deployed, load_deployed
from mwaa.deploy.plan import Plan, make_plan
from mwaa.deploy.project import PINNED_FILES, Project
from mwaa.deploy.stack_update import find_stack, parameters_of
from mwaa.deploy.target import Target

_SHOWN_RECORDS = 5


def describe(project: Project, target: Target) -> dict[str, Any]:
    """The state of an environment, compared with its stack, its last record and the repository.

    :param project: the repository.
    :param target: whose environment.
    :raises DeployError: there is no such environment or stack.
    """
    deployed = load_deployed(target)
    stack = find_stack(target)
    plan = make_plan(project, deployed)
    update = deployed.environment.get("LastUpdate", {})
    return {
        "environment": {
            "name": target.environment,
            "status": deployed.status,
            "airflow_version": deployed.environment.get("AirflowVersion"),
            "class": deployed.environment.get("EnvironmentClass"),
            "last_update": update.get("Status"),
            "last_update_error": update.get("Error"),
        },
        "stack": {"name": target.stack, "status": stack["StackStatus"]},
        "plan": plan.described(),
        "drift": list(_drift(deployed, parameters_of(stack), plan)),
        "deploys": [
            {
                "name": record.name,
                "result": record.result,
                "commit": record.commit,
                "who": record.who,
                "updated_environment": record.updated_environment,
                "restored": record.restored,
                "error": record.error,
            }
            for record in deployed.records.newest_first(_SHOWN_RECORDS)
        ],
    }


def lines(state: Mapping[str, Any]) -> Iterator[str]:
    """The state for a person.

    :param state: what `describe` returned.
    """
    environment = state["environment"]
    yield f"environment {environment['name']}: {environment['status']}, Airflow {environment['airflow_version']}"
    if environment["last_update_error"]:
        error = environment["last_update_error"]
        yield f"  last update failed: {error.get('ErrorCode')}: {error.get('ErrorMessage')}"
    yield f"stack {state['stack']['name']}: {state['stack']['status']}"
    for item in state["plan"]["pinned"]:
        yield f"  {item['name']:<17} {item['reason']}"
    for title in ("artifacts", "dags"):
        folder = state["plan"][title]
        different = len(folder["added"]) + len(folder["changed"]) + len(folder["deleted"])
        yield f"  {title:<17} {'as in the repository' if not different else f'{different} differ from the repository'}"
    yield "drift: " + ("none" if not state["drift"] else "")
    yield from (f"  {line}" for line in state["drift"])
    yield "last deployments" + ("" if state["deploys"] else ": none")
    for record in state["deploys"]:
        kind = f"rollback to {record['restored']}" if record["restored"] else f"commit {record['commit'][:12]}"
        update = ", environment updated" if record["updated_environment"] else ""
        reason = f": {record['error'].splitlines()[0]}" if record["error"] else ""
        yield f"  {record['name']} {record['result']}, {kind}, by {record['who']}{update}{reason}"


def _drift(deployed: Deployed, parameters: Mapping[str, str], plan: Plan) -> Iterator[str]:
    last = deployed.last
    for file in PINNED_FILES:
        running, stack = deployed.running(file), parameters.get(file.parameter, "")
        if running != stack:
            yield f"{file.name}: the environment runs {running or 'none'}, its stack says {stack or 'none'}"
        if last and running != last.pinned.get(file.parameter, ""):
            recorded = last.pinned.get(file.parameter, "") or "none"
            yield f"{file.name}: the environment runs {running or 'none'}, the last deployment left {recorded}"
    for key in plan.dag_folder.foreign:
        yield f"s3://{deployed.bucket}/{key} was changed by somebody else"
    for key in plan.artifact_folder.foreign:
        yield f"s3://{deployed.target.name('artifacts')}/{key} was changed by somebody else"
