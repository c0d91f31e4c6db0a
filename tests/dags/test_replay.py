"""What a replay starts from, what people are told, and how their answer is taken."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from lake import replay
from lake.contracts import contract
from lake.operators.decisions import REASON, ApproveRowsOperator
from lake.replay_note import note, nothing_passes
from lake.replay_paths import ReplayPaths
from lake.run_key import RUN_KEY
from tests.dags.running import context

TERMS = contract("online_retail")
DAY, RUN, OTHER = "2010-12-01", "a" * 16, "b" * 16
BASE = replay.Base(RUN, RUN, f"s3://c/version={RUN}/", f"s3://q/run_key={RUN}/", "all")


def partition(version: str, location: str = "s3://c/", **parameters: str) -> dict[str, Any]:
    return {"StorageDescriptor": {"Location": location}, "Parameters": {"version": version, **parameters}}


class TestBase:
    """Only rows that belong to what readers see can be added to it."""

    def test_a_published_day_and_its_quarantine(self) -> None:
        curated, kept = partition(RUN, BASE.base_location), partition(RUN, BASE.base_quarantine)
        assert replay.base_of(TERMS, DAY, "all", curated, kept) == BASE

    def test_a_replay_of_a_replay_remembers_the_first_run(self) -> None:
        curated = partition(OTHER, BASE.base_location, root_version=RUN)
        base = replay.base_of(TERMS, DAY, "all", curated, partition(OTHER, BASE.base_quarantine))
        assert (base.root_version, base.base_version) == (RUN, OTHER)

    @pytest.mark.parametrize(
        ("curated", "kept", "words"),
        [
            (None, partition(RUN), "has no partition 2010-12-01, so nothing can be added"),
            (partition(RUN), None, "no rows are kept"),
            (partition(RUN), partition(OTHER), "a run was stopped before it published"),
        ],
    )
    def test_anything_else_is_refused_with_what_to_do(self, curated: Any, kept: Any, words: str) -> None:
        with pytest.raises(replay.CannotReplayError, match=words) as refused:
            replay.base_of(TERMS, DAY, "all", curated, kept)
        assert "Run 2010-12-01 of its daily DAG instead" in str(refused.value)


@given(
    st.fixed_dictionaries(
        {
            "base": st.dictionaries(st.sampled_from(sorted(asdict(BASE))), st.text(min_size=1, max_size=8)),
            "contract": st.sampled_from(["c1", "c2"]),
            "code": st.sampled_from(["e1", "e2"]),
        }
    )
)
def test_the_key_is_the_same_exactly_when_everything_is(other: dict[str, Any]) -> None:
    base = replace(BASE, **other["base"])
    key = replay.replay_key(base, other["contract"], {"glue_jobs/a.py": other["code"]})
    assert RUN_KEY.fullmatch(key)
    same = (base, other["contract"], other["code"]) == (BASE, "c1", "e1")
    assert (key == replay.replay_key(BASE, "c1", {"glue_jobs/a.py": "e1"})) is same


def test_no_folder_of_a_replay_is_inside_another_one() -> None:
    """Athena reads a partition's folder with all folders below it."""
    paths = ReplayPaths(TERMS, DAY, OTHER)
    folders = [paths.quarantine, paths.rejected, ReplayPaths(TERMS, DAY, RUN).quarantine]
    assert not [(a, b) for a in folders for b in folders if a != b and a.startswith(b)]


def test_what_partitions_keep_is_enough_to_finish_a_replay() -> None:
    kept = {replay.DECISION: OTHER, **asdict(BASE), **dict.fromkeys(replay.DECIDED, "x"), "version": OTHER}
    (found,) = replay.unfinished([{"Parameters": kept}, partition(RUN), None])
    base = replay.Base(**{name: found[name] for name in replay.PLANNED})
    first = replay.plan(TERMS, DAY, OTHER, BASE)
    finished = replay.plan(TERMS, DAY, found[replay.DECISION], base, decided=found)
    assert finished == {**first, "decided": dict.fromkeys(replay.DECIDED, "x")}
    assert set(replay.partition_parameters()) == {replay.DECISION, *replay.PLANNED, *replay.DECIDED}


@pytest.mark.parametrize(
    ("rejected_by", "decided", "expected"),
    [
        (None, None, "False"),
        ("", None, "False"),
        (" ", None, "False"),
        ("bob", None, "True"),
        ("bob", "approve", "False"),
        (None, "reject", "True"),
    ],
)
def test_a_run_rejects_by_its_parameters_or_by_the_decision_it_finishes(
    rejected_by: str | None, decided: str | None, expected: str
) -> None:
    plan = {"decided": {"verdict": decided} if decided else None}
    ti = SimpleNamespace(xcom_pull=lambda task_ids: plan if task_ids == "plan_replay" else None)
    text = Environment(autoescape=True).from_string(replay.rejecting())
    assert text.render(ti=ti, params={"rejected_by": rejected_by}) == expected


