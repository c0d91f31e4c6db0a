"""Which results are published, which with a warning, and which stop a day."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lake.contracts import contract
from lake.quality import judge

CONTRACT = contract("online_retail")


def result(**changes: Any) -> dict[str, Any]:
    """:return: the result of a good run of 1,000 rows, with changes to its rows or parts"""
    rows = {"landed": 1000, "published": 980, "quarantined": 10, "duplicates": 10}
    rows |= {name: changes.pop(name) for name in list(changes) if name in rows}
    return {
        "rows": rows,
        "checks": [],
        "unreadable_files": [],
        "quarantined_by_reason": {"quantity_zero": 10},
    } | changes


def check(severity: str, success: bool | None) -> dict[str, Any]:
    """:return: one check's line in the result"""
    return {"id": "key_unique", "severity": severity, "success": success, "observed": 3, "expected": 0}


STOPPED = {
    "rows lost": (result(published=979), "rows are lost or invented"),
    "rows invented": (result(published=981), "rows are lost or invented"),
    "no rows": (result(landed=0, published=0, quarantined=0, duplicates=0), "hold no rows"),
    "too many quarantined": (result(published=700, quarantined=290), "29.3 % of the rows are quarantined"),
    "all quarantined": (result(published=0, quarantined=990), "100.0 % of the rows"),
    "error check failed": (
        result(checks=[check("error", False)]),
        "check key_unique failed (new): observed 3, expected 0",
    ),
    "check without a result": (result(checks=[check("info", None)]), "could not be evaluated"),
    "file refused": (
        result(unreadable_files=[{"file": "a.csv.gz", "problem": "gzip", "message": "ends in the middle"}]),
        "file a.csv.gz was refused: ends in the middle",
    ),
}


@pytest.mark.parametrize(("outcome", "words"), STOPPED.values(), ids=STOPPED.keys())
def test_it_stops(outcome: dict[str, Any], words: str) -> None:
    judgement = judge(outcome, CONTRACT)
    assert not judgement.publish
    assert words in judgement.reasons_to_stop[0]


def test_a_good_run_is_published_in_silence() -> None:
    judgement = judge(result(checks=[check("error", True), check("info", False)]), CONTRACT)
    assert judgement.publish
    assert judgement.warnings == []


@pytest.mark.parametrize(
    "outcome",
    [result(checks=[check("warning", False)]), result(published=900, quarantined=90)],
    ids=["warning check failed", "above the warning share"],
)
def test_it_warns_and_publishes(outcome: dict[str, Any]) -> None:
    judgement = judge(outcome, CONTRACT)
    assert judgement.publish
    assert len(judgement.warnings) == 1


def test_a_person_can_accept_a_share_for_one_run_but_not_lost_rows() -> None:
    bad_day = result(published=700, quarantined=290)
    assert judge(bad_day, CONTRACT, accepted_percent=30).publish
    assert not judge(bad_day, CONTRACT, accepted_percent=29).publish
    assert not judge(result(published=1), CONTRACT, accepted_percent=100).publish


def test_a_contract_may_publish_the_neighbours_of_a_refused_file() -> None:
    lenient = dataclasses.replace(CONTRACT, on_refused_file="continue")
    refused = result(unreadable_files=[{"file": "a.csv", "problem": "header", "message": "no header"}])
    assert judge(refused, lenient).warnings == ["file a.csv was refused: no header"]
    assert judge(refused, lenient).publish
