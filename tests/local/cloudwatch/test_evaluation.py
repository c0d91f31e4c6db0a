"""The tables of the CloudWatch User Guide on missing data, and what follows from them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.services.cloudwatch.evaluation import ALARM, INSUFFICIENT_DATA, MISSING_DATA, OK, Rule, evaluate

KEPT = "the state before"
# Data points as the guide writes them, oldest first: 0 within the threshold, X breaching, - missing. Then the state
# when missing data is treated as missing, ignore, breaching, notBreaching.
THREE_OF_THREE = [
    ("0 - X - X", (OK, OK, OK, OK)),
    ("0 - - - -", (OK, OK, OK, OK)),
    ("- - - - -", (INSUFFICIENT_DATA, KEPT, ALARM, OK)),
    ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", (ALARM, KEPT, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", (OK, OK, ALARM, OK)),
    ("- - - - 0", (OK, OK, ALARM, OK)),
    ("- - - X -", (ALARM, KEPT, ALARM, OK)),
]
CASES = [(3, *case) for case in THREE_OF_THREE] + [(2, *case) for case in TWO_OF_THREE]


@pytest.mark.parametrize(("to_alarm", "points", "states"), CASES, ids=[f"{n} of 3: {text}" for n, text, _ in CASES])
def test_table_of_the_guide(to_alarm: int, points: str, states: tuple[str, ...]) -> None:
    values = {"0": 0.0, "X": 9.0, "-": None}
    newest_first = [values[mark] for mark in reversed(points.split())]
    for missing, expected in zip(MISSING_DATA, states, strict=True):
        rule = Rule(60, 3, to_alarm, "GreaterThanThreshold", 5, missing)
        assert evaluate(rule, newest_first, KEPT).state == expected, missing


def test_one_breaching_point_is_not_three() -> None:
    rule = Rule(60, 3, 3, "GreaterThanThreshold", 5)
    assert evaluate(rule, [9.0, None, None, None, None], INSUFFICIENT_DATA).state == INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [6]),
        ("GreaterThanOrEqualToThreshold", [5, 6]),
        ("LessThanThreshold", [4]),
        ("LessThanOrEqualToThreshold", [4, 5]),
    ],
)
def test_comparisons(comparison: str, breaching: list[int]) -> None:
    rule = Rule(60, 1, 1, comparison, 5)
    assert [value for value in (4, 5, 6) if evaluate(rule, [value, None, None], OK).state == ALARM] == breaching


def test_the_reason_says_what_was_seen() -> None:
    rule = Rule(60, 2, 2, "LessThanThreshold", 1, "breaching")
    assert evaluate(rule, [None] * 4, OK).reason == (
        "Threshold Crossed: no datapoints were received for 2 period(s) and 2 missing datapoint(s) were treated as "
        "[Breaching]."
    )
    assert "1 datapoint(s) [0]: 1 of them less than the threshold (1)" in evaluate(rule, [0.0] + [None] * 3, OK).reason


def test_windows_are_over_and_move_with_the_minute() -> None:
    rule = Rule(3600, 1, 1, "LessThanThreshold", 1)
    (newest, before, _) = rule.windows(datetime(2026, 11, 26, 10, 20, 59, tzinfo=UTC))
    assert newest == (datetime(2026, 11, 26, 9, 20, tzinfo=UTC), datetime(2026, 11, 26, 10, 20, tzinfo=UTC))
    assert before[1] == newest[0]