RESULT = {
    "product": "online_retail",
    "ingest_date": DAY,
    "contract_version": "1.1.0",
    "rows": {"landed": 10, "published": 9, "quarantined": 1, "duplicates": 0},
    "quarantined_by_reason": {"b": 1},
    "data_docs": None,
    "replay": {
        "rule": "all",
        "base_contract_version": "1.0.0",
        "selected": 3,
        "passing": 2,
        "passing_by_reason": {"a": 2, "b": 1},
        "failing_by_reason": {"b": 1},
        "sample": [{"description": "a|b <script>alert(1)</script> [x](javascript:1)", "country": None}],
    },
}
BEFORE = {"landed": 10, "published": 7, "quarantined": 3, "duplicates": 0}


def test_the_note_tells_rows_and_rules() -> None:
    text = note(RESULT, BEFORE, ["new: check x failed"])
    assert "| now | 7 | 3 | 0 | 10 |" in text
    assert "| if approved | 9 | 1 | 0 | 10 |" in text
    assert "| b | 1 | 1 |" in text
    assert "- new: check x failed" in text
    assert "approved, the 2 are published; rejected, all 3 stay out of every later run" in text


def test_delivered_text_is_no_markup_in_the_note() -> None:
    text = note(RESULT, BEFORE)
    assert "<script" not in text
    assert "[x](" not in text.replace("\\[x](", "")
    assert "a\\|b" in text


def test_why_there_is_nothing_to_decide() -> None:
    told = nothing_passes(RESULT)
    assert "still refuses all 3 rows (b 1)" in told
    assert '"product": "online_retail", "day": "2010-12-01", "rule": "all", "rejected_by": "<you>"' in told
    empty = {**RESULT, "replay": {**RESULT["replay"], "selected": 0, "rule": "z"}}  # type: ignore[dict-item]
    assert nothing_passes(empty) == "No open row in quarantine breaks rule z; kept are: b 1."


def approve_rows(**given: str) -> ApproveRowsOperator:
    """The operator as the DAG has it, rendered."""
    arguments = {"approved_by": "", "rejected_by": "", "reason": "", "made_before": "null", **given}
    with DAG(dag_id="test", schedule=None, params={"product": "x"}):
        return ApproveRowsOperator(task_id="approve_rows", subject="?", **arguments)


def answer(option: str, reason: str = "looked at them") -> dict[str, Any]:
    """What Airflow hands over when somebody has answered on the screen."""
    return {
        "chosen_options": [option],
        "params_input": {REASON: reason},
        "responded_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": "ada"},
    }


class TestApproval:
    def test_the_screen_asks_for_the_reason_only(self) -> None:
        assert list(approve_rows().serialized_params) == [REASON]

    @pytest.mark.parametrize(("option", "verdict"), [("Approve", "approve"), ("Reject", "reject")])
    def test_an_answer_on_the_screen(self, option: str, verdict: str) -> None:
        given = context()
        approve_rows().execute_complete(given, answer(option))  # type: ignore[arg-type]
        assert given["ti"].xcoms["decision"] == {
            "verdict": verdict,
            "decided_by": "ada",
            "decided_at": "2026-01-02 03:04:05.000",
            "reason": "looked at them",
            "decided_with": "approval screen",
        }

    def test_an_answer_without_a_reason_changes_nothing(self) -> None:
        given = context()
        with pytest.raises(AirflowFailException, match="Clear this task to be asked again"):
            approve_rows().execute_complete(given, answer("Reject", "  "))  # type: ignore[arg-type]
        assert "decision" not in given["ti"].xcoms

    def test_no_answer_in_time_is_no_decision(self) -> None:
        with pytest.raises(AirflowFailException, match="Nobody decided in time"):
            approve_rows().execute_complete(context(), {"error": "timeout", "error_type": "timeout"})  # type: ignore[arg-type]

    def test_a_decision_of_a_killed_run_is_taken_as_it_was_made(self) -> None:
        made = {
            "verdict": "approve",
            "decided_by": "ada",
            "decided_at": "2026-01-02 03:04:05.000",
            "reason": "looked",
            "decided_with": "approval screen",
        }
        given = context()
        approve_rows(made_before=json.dumps(made), rejected_by="bob").execute(given)  # type: ignore[arg-type]
        assert given["ti"].xcoms["decision"] == made

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"approved_by": "ada", "reason": " "}, "A decision needs a reason"),
            ({"approved_by": "ada", "rejected_by": "bob", "reason": "x"}, "Approved and rejected at once"),
        ],
    )
    def test_a_decision_that_is_none(self, given: dict[str, str], words: str) -> None:
        with pytest.raises(AirflowFailException, match=words):
            approve_rows(**given).execute(context())  # type: ignore[arg-type]

    def test_without_a_decision_it_waits_as_airflow_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waited: list[str] = []
        monkeypatch.setattr(ApprovalOperator, "execute", lambda task, _context: waited.append(task.task_id))
        approve_rows().execute(context())  # type: ignore[arg-type]
        assert waited == ["approve_rows"]
