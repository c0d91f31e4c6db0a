"""SQL files and the tasks that run them find each other, and every template renders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.sdk import DAG
from airflow.sdk.execution_time import macros

from lake.contracts import contract
from lake.erasure import addresses
from lake.replay import Base, plan

SQL = Path(__file__).parents[2] / "sql"
DAG_FILES = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
RUN_KEY = "0123456789abcdef"
XCOMS: dict[tuple[str, str], Any] = {
    ("check_schema", "run_key"): RUN_KEY,
    ("judge_quality", "return_value"): {"landed": 4, "published": 3, "quarantined": 1, "duplicates": 0},
    ("check_request", "return_value"): {
        **addresses("DSR-1", RUN_KEY),
        "run_key": RUN_KEY,
        "erasing_key": RUN_KEY,
        "key_versions": "version-1=curated.online_retail",
        "products": "online_retail",
    },
    ("report_found", "note"): "| zone | rows |",
    ("approve_erasure", "return_value"): {"responded_by_user": {"id": "1", "name": "somebody"}},
    ("erase_warehouse", "return_value"): ["statement-4:1", "statement-4:2"],
    ("scan_warehouse", "return_value"): ["mart.fact_sales.customer_id"],
    ("plan_load", "load"): "0123456789abcdef",
    ("plan_load", "manifest"): "s3://bucket/loads/x/manifest.json",
    ("plan_load", "days_file"): "s3://bucket/loads/x/days.csv",
    ("plan_load", "days"): "'2010-12-01'",
    ("read_load_ledger", "return_value"): ["statement-1"],
    ("check_tables", "return_value"): {"checks": [], "failed_before": {}},
    ("count_lake", "return_value"): "query-1",
    ("count_warehouse", "return_value"): ["statement-2"],
    ("land_record", "run"): f"20261126t100000_{RUN_KEY}",
    ("land_record", "run_key"): RUN_KEY,
    ("read_lake", "return_value"): "query-2",
    ("read_warehouse", "return_value"): ["statement-3"],
    ("plan_load", "measures"): "COUNT(*) AS row_count",
    ("count_groups", "return_value"): "query-3",
    ("read_view", "return_value"): ["statement-4"],
    ("judge_quality", "pii_key_version"): "v1",
    ("evaluate_rules", "return_value"): "dqrun-1",
    ("plan_replay", "return_value"): plan(
        contract("online_retail"),
        "2010-12-01",
        RUN_KEY,
        Base("first", "base", "s3://curated/base/", "s3://quarantine/base/", "all"),
    ),
    ("judge_replay", "note"): "### What would be published",
    ("judge_replay", "return_value"): {"published": 3},
    ("judge_replay", "checks"): [],
    ("judge_replay", "pii_key_version"): "v1",
    ("approve_rows", "decision"): {
        "verdict": "approve",
        "decided_by": "ada",
        "decided_at": "2026-11-26 10:00:00.000",
        "reason": "contract 1.1.0",
        "decided_with": "approval screen",
    },
    ("plan_migration", "return_value"): {"kept": "online_retail_v1"},
    ("plan_migration", "note"): "### What would be set aside",
    ("plan_permissions", "return_value"): {"digest": "0" * 64, "destructive": 1, "removals": ["revoke: a b: SELECT"]},
    ("approve_removals", "return_value"): {"responded_by_user": {"id": "1", "name": "ada"}},
    ("find_trail", "return_value"): {
        "log_folder": "s3://sluice-dev-logs/AWSLogs/123456789012/CloudTrail/us-east-1",
        "first_day": "2010/10/31",
        "last_day": "2010/11/30",
    },
    ("find_reads", "return_value"): "query-5",
    ("find_denied_calls", "return_value"): "query-6",
    ("find_new_principals", "return_value"): "query-7",
}
# What a task that is mapped over loads is given for one of them (lake.warehouse.table_values).
MAPPED: dict[str, dict[str, Any]] = {
    "expire_quarantine": {"product": "online_retail"},
    "remove_versions": {"product": "online_retail", "zone": "curated"},
    "load_partition": {
        "sql_values": {
            "schema": "tickit",
            "table": "tickit_sales",
            "partition_column": "sale_day",
            "columns": "salesid, qtysold",
            "stage_columns": "salesid INTEGER, qtysold SMALLINT",
            "measures": "COUNT(*) AS row_count",
            "day": "2010-12-01",
            "version": RUN_KEY,
            "manifest": "s3://bucket/loads/x/manifest.json",
            "replaced": "sale_day = DATE '2010-12-01'",
            "forgotten": "partition_day = DATE '2010-12-01'",
        }
    },
}


class RecordedTaskInstance:
    """Answers XComs as the tasks before would have left them; an unknown one fails the test."""

    dag_id = task_id = run_id = "test"
    try_number = 1

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        # Tasks in a group are named <table>.<task>.
        return XCOMS[(task_ids.rsplit(".", 1)[-1], key)]


def texts(value: Any) -> list[str]:
    """:return: every text in a template field, however deep"""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts(item)]
    return []


def concrete(task: Any) -> Any:
    """:return: the task, a mapped one as its first instance"""
    if not task.is_mapped:
        return task
    instance = task.unmap(MAPPED[task.task_id.rsplit(".", 1)[-1]])
    instance.resolve_template_files()
    return instance


def rendered(dag: DAG) -> dict[str, dict[str, Any]]:
    """:return: the rendered template fields of every task"""
    day = pendulum.datetime(2010, 12, 1, tz="UTC")
    fields = {}
    for original in dag.tasks:
        task = concrete(original).prepare_for_execution()
        context: Any = {
            "ds": "2010-12-01",
            "ds_nodash": "20101201",
            "ts_nodash": "20101201T000000",
            "macros": macros,
            "logical_date": day,
            "params": dict.fromkeys(dag.params) | ({"product": "online_retail"} if "product" in dag.params else {}),
            "ti": RecordedTaskInstance(),
            "task": task,
            "dag": dag,
        }
        task.render_template_fields(context)
        fields[task.task_id] = {field: getattr(task, field) for field in task.template_fields}
    return fields


@pytest.mark.parametrize("dag_id", [file.stem for file in DAG_FILES])
def test_every_sql_file_was_found(dags: dict[str, DAG], dag_id: str) -> None:
    # A missing file is only logged at parse: its name stays in the field, and the task fails when it runs.
    for task in map(concrete, dags[dag_id].tasks):
        for field in task.template_fields:
            for text in texts(getattr(task, field, None)):
                assert not text.strip().endswith(".sql"), f"{dag_id}.{task.task_id}.{field}: {text} is not in sql/"


@pytest.mark.parametrize("dag_id", [file.stem for file in DAG_FILES])
def test_every_template_renders_completely(dags: dict[str, DAG], dag_id: str) -> None:
    for task_id, fields in rendered(dags[dag_id]).items():
        for field, value in fields.items():
            for text in texts(value):
                assert "{{" not in text, f"{dag_id}.{task_id}.{field}: {text}"
                assert "{%" not in text, f"{dag_id}.{task_id}.{field}: {text}"


def test_every_sql_file_is_run_by_a_task(dags: dict[str, DAG]) -> None:
    used = {
        text
        for dag in dags.values()
        for task in map(concrete, dag.tasks)
        for field in task.template_fields
        for text in texts(getattr(task, field, None))
    }
    unused = [file.relative_to(SQL).as_posix() for file in SQL.rglob("*.sql") if file.read_text().strip() not in used
              and file.read_text() not in used]  # fmt: skip
    assert unused == []


@pytest.mark.parametrize("file", sorted(SQL.rglob("*.sql")), ids=lambda file: file.relative_to(SQL).as_posix())
def test_a_sql_file_holds_one_documented_statement(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("-- "), "the first line says what the statement is for and which task runs it"
    assert "Task " in text.split("\n\n")[0], "the comment names the task that runs the file"
    assert ";" not in "\n".join(line for line in text.splitlines() if not line.startswith("--")), "one statement only"
    assert "{%" not in text, "no logic in SQL files"
    assert "xcom" not in text, "values come in through sql_values"


def test_the_days_places_are_addressed_by_day_and_run_key(dags: dict[str, DAG]) -> None:
    fields = rendered(dags["online_retail_daily"])
    arguments = fields["clean_rows"]["script_args"]
    run = f"ingest_date=2010-12-01/run_key={RUN_KEY}/"
    assert arguments["--source"] == "s3://sluice-dev-landing/online_retail/ingest_date=2010-12-01/"
    assert arguments["--staging"] == f"s3://sluice-dev-staging/online_retail/{run}"
    assert arguments["--quarantine"] == f"s3://sluice-dev-quarantine/online_retail/{run}"
    assert arguments["--run_key"] == RUN_KEY
    version = f"s3://sluice-dev-curated/online_retail/invoice_day=2010-12-01/version={RUN_KEY}/"
    assert fields["publish_day"]["location"] == version
    assert f"external_location = '{version}'" in fields["convert_to_parquet"]["query"]
    assert f'"staging"."online_retail_20101201_{RUN_KEY}"' in fields["convert_to_parquet"]["query"]
