"""What became of a rule, and numbers in AWS's spelling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.services.glue.data_quality.dqdl.conditions import Condition

PASS, FAIL, ERROR = "PASS", "FAIL", "ERROR"


@dataclass(frozen=True)
class Outcome:
    """:param message: why it did not pass; "" when there is nothing to say.
    :param metrics: name in AWS's spelling (``Column.price.Completeness``) -> value.
    """

    result: str
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


class Unmeasurable(Exception):
    """A measure that this data does not have: the rule fails with the message."""


def number_text(value: float) -> str:
    """A number as AWS's messages show it: ``9.0``, ``1.2E7``, ``NaN``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return f"{value:.16f}".rstrip("0") if "e" in repr(value) else repr(float(value))
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        sign, digits = ("-", mantissa[1:]) if value < 0 else ("", mantissa)
        whole, _, fraction = digits.partition(".")
        if whole != "0":
            exponent = str(len(whole) - 1)
            digits = whole + (fraction if fraction != "0" else "")
        else:
            stripped = fraction.lstrip("0")
            exponent = str(-(len(fraction) - len(stripped) + 1))
            digits = stripped
        mantissa = f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}"
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


def unmet(value: float) -> str:
    """AWS's sentence about a measure that does not satisfy its condition."""
    return f"Value: {number_text(value)} does not meet the constraint requirement!"


NULL_UNMET = "Value: NULL does not meet the constraint requirement!"


def judged(condition: Condition, measure: float, metrics: Mapping[str, float]) -> Outcome:
    """Compare one measure with a rule's condition."""
    if condition.holds(measure):
        return Outcome(PASS, metrics=metrics)
    return Outcome(FAIL, unmet(measure), metrics)


def from_complaints(complaints: Sequence[str], metrics: Mapping[str, float]) -> Outcome:
    """Several checks of one rule: it passes when none complains."""
    return Outcome(FAIL if complaints else PASS, "\n".join(complaints), metrics)


def compliance(ratio: float, threshold: Condition | None, metrics: Mapping[str, float]) -> Outcome:
    """Judge the share of rows that pass: all of them must, unless there is a threshold."""
    passed = threshold.holds(ratio) if threshold is not None else ratio == 1.0
    return Outcome(PASS if passed else FAIL, "" if passed else unmet(ratio), metrics)
