"""The quality score: its laws."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lake.quality_history import score_rows
from lake.score import CAP_WITH_ERROR, DIMENSIONS, OVERALL, WEIGHTS, RuleOutcome, scores

OUTCOMES = st.builds(
    RuleOutcome,
    severity=st.sampled_from(sorted(WEIGHTS)),
    dimension=st.sampled_from(DIMENSIONS),
    ratio=st.floats(0, 1),
    critical=st.booleans(),
    broken=st.just(False),
)
DAYS = st.lists(OUTCOMES, min_size=1, max_size=12)


def test_without_rules_nothing_is_measured() -> None:
    assert set(scores([]).values()) == {None}


@given(DAYS)
def test_a_dimension_without_rules_has_no_score(day: list[RuleOutcome]) -> None:
    found = scores(day)
    assert {name for name in DIMENSIONS if found[name] is not None} == {outcome.dimension for outcome in day}


@given(DAYS)
def test_it_is_between_the_worst_and_the_best_rule(day: list[RuleOutcome]) -> None:
    overall = scores(day)[OVERALL]
    assert overall is not None
    ratios = [outcome.ratio * 100 for outcome in day]
    assert min(ratios) - 0.01 <= overall <= max(ratios) + 0.01


@given(DAYS, st.data())
def test_a_rule_that_holds_better_never_lowers_it(day: list[RuleOutcome], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(day) - 1))
    better = [*day]
    better[position] = replace(day[position], ratio=data.draw(st.floats(day[position].ratio, 1)))
    before, after = scores(day)[OVERALL], scores(better)[OVERALL]
    assert before is not None
    assert after is not None
    assert after >= before - 0.01


@given(DAYS)
def test_a_broken_rule_of_severity_error_caps_the_day(day: list[RuleOutcome]) -> None:
    overall = scores([*day, RuleOutcome("error", "coverage", 0.0, broken=True)])[OVERALL]
    assert overall is not None
    assert overall <= CAP_WITH_ERROR


def test_severity_and_criticality_weigh() -> None:
    def overall(*day: RuleOutcome) -> float | None:
        return scores(day)[OVERALL]

    half = RuleOutcome("error", "accuracy", 0.5)
    good = RuleOutcome("info", "accuracy", 1.0)
    assert overall(half, good) == 58.33  # (5 * 0.5 + 1) / 6
    assert overall(replace(half, critical=True), good) == 54.55  # (10 * 0.5 + 1) / 11


def test_a_rule_of_two_engines_counts_once_with_the_worse_result() -> None:
    contract: dict[str, list[object]] = {"columns": [], "row_rules": []}

    def overall(*successes: bool | None) -> tuple[object, object]:
        rule = {"id": "key_unique", "severity": "warning", "dimension": "uniqueness"}
        other = {"id": "rows_published", "severity": "warning", "dimension": "coverage", "success": True}
        checks = [{**rule, "success": success} for success in successes]
        rows = score_rows({"row_rules": []}, [*checks, other], contract)
        return next((row["score"], row["rules"]) for row in rows if row["dimension"] == OVERALL)

    assert overall(True, True) == overall(True) == overall(True, None) == (100.0, 2)
    assert overall(True, False) == overall(False, True) == overall(False) == (50.0, 2)
