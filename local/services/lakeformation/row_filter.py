"""Row filter expressions: the subset of PartiQL that data cells filters allow, checked and turned into SQL.

Source: "PartiQL support in row filter expressions" in the Lake Formation developer guide. Columns are compared with
constants only; there are no functions and no arithmetic, and dates, timestamps, arrays and maps are not supported.
The SQL is built from the parsed expression, never copied from the caller's text, so nothing else can get through to an
engine.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from local.errors import AwsError

MAXIMUM_LENGTH = 2048

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*')
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<quoted>"(?:[^"]|"")+")
      | (?P<word>[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)*)
      | (?P<operator><>|!=|<=|>=|=|<|>)
      | (?P<punctuation>[(),])
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "IS", "NULL", "TRUE", "FALSE"})
_STRING_TYPES = frozenset({"string", "char", "varchar"})
_NUMBER_TYPES = frozenset(
    {"tinyint", "smallint", "int", "integer", "long", "bigint", "float", "real", "double", "decimal"}
)
_MAXIMUM_DEPTH = 50


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def keyword(self) -> str:
        """Upper-cased keyword, empty for anything else."""
        return self.text.upper() if self.kind == "word" and self.text.upper() in _KEYWORDS else ""


_END = _Token("end", "end of the expression")


def row_filter_sql(expression: str, columns: Mapping[str, str], partition_columns: Collection[str] = ()) -> str:
    """Check a row filter against its table and return it as a SQL predicate with quoted column names.

    :param expression: PartiQL text of at most 2048 characters
    :param columns: lower-cased column names and their Hive types
    :param partition_columns: lower-cased names of partition columns (IS NULL is not allowed on them)
    :raises AwsError: InvalidInputException with the place that is wrong
    """
    if len(expression) > MAXIMUM_LENGTH:
        raise _invalid(f"it is longer than {MAXIMUM_LENGTH} characters")
    return _Parser(_tokens(expression), columns, partition_columns).parse()


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidInputException", f"Invalid row filter expression: {reason}.")


def _tokens(expression: str) -> list[_Token]:
    tokens, position = [], 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _invalid(f"unexpected {text[position:].strip()[:20]!r}")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent: ``or := and (OR and)*``, ``and := not (AND not)*``, ``not := NOT not | (or) | predicate``."""

    def __init__(self, tokens: list[_Token], columns: Mapping[str, str], partition_columns: Collection[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._columns = columns
        self._partition_columns = partition_columns

    def parse(self) -> str:
        sql = self._disjunction()
        if self._peek() is not _END:
            raise _invalid(f"unexpected {self._peek().text!r} after a complete condition")
        return sql

    def _disjunction(self) -> str:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"

    def _conjunction(self) -> str:
        parts = [self._negation()]
        while self._take("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else "(" + " AND ".join(parts) + ")"

    def _negation(self) -> str:
        self._depth += 1
        if self._depth > _MAXIMUM_DEPTH:
            raise _invalid(f"it is nested deeper than {_MAXIMUM_DEPTH} levels")
        try:
            if self._take("NOT"):
                return f"(NOT {self._negation()})"
            if self._take_text("("):
                inner = self._disjunction()
                self._expect(")")
                return inner
            return self._predicate()
        finally:
            self._depth -= 1

    def _predicate(self) -> str:
        column, hive_type = self._column()
        token = self._next()
        if token.kind == "operator":
            operator = "<>" if token.text == "!=" else token.text
            return f"({column} {operator} {self._constant(hive_type)})"
        if token.keyword == "IS":
            return self._null_test(column)
        negation = "NOT " if token.keyword == "NOT" else ""
        word = self._next().keyword if negation else token.keyword
        if word == "BETWEEN":
            low = self._constant(hive_type)
            self._expect("AND")
            return f"({column} {negation}BETWEEN {low} AND {self._constant(hive_type)})"
        if word == "IN":
            return f"({column} {negation}IN ({self._constants(hive_type)}))"
        if word == "LIKE":
            if hive_type not in _STRING_TYPES:
                raise _invalid(f"LIKE needs a text column, {column} is {hive_type}")
            return f"({column} {negation}LIKE {self._constant(hive_type)})"
        raise _invalid(f"expected a comparison operator after {column}, found {token.text!r}")

    def _null_test(self, column: str) -> str:
        negation = "NOT " if self._take("NOT") else ""
        if not self._take("NULL"):
            raise _invalid(f"expected NULL after IS, found {self._peek().text!r}")
        if column.strip('"') in self._partition_columns:
            raise _invalid(f"IS NULL is not supported on the partition column {column}")
        return f"({column} IS {negation}NULL)"

    def _column(self) -> tuple[str, str]:
        token = self._next()
        if token.kind not in ("word", "quoted") or token.keyword:
            raise _invalid(f"expected a column name, found {token.text!r}")
        name = (token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text).lower()
        top, *nested = [name] if token.kind == "quoted" else name.split(".")
        if top not in self._columns:
            raise _invalid(f"column {top!r} does not exist in the table")
        hive_type = _type_of(self._columns[top], nested)
        if hive_type is None:
            raise _invalid(f"column {name!r} has a data type that row filters do not support")
        return ".".join('"' + part.replace('"', '""') + '"' for part in (top, *nested)), hive_type

    def _constants(self, hive_type: str) -> str:
        self._expect("(")
        values = [self._constant(hive_type)]
        while self._take_text(","):
            values.append(self._constant(hive_type))
        self._expect(")")
        return ", ".join(values)

    def _constant(self, hive_type: str) -> str:
        token = self._next()
        if token.kind == "number":
            return self._checked(token.text, hive_type, _NUMBER_TYPES)
        if token.kind == "string":
            return self._checked(token.text, hive_type, _STRING_TYPES)
        if token.keyword in ("TRUE", "FALSE"):
            return self._checked(token.keyword, hive_type, frozenset({"boolean"}))
        raise _invalid(f"expected a constant, found {token.text!r} (columns and functions are not allowed there)")

    def _checked(self, sql: str, hive_type: str, types: Collection[str]) -> str:
        if hive_type not in types:
            raise _invalid(f"{sql} does not match the column's data type {hive_type}")
        return sql

    def _peek(self) -> _Token:
        return self._tokens[self._position] if self._position < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._position += 1
        return token

    def _take(self, keyword: str) -> bool:
        found = self._peek().keyword == keyword
        self._position += found
        return found

    def _take_text(self, text: str) -> bool:
        found = self._peek().text == text and self._peek().kind == "punctuation"
        self._position += found
        return found

    def _expect(self, wanted: str) -> None:
        if not (self._take_text(wanted) or self._take(wanted)):
            raise _invalid(f"expected {wanted!r}, found {self._peek().text!r}")


def _type_of(hive_type: str, path: list[str]) -> str | None:
    """Simple type of a column or of a field of a struct; None when row filters do not support it."""
    if path:
        return _type_of(_struct_fields(hive_type).get(path[0], ""), path[1:])
    simple = re.split(r"[(<]", hive_type, maxsplit=1)[0].strip()
    return simple if simple in _STRING_TYPES | _NUMBER_TYPES | {"boolean"} else None


def _struct_fields(hive_type: str) -> dict[str, str]:
    """``struct<a:int,b:struct<c:string>>`` -> its fields; empty for anything that is no struct."""
    if not (hive_type.startswith("struct<") and hive_type.endswith(">")):
        return {}
    fields, depth, start = {}, 0, 0
    body = hive_type[len("struct<") : -1] + ","
    for position, character in enumerate(body):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, _, field_type = body[start:position].partition(":")
            fields[name.strip().lower()] = field_type.strip()
            start = position + 1
    return fields
