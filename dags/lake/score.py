"""The quality score of a day: how much of what the contract promises was true, by dimension and as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# "dimension" of ODCS v3.2.
DIMENSIONS = ("accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness")
WEIGHTS = {"error": 5, "warning": 3, "info": 1}
CRITICAL_FACTOR = 2
# A day on which a rule of severity error fails never looks good, however many other rules hold.
CAP_WITH_ERROR = 69.0
OVERALL = "overall"


@dataclass(frozen=True)
class RuleOutcome:
    """How far a rule held.

    :param severity: info, warning or error
    :param dimension: quality dimension of ODCS
    :param ratio: share of what was looked at that holds, 0 to 1
    :param critical: whether it is about a critical data element, which counts twice
    :param broken: whether a rule on the day as a whole failed
    """

    severity: str
    dimension: str
    ratio: float
    critical: bool = False
    broken: bool = False


def scores(outcomes: Iterable[RuleOutcome]) -> dict[str, float | None]:
    """Return the score (0 to 100) of each dimension and ``overall``; None: no rule measures it, which is not 100.

    :param outcomes: all rules of the day that could be evaluated
    """
    found = list(outcomes)
    capped = any(outcome.broken and outcome.severity == "error" for outcome in found)
    by_dimension = {name: _score([item for item in found if item.dimension == name]) for name in DIMENSIONS}
    overall = _score(found)
    if overall is not None and capped:
        overall = min(overall, CAP_WITH_ERROR)
    return {**by_dimension, OVERALL: overall}


def _score(outcomes: list[RuleOutcome]) -> float | None:
    weights = [WEIGHTS[item.severity] * (CRITICAL_FACTOR if item.critical else 1) for item in outcomes]
    if not weights:
        return None
    reached = sum(weight * item.ratio for weight, item in zip(weights, outcomes, strict=True))
    return round(100 * reached / sum(weights), 2)
