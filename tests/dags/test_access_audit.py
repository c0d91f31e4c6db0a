"""The access audit: what is alarming and what is not, and that no log files are no peace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from running import run_task

from lake.access_audit import Found, audit_page, findings, is_spike, lines
from lake.operators.access_audit import FindTrailOperator
from tests.conftest import LocalAws

TIMES = {"first_at": "2026-11-25T01:00:00Z", "last_at": "2026-11-25T02:00:00Z"}


def row(principal: str, subject: str, calls: int, **more: str | None) -> dict[str, str | None]:
    return {"principal": principal, "subject": subject, "calls": str(calls), **TIMES, **more}


def test_no_log_files_fail_with_the_way_out(aws: LocalAws) -> None:
    task = FindTrailOperator(task_id="find_trail", day="1999-01-01", bucket=aws.name("logs"))
    with pytest.raises(
        AirflowFailException, match=r"delivered nothing of 1999-01-01: .*/1999/01/01/ is empty(.|\n)*Make"
    ):
        run_task(task)


@pytest.mark.parametrize(
    ("calls", "usual", "spike"),
    [(19, 0, False), (20, 0, True), (20, 4, True), (20, 4.1, False), (1000, 300, False), (60, 2, True)],
)
def test_a_spike_is_many_and_unusual(calls: int, usual: float, spike: bool) -> None:
    assert is_spike(calls, usual) is spike


def test_many_kinds_of_refused_calls_are_one_attempt() -> None:
    found = findings([], [row("p", f"glue:Get{n}", 3, usual="0.5") for n in range(8)], [])
    assert [entry.alarming for entry in found] == [True] * 8


def test_with_a_young_trail_nobody_is_new() -> None:
    def newcomer(days: int) -> Found:
        (found,) = findings([], [], [row("p", "athena", 1, usual=str(days))])
        return found

    assert not newcomer(6).alarming
    assert newcomer(7).alarming


def test_rows_are_json_lines_of_the_table() -> None:
    found = findings([row("p", "curated.sales", 4, data_accesses="3")], [], [])
    (line,) = lines(found).decode().splitlines()
    assert json.loads(line) == {
        "finding": "read", "principal": "p", "subject": "curated.sales", "calls": 4, "usual": 3.0, "alarming": False,
        **TIMES,
    }  # fmt: skip
    assert lines([]) == b""


def test_the_page_is_one_file_and_escapes() -> None:
    denied: list[Any] = [row("<b>", "glue:GetTable", 60, usual="1")]
    page = audit_page(findings([], denied, []), title="sluice-dev", day="2026-11-25")
    assert "&lt;b&gt;: 60 refused calls (glue:GetTable), usually 1.0 a day" in page
    for elsewhere in ("<b>", "http", "<script", "src=", "<link", "url("):
        assert elsewhere not in page
