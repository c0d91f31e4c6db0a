"""Conditions of rules: ``between 1 and 5``, ``not in ["a", NULL]``, ``> (now() - 3 days)``, ``matches "[a-z]*"``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from local.services.glue.data_quality.dqdl import conditions
from local.services.glue.data_quality.dqdl.conditions import Condition, Duration, Keyword, Moment, Number, Operand, Text
from local.services.glue.data_quality.dqdl.errors import DqdlError
from local.services.glue.data_quality.dqdl.token_stream import TokenStream
from local.services.glue.data_quality.dqdl.tokens import DATE, NAME, NUMBER, STRING, TIME, Token

_COMPARISONS = (">", ">=", "<", "<=", "=")
_KEYWORDS = ("null", "NULL", "empty", "EMPTY", "whitespaces_only", "WHITESPACES_ONLY")
_KINDS: dict[type[Operand], str] = {
    Number: conditions.NUMBER,
    Text: conditions.STRING,
    Moment: conditions.DATE,
    Duration: conditions.DURATION,
}

Variables = Mapping[str, list[Operand]]


class ConditionParser:
    """:param variables: values of the constants declared before."""

    def __init__(self, stream: TokenStream, variables: Variables) -> None:
        self._stream = stream
        self._variables = variables

    def starts(self) -> bool:
        """Whether a condition begins here."""
        return self._stream.sees("not", "!", "between", "in", "matches", *_COMPARISONS)

    def parse(self) -> Condition:
        """:raises DqdlError: not a condition."""
        stream = self._stream
        start = stream.next
        negation = "not " if stream.takes("not") else ""
        if stream.takes("!"):
            stream.require("=")
            return self._made(start, "!=", [self._operand()])
        if stream.takes("between"):
            first = self._operand()
            if not stream.takes("and", "AND"):
                raise stream.next.error("AND")
            return self._made(start, f"{negation}between", [first, self._operand()])
        if stream.takes("in"):
            return self._made(start, f"{negation}in", self._operands())
        if stream.takes("matches"):
            return Condition(conditions.STRING, f"{negation}matches", (self._pattern(),))
        operator = "" if negation else stream.takes(*_COMPARISONS)
        if not operator:
            raise stream.next.error("a condition")
        return self._made(start, operator, [self._operand()])

    def _made(self, start: Token, operator: str, operands: list[Operand]) -> Condition:
        kinds = {_KINDS[type(operand)] for operand in operands if not isinstance(operand, Keyword)}
        if any(isinstance(operand, Keyword) and operand.word != conditions.NULL for operand in operands):
            kinds.add(conditions.STRING)
        if len(kinds) > 1:
            raise DqdlError(
                f"line {start.line}:{start.column} no viable alternative at input '{start.text}': "
                f"operands are of several kinds ({', '.join(sorted(kinds))})"
            )
        kind = kinds.pop() if kinds else conditions.NUMBER
        if kind == conditions.STRING and operator not in ("=", "!=", "in", "not in"):
            raise DqdlError(f"line {start.line}:{start.column} no viable alternative at input '{operator}'")
        # AWS's parser takes escapes out of the strings of a list, and leaves them in elsewhere.
        if operator.endswith("in"):
            operands = [Text(_unescaped(item.value)) if isinstance(item, Text) else item for item in operands]
        return Condition(kind, operator, tuple(operands))

    def _operands(self) -> list[Operand]:
        if self._stream.sees("$"):
            return list(self.variable())
        return self._stream.list_of(self._operand)

    def _pattern(self) -> Text:
        return Text(self._stream.require_string().value)

    def variable(self) -> list[Operand]:
        """``$name``.

        :raises DqdlError: not declared.
        """
        self._stream.require("$")
        name = self._stream.take()
        if name.kind != NAME:
            raise name.error("IDENTIFIER")
        if name.text not in self._variables:
            raise DqdlError(f"Variable '{name.text}' is not defined")
        return self._variables[name.text]

    def _operand(self) -> Operand:
        stream, token = self._stream, self._stream.next
        if token.kind == STRING:
            return Text(stream.take().value)
        if token.kind == DATE:
            return _date(stream.take())
        if token.kind == TIME:
            return _time(stream.take())
        if stream.sees(*_KEYWORDS):
            return Keyword(stream.take().text.upper())
        if stream.sees("$"):
            values = self.variable()
            if len(values) != 1:
                raise token.error("a variable with one value")
            return values[0]
        if stream.sees("now()") or (stream.sees("(") and stream.after().text == "now()"):
            return self._moment()
        if token.kind == NUMBER and stream.after().text in ("days", "hours", "minutes"):
            return self._duration()
        return self._number()

    def _moment(self) -> Moment:
        stream = self._stream
        if stream.takes("now()"):
            return Moment("now()")
        stream.require("(")
        stream.require("now()")
        sign = stream.takes("+", "-")
        if not sign:
            raise stream.next.error("{'+', '-'}")
        duration = self._duration()
        stream.require(")")
        minutes = duration.minutes if sign == "+" else -duration.minutes
        return Moment(f"(now() {sign} {duration})", offset_minutes=minutes)

    def _duration(self) -> Duration:
        amount = self._stream.take()
        if amount.kind != NUMBER or not amount.text.isdigit():
            raise amount.error("INT")
        unit = self._stream.takes("days", "hours", "minutes")
        if not unit:
            raise self._stream.next.error("{'days', 'hours', 'minutes'}")
        return Duration(int(amount.text), unit)

    # Numbers: + and - after * and /, as AWS evaluates them from the left

    def _number(self) -> Number:
        left = self._factor()
        while self._stream.sees("+", "-", "*", "/"):
            operator = self._stream.take()
            right = self._factor()
            if operator.text == "/" and right.value == 0:
                raise DqdlError(f"line {operator.line}:{operator.column} division by zero")
            left = Number(f"{left} {operator.text} {right}", _calculated(left.value, operator.text, right.value))
        return left

    def _factor(self) -> Number:
        stream, token = self._stream, self._stream.next
        if stream.takes("("):
            inner = self._number()
            stream.require(")")
            return Number(f"({inner})", inner.value)
        if token.is_identifier and stream.after().text == "(":
            raise DqdlError(
                f"line {token.line}:{token.column} dynamic rules ({token.text}(...)) are supported in AWS Glue ETL only"
            )
        sign = stream.takes("-")
        digits = stream.take()
        if digits.kind != NUMBER:
            raise digits.error("a number, a string, a date or a keyword")
        return Number(sign + digits.text, float(sign + digits.text))


def _calculated(left: float, operator: str, right: float) -> float:
    if operator == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _date(token: Token) -> Moment:
    try:
        return Moment(token.text, date=dt.date.fromisoformat(token.value))
    except ValueError as error:
        raise DqdlError(f"Error Parsing Date: {token.value}. {error}.") from error


def _time(token: Token) -> Moment:
    """A time of today; what is compared is the day."""
    pattern = "%I:%M %p" if token.value.endswith("M") else "%H:%M"
    try:
        dt.datetime.strptime(token.value, pattern).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise DqdlError(f"Error Parsing Date: {token.value}. {error}.") from error
    return Moment(token.text)


def _unescaped(text: str) -> str:
    result, escaped = "", False
    for character in text:
        if character == "\\" and not escaped:
            escaped = True
            continue
        result += character
        escaped = False
    return result
