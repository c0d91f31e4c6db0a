"""What every DAG file must be: one DAG, named after the file, wired and documented the house's way."""

from __future__ import annotations

import ast
import json
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from lake.alerts import FailureAlert
from lake.tags import Domain, Layer, Tier

DAG_FILES = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
MOST_LINES = 120


def test_every_file_in_dags_defines_exactly_one_dag_of_its_name(dags: dict[str, DAG]) -> None:
    # A folder that does not exist gives no DAGs and no import errors: only the count notices.
    assert DAG_FILES, "dags/ holds no DAG file"
    assert sorted(dags) == [file.stem for file in DAG_FILES]


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_dag_file_only_wires(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= MOST_LINES, f"{file.name} is longer than {MOST_LINES} lines: move code to dags/lake/"
    definitions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not definitions, f"{file.name} defines {definitions}: move them to dags/lake/"


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_task_has_the_name_of_its_variable(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            task_ids = [word.value for word in node.value.keywords if word.arg == "task_id"]
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            assert [value.value for value in task_ids if isinstance(value, ast.Constant)] in ([], names)


@pytest.mark.parametrize("dag_id", [file.stem for file in DAG_FILES])
class TestPolicy:
    """House rules for one DAG; a failing test says what to change in its file."""

    def test_doc_says_what_it_reads_writes_and_what_to_do(self, dags: dict[str, DAG], dag_id: str) -> None:
        doc = dags[dag_id].doc_md or ""
        for heading in ("**Reads**", "**Writes**", "**Re-run**", "**If it fails**"):
            assert heading in doc, f"{dag_id}: the docstring has no {heading}"
        runbook = (DAG_FILES[0].parents[1] / "docs" / "runbook.md").read_text()
        assert f"docs/runbook.md#{dag_id}" in doc
        assert f"## {dag_id}" in runbook, f"docs/runbook.md has no section {dag_id}"
        for task_id in {task.task_id.rsplit(".", 1)[-1] for task in dags[dag_id].tasks}:
            assert f"`{task_id}`" in runbook, f"docs/runbook.md does not say what to do when {task_id} fails"

    def test_tags_are_of_the_vocabulary(self, dags: dict[str, DAG], dag_id: str) -> None:
        tags = set(dags[dag_id].tags)
        for kind in (Layer, Domain, Tier):
            assert len(tags & {tag.value for tag in kind}) == 1, f"{dag_id} needs exactly one tag of {kind.__name__}"
        assert len(tags) == 3, f"{dag_id}: tags are {sorted(tags)}; known ones are in dags/lake/tags.py"

    def test_parameters_are_confined_by_a_schema(self, dags: dict[str, DAG], dag_id: str) -> None:
        for name in dags[dag_id].params:
            param = dags[dag_id].params.get_param(name)
            schema = param.schema
            kinds = schema.get("type", [])
            kinds = {kinds} if isinstance(kinds, str) else set(kinds)
            where = f"{dag_id}: parameter {name}"
            assert kinds, f"{where} has no type; whoever triggers the DAG could give anything"
            assert param.description, f"{where} is not described in the form"
            assert "null" in kinds or param.value not in ("", [], None), (
                f"{where} is empty and may not be: Airflow's form starts no run until somebody fills it in"
            )
            if "string" in kinds:
                limits = {"enum", "pattern", "format", "maxLength"} & schema.keys()
                assert limits, f"{where} is any text; give it an enum, pattern, format or maxLength"
            if "array" in kinds:
                assert {"enum", "pattern"} & schema.get("items", {}).keys(), f"{where}: any item passes"

    def test_catchup_is_a_decision(self, dags: dict[str, DAG], dag_id: str) -> None:
        assert dags[dag_id].catchup is False
        assert "catchup=" in Path(dags[dag_id].fileloc).read_text()

    def test_every_task_has_an_owner_retries_a_limit_and_an_alert(self, dags: dict[str, DAG], dag_id: str) -> None:
        for task in dags[dag_id].tasks:
            where = f"{dag_id}.{task.task_id}"
            assert task.owner != "airflow", f"{where}: no owner; use DEFAULT_ARGS"
            assert task.retries >= 1, f"{where}: no retries; use DEFAULT_ARGS"
            assert task.retry_delay <= timedelta(minutes=20), where
            assert task.execution_timeout, f"{where}: no execution_timeout; use DEFAULT_ARGS"
            callbacks = task.on_failure_callback or []
            assert any(isinstance(callback, FailureAlert) for callback in callbacks), f"{where}: nobody is alerted"

    def test_what_waits_is_deferrable(self, dags: dict[str, DAG], dag_id: str) -> None:
        for task in dags[dag_id].tasks:
            assert getattr(task, "deferrable", True), f"{dag_id}.{task.task_id} holds a worker while it waits"

    def test_statements_run_in_the_environments_workgroup(self, dags: dict[str, DAG], dag_id: str) -> None:
        for task in dags[dag_id].tasks:
            if isinstance(task, AthenaOperator):
                assert task.workgroup != "primary", f"{task.task_id}: primary has no scan limit"
            if isinstance(task, RedshiftDataOperator):
                statements = task.sql if isinstance(task.sql, list) else [task.sql]
                assert len(statements) <= 40, f"{task.task_id}: BatchExecuteStatement takes 40 statements"

    def test_it_survives_serialisation(self, dags: dict[str, DAG], dag_id: str) -> None:
        # The scheduler knows a DAG only by what went through JSON.
        data = json.loads(json.dumps(DagSerialization.serialize_dag(dags[dag_id])))
        restored = DagSerialization.deserialize_dag(data)
        assert {task.task_id: task.downstream_task_ids for task in restored.tasks} == {
            task.task_id: task.downstream_task_ids for task in dags[dag_id].tasks
        }
        assert restored.tags == dags[dag_id].tags
        assert restored.doc_md == dags[dag_id].doc_md
