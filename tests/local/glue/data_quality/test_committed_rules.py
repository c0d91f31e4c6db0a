"""The DQDL that contracts compile to is understood, and evaluated to the end, by the local Glue Data Quality."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from local.services.athena.hive_types import duckdb_type
from local.services.glue.data_quality.dqdl.parser import parse
from local.services.glue.data_quality.evaluation.datasets import PRIMARY, ColumnInfo, Database, Dataset
from local.services.glue.data_quality.evaluation.engine import Evaluation
from local.services.glue.data_quality.evaluation.row_predicates import define_java_matches
from local.settings import REPOSITORY

CONTRACTS = REPOSITORY / "dags" / "contracts"
RULESETS = sorted((CONTRACTS / "generated").glob("*/rules.dqdl"))


@pytest.mark.parametrize("path", RULESETS, ids=lambda path: path.parent.name)
def test_every_rule_of_an_empty_day_passes_but_those_about_rows(path: Path) -> None:
    columns = json.loads((CONTRACTS / f"{path.parent.name}.json").read_text(encoding="utf-8"))["columns"]
    glue = {column["name"]: column["athena_type"] for column in columns}
    types = {column["name"]: duckdb_type(column["athena_type"]) for column in columns}
    connection = duckdb.connect(":memory:")
    define_java_matches(connection)
    fields = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    connection.execute(f"CREATE TABLE t ({fields})")
    known = {name: ColumnInfo(name, kind, glue[name]) for name, kind in types.items()}
    evaluation = Evaluation(Database(connection, {PRIMARY: Dataset("t", known)}), dt.datetime.now(dt.UTC))
    rules = parse(path.read_text(encoding="utf-8")).rules
    outcomes = {str(rule): evaluation.rule(rule) for rule in rules}
    assert len(rules) >= 5
    failed = {text: outcome for text, outcome in outcomes.items() if outcome.result != "PASS"}
    assert any("RowCount" in text for text in failed)
    assert not [outcome for outcome in failed.values() if outcome.result == "ERROR"], failed
