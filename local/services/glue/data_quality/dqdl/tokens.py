"""The words of a DQDL document with their positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.services.glue.data_quality.dqdl.errors import DqdlError

STRING, DATE, TIME, NUMBER, NAME, SYMBOL, END = "STRING", "DATE", "TIME", "NUMBER", "NAME", "SYMBOL", "END"

# Order decides between kinds of the same length, as in the grammar: a quoted date is a date, "0.95" is a number.
_PATTERNS = (
    ("COMMENT", r"#[^\n]*\n"),
    ("SPACE", r"[ \t\n]+"),
    (DATE, r'"\d{4}-\d\d-\d\d"'),
    (TIME, r'"(?:\d{1,2}:\d\d (?:AM|PM)|\d\d:\d\d)"'),
    (STRING, r'"(?:\\["\\]|[^"])*?"'),
    ("NOW", r"now\(\)"),
    (NUMBER, r"\d+\.\d+(?![A-Za-z0-9_.])|\d+(?![A-Za-z0-9_.])"),
    (NAME, r"[A-Za-z0-9_.]+"),
    (SYMBOL, r">=|<=|[:,{}\[\]()=><!$+*/-]"),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS), re.S)

# Words of the grammar: a column of that name must be quoted.
RESERVED = frozenset({
    "Rules", "Analyzers", "Metadata", "DataSources", "DefaultLabels", "labels", "with", "where", "matches",
    "days", "hours", "minutes", "B", "KB", "MB", "GB", "TB", "and", "AND", "or", "OR", "of", "OF", "null", "NULL",
    "empty", "EMPTY", "whitespaces_only", "WHITESPACES_ONLY", "between", "in", "not", "now()",
})  # fmt: skip


@dataclass(frozen=True)
class Token:
    """:param text: as written, quotes included.
    :param line: from 1. :param column: from 0.
    """

    kind: str
    text: str
    line: int
    column: int

    @property
    def value(self) -> str:
        """Text without its quotes; escapes stay, as in AWS's parser."""
        return self.text[1:-1] if self.kind in (STRING, DATE, TIME) else self.text

    @property
    def is_identifier(self) -> bool:
        return self.kind == NAME and self.text not in RESERVED

    def error(self, expected: str) -> DqdlError:
        """This token stands where something else must.

        :param expected: what the grammar allows here.
        """
        shown = "<EOF>" if self.kind == END else self.text
        return DqdlError(f"line {self.line}:{self.column} mismatched input '{shown}' expecting {expected}")


def tokens_of(text: str) -> list[Token]:
    """All tokens, an END last.

    :raises DqdlError: a character that begins no token.
    """
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    position, line, line_start = 0, 1, 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position:].split("\n", 1)[0] if text[position] in '"#' else text[position]
            raise DqdlError(f"line {line}:{position - line_start} token recognition error at: {rest!r}")
        kind, word = str(found.lastgroup), found[0]
        if kind not in ("SPACE", "COMMENT"):
            yield Token(NAME if kind == "NOW" else kind, word, line, position - line_start)
        newlines = word.count("\n")
        if newlines:
            line += newlines
            line_start = position + word.rindex("\n") + 1
        position = found.end()
    yield Token(END, "", line, position - line_start)
