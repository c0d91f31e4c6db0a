"""Is a day's volume out of the ordinary? Compared with the same weekday of the weeks before.

Retail and travel have weeks: a detector over all days misses a halved Saturday and calls every Sunday an anomaly. On
the same weekday, the median absolute deviation (MAD) finds half a day lost and is quiet otherwise (docs/quality.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# With fewer earlier days nothing is said: their spread is not known yet.
LEAST_HISTORY = 4
# Scales the MAD of a normal distribution to its standard deviation.
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Verdict:
    """What the comparison says.

    :param known: False when there is too little history to say anything
    :param unusual: whether the value lies outside the bounds
    :param low: smallest ordinary value
    :param high: largest ordinary value
    """

    known: bool
    unusual: bool
    low: float
    high: float


def compare(value: float, history: Sequence[float], *, tolerance: float, floor_percent: float) -> Verdict:
    """Compare a value with earlier ones. The value itself must not be among them.

    :param value: for example rows of the day
    :param history: values of the same weekday, any order
    :param tolerance: how many robust standard deviations are ordinary
    :param floor_percent: share of the median (0 to 100) that is ordinary even when earlier values were all alike
    """
    if len(history) < LEAST_HISTORY:
        return Verdict(known=False, unusual=False, low=0, high=0)
    middle = median(history)
    spread = _MAD_TO_SIGMA * median(abs(earlier - middle) for earlier in history)
    margin = max(tolerance * spread, middle * floor_percent / 100)
    low, high = max(0.0, middle - margin), middle + margin
    return Verdict(known=True, unusual=not low <= value <= high, low=low, high=high)
