"""What a rule demands of its measure: an operator and operands of one kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

NUMBER, STRING, DATE, DURATION, SIZE = "number", "string", "date", "duration", "size"
NULL, EMPTY, WHITESPACES_ONLY = "NULL", "EMPTY", "WHITESPACES_ONLY"


@dataclass(frozen=True)
class Number:
    """:param text: as written; arithmetic of constants included. :param value: what it is."""

    text: str
    value: float

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Text:
    """A quoted string."""

    value: str

    def __str__(self) -> str:
        return f'"{self.value}"'


@dataclass(frozen=True)
class Keyword:
    """NULL, EMPTY or WHITESPACES_ONLY."""

    word: str

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Duration:
    """:param unit: days, hours or minutes."""

    amount: int
    unit: str

    @property
    def minutes(self) -> int:
        return self.amount * {"days": 1440, "hours": 60, "minutes": 1}[self.unit]

    @property
    def in_hours(self) -> float:
        """Hours as AWS compares them: minutes to four digits."""
        return round(self.minutes / 60, 4)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


@dataclass(frozen=True)
class Moment:
    """A quoted date, or ``now()`` with an offset; a quoted time of day is one of today.

    :param text: as AWS writes it.
    :param date: of a quoted date.
    :param offset_minutes: of ``now()``.
    """

    text: str
    date: dt.date | None = None
    offset_minutes: int = 0

    def day(self, now: dt.datetime) -> dt.date:
        """The day that values are compared with.

        :param now: in UTC.
        """
        if self.date is not None:
            return self.date
        return (now + dt.timedelta(minutes=self.offset_minutes)).date()

    def __str__(self) -> str:
        return self.text


Operand = Number | Text | Keyword | Duration | Moment


@dataclass(frozen=True)
class Condition:
    """:param operator: ``>``, ``not between``, ``in``, ``matches`` ...
    :param operands: two of ``between``, any number of ``in``, else one.
    """

    kind: str
    operator: str
    operands: tuple[Operand, ...]

    @property
    def numbers(self) -> list[float]:
        return [operand.value for operand in self.operands if isinstance(operand, Number)]

    @property
    def has_null(self) -> bool:
        return Keyword(NULL) in self.operands

    def holds(self, measure: float) -> bool:
        """Whether a measure satisfies a condition on numbers. ``between`` leaves its bounds out, as documented."""
        return _holds(self.operator, measure, self.numbers)

    def __str__(self) -> str:
        texts = [str(operand) for operand in self.operands]
        if self.operator.endswith("between"):
            return f"{self.operator} {texts[0]} and {texts[1]}"
        if self.operator.endswith("in"):
            return f"{self.operator} [{','.join(texts)}]"
        return f"{self.operator} {texts[0]}"


def _holds(operator: str, measure: float, numbers: Sequence[float]) -> bool:
    first, last = numbers[0], numbers[-1]
    if operator.startswith("not "):
        return not _holds(operator.removeprefix("not "), measure, numbers)
    results = {
        "between": first < measure < last,
        ">": measure > first,
        ">=": measure >= first,
        "<": measure < first,
        "<=": measure <= first,
        "=": measure == first,
        "!=": measure != first,
        "in": measure in numbers,
    }
    return results[operator]
