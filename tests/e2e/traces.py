"""Everything that runs leave behind besides tables: logs, Airflow's database, statements, job runs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.lake import Lake

# Keys of the local Airflow are in files of their own, which no task reads or prints.
_KEY_FILES = {"keys.json", "simple_auth_manager_passwords.json"}


def traces(lake: Lake) -> Iterator[tuple[str, str]]:
    """Name and text of each trace."""
    state = Path(lake.aws.settings.state_dir)
    yield "Airflow's log", lake.airflow.log.read_text(errors="replace")
    yield from _database(state / "airflow" / "airflow.db")
    patterns = ("servers/*.log", "glue/*.log", "glue/jvms/*/*.log", "glue/runs/*/std*", "iam/decisions.jsonl")
    for pattern in (*patterns, "airflow/logs/**/*", "redshift/statements/*.json"):
        for path in state.glob(pattern):
            if path.is_file() and path.name not in _KEY_FILES:
                yield str(path.relative_to(state)), path.read_text(errors="replace")
    yield from _cloudwatch(lake)
    yield from _job_runs(lake)
    yield "sys_query_history", json.dumps(lake.warehouse("SELECT query_text, error_message FROM sys_query_history"))


def told(text: str, words: list[str]) -> list[str]:
    """Those of the words that stand in a text as a whole: not inside a longer number or word, or a decimal."""
    return [word for word in words if re.search(rf"(?<![\w.:-]){re.escape(word)}(?![\w:-]|\.\d)", text)]


def _database(path: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            # Rendered templates, XComs and run parameters are JSON, pickles or text.
            texts = [cell if isinstance(cell, str) else cell.decode("utf-8", "replace")
                     for row in rows for cell in row if isinstance(cell, str | bytes)]  # fmt: skip
            yield f"Airflow's table {table}", "\n".join(texts)


def _cloudwatch(lake: Lake) -> Iterator[tuple[str, str]]:
    logs = lake.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield name, "\n".join(event["message"] for found in pages for event in found["events"])


def _job_runs(lake: Lake) -> Iterator[tuple[str, str]]:
    glue = lake.client("glue")
    for job in ("clean-product", "forget-subject"):
        pages = glue.get_paginator("get_job_runs").paginate(JobName=lake.aws.name(job))
        yield f"runs of {job}", json.dumps([run for page in pages for run in page["JobRuns"]], default=str)
