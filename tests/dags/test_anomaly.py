"""The volume detector: laws, and the numbers that docs/quality.md promises, on simulated retail seasons."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from lake.anomaly import LEAST_HISTORY, compare

USUAL = {"tolerance": 4, "floor_percent": 5}
VALUES = st.lists(st.integers(0, 10_000), min_size=LEAST_HISTORY, max_size=20)


def test_with_little_history_nothing_is_said() -> None:
    for days in range(LEAST_HISTORY):
        assert not compare(0, [1000.0] * days, **USUAL).known


def test_days_that_were_all_alike_leave_the_floor() -> None:
    assert not compare(1050, [1000.0] * 8, **USUAL).unusual
    assert compare(1051, [1000.0] * 8, **USUAL).unusual
    assert compare(949, [1000.0] * 8, **USUAL).unusual


@given(VALUES)
def test_the_median_itself_is_never_unusual(history: list[int]) -> None:
    middle = sorted(history)[len(history) // 2]
    low, high = sorted(history)[(len(history) - 1) // 2], middle
    assert not compare((low + high) / 2, history, **USUAL).unusual


@given(VALUES, st.integers(0, 10_000), st.randoms())
def test_order_of_the_history_does_not_matter(history: list[int], value: int, order: random.Random) -> None:
    shuffled = order.sample(history, len(history))
    assert compare(value, history, **USUAL) == compare(value, shuffled, **USUAL)


def _season(day: int, noise: random.Random) -> float:
    """:return: rows of a shop's day: weekly rhythm, slow growth, 5 % noise"""
    weekday = (1.0, 1.05, 1.1, 1.2, 1.3, 0.55, 0.8)[day % 7]
    return 3000 * weekday * (1 + 0.1 * math.sin(day / 60)) * noise.gauss(1, 0.05)


def test_half_a_day_lost_is_found_and_ordinary_days_are_quiet() -> None:
    noise = random.Random(5)
    rows = [_season(day, noise) for day in range(330)]
    days = range(56, 330)
    history = {day: [rows[day - 7 * week] for week in range(1, 9)] for day in days}
    caught = sum(compare(rows[day] / 2, history[day], **USUAL).unusual for day in days)
    false_alarms = sum(compare(rows[day], history[day], **USUAL).unusual for day in days)
    assert caught >= 0.97 * len(days)
    assert false_alarms <= 0.05 * len(days)
