"""The workflow for users: what it calls exists, only the approved deployment reaches AWS, and it knows no secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
DEPLOY = JOBS["deploy"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
COMMANDS = [line for _, step in STEPS for line in step.get("run", "").splitlines()]


def test_every_make_target_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    called = {found for line in COMMANDS for found in re.findall(r"\bmake ([a-z-]+)", line)}
    assert called >= {"check", "test", "demo", "setup"}
    assert called <= targets


def test_the_matrix_is_every_suite_of_the_test_runner() -> None:
    runner = (REPOSITORY / "tests" / "run.sh").read_text(encoding="utf-8")
    titles = re.findall(r'^ *suite \w+ "([^"]+)"', runner, re.MULTILINE)
    assert sorted(JOBS["test"]["strategy"]["matrix"]["suite"]) == sorted(titles)


def test_a_suite_that_does_not_exist_is_no_success() -> None:
    runner = ["bash", str(REPOSITORY / "tests" / "run.sh")]
    environment = os.environ | {"SUITE": "no such suite"}
    done = subprocess.run(runner, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no suite has the title 'no such suite'" in done.stderr


def deploy_calls() -> list[list[str]]:
    """Arguments of each call of the deploy tool, in order."""
    return [
        line.split("mwaa.deploy ", 1)[1].split(" > ")[0].split()
        for step in DEPLOY["steps"]
        for line in step.get("run", "").splitlines()
        if "mwaa.deploy " in line
    ]


def test_the_deploy_tool_takes_every_call() -> None:
    program = (
        "import json, sys\nfrom mwaa.deploy.command_line import _parser\n"
        "print([_parser().parse_args(call).command for call in json.loads(sys.argv[1])])"
    )
    python = REPOSITORY / ".venv" / "airflow" / "bin" / "python"
    done = subprocess.run(
        [str(python), "-c", program, json.dumps(deploy_calls())], cwd=REPOSITORY, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(["check", "plan", "plan", "apply", "smoke", "rollback"])


def test_the_same_environment_is_planned_deployed_tested_and_rolled_back() -> None:
    environments = {tuple(call[1:3]) for call in deploy_calls() if call[0] != "check"}
    assert environments == {("--env", "prod")}
    parameters = json.loads((REPOSITORY / "mwaa" / "cloudformation" / "parameters" / "prod.json").read_text())
    trusted = {item["ParameterKey"]: item["ParameterValue"] for item in parameters["github-oidc"]}
    assert DEPLOY["environment"] == trusted["GitHubEnvironment"], "the role would not trust this job"


def test_only_what_this_run_changed_is_rolled_back() -> None:
    steps = {step.get("id", step.get("name")): step for step in DEPLOY["steps"]}
    condition = steps["Roll back"]["if"]
    assert "failure()" in condition
    assert "steps.smoke.outcome == 'failure'" in condition
    assert "steps.plan.outputs.changes == 'true'" in condition
    names = [step.get("id", step.get("name")) for step in DEPLOY["steps"]]
    assert names.index("plan") < names.index("apply") < names.index("smoke") < names.index("Roll back")
    assert not any("continue-on-error" in step for _, step in STEPS), "a red step must stay red"


def test_nothing_is_deployed_that_was_not_checked_and_approved() -> None:
    assert set(DEPLOY["needs"]) == JOBS.keys() - {"deploy"}
    assert DEPLOY["environment"]
    for part in ("github.event_name == 'push'", "github.ref == 'refs/heads/main'"):
        assert part in DEPLOY["if"]
    assert DEPLOY["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}


def test_only_the_deployment_gets_a_token_for_aws() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert DEPLOY["permissions"] == {"contents": "read", "id-token": "write"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == ["deploy"]
    assert [name for name, step in STEPS if "configure-aws-credentials" in step.get("uses", "")] == ["deploy"]


def test_it_knows_no_secret() -> None:
    assert "secrets." not in TEXT
    assert "pull_request_target" not in TEXT
    for line in COMMANDS:
        assert "${{" not in line, f"an expression in a script can be an injection: {line}"


@pytest.mark.parametrize("use", sorted({step["uses"] for _, step in STEPS if "uses" in step}))
def test_actions_are_pinned_to_a_commit_with_its_version(use: str) -> None:
    assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", use)
    assert re.search(rf"{re.escape(use)} # v\d+\.\d+\.\d+$", TEXT, re.MULTILINE)


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
