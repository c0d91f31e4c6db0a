"""Takes the clauses out of DDL that only Redshift has, and keeps them as attributes of the table.

Works on tokens, because no parser knows all of these clauses. Keys are taken out too: Redshift records PRIMARY KEY,
UNIQUE and FOREIGN KEY but does not enforce them, so duplicates must load here as they do there. NOT NULL stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.services.redshift.translation.dialect import RedshiftSql

_IDENTITY = re.compile(
    r"(?P<generated>\bAS\s+)?\bIDENTITY\s*\(\s*(?P<seed>-?\d+)\s*,\s*(?P<step>-?\d+)\s*\)", re.IGNORECASE
)
_KEY_WORDS = ("PRIMARY", "PRIMARY KEY", "UNIQUE", "FOREIGN", "FOREIGN KEY", "CONSTRAINT")
_COLLATIONS = ("CASE_SENSITIVE", "CASE_INSENSITIVE", "CS", "CI")


@dataclass
class TableAttributes:
    """Redshift's own attributes of a table or view, as written."""

    diststyle: str | None = None
    distkey: str | None = None
    sortkeys: list[str] = field(default_factory=list)
    sortstyle: str | None = None
    encodings: dict[str, str] = field(default_factory=dict)
    primary_key: list[str] = field(default_factory=list)
    uniques: list[list[str]] = field(default_factory=list)
    foreign_keys: list[dict[str, Any]] = field(default_factory=list)
    auto_refresh: bool = False
    late_binding: bool = False

    def stored(self) -> dict[str, Any]:
        """What ``redshift_set_table`` keeps."""
        names = ("diststyle", "distkey", "sortkeys", "sortstyle", "encodings", "primary_key", "uniques", "foreign_keys")
        return {name: getattr(self, name) for name in names}


def take_clauses(sql: str) -> tuple[str, TableAttributes]:
    """Give the statement without Redshift's clauses, and the attributes they meant."""
    scanner = _Scanner(sql)
    scanner.scan()
    attributes = scanner.attributes
    if attributes.distkey and not attributes.diststyle:
        attributes.diststyle = "KEY"
    return _IDENTITY.sub(_postgres_identity, scanner.remaining()), attributes


def _postgres_identity(match: re.Match[str]) -> str:
    generated = "AS " if match["generated"] else "GENERATED ALWAYS AS "
    seed, step = match["seed"], match["step"]
    bound = "MINVALUE" if int(step) > 0 else "MAXVALUE"
    return f"{generated}IDENTITY (START WITH {seed} INCREMENT BY {step} {bound} {seed})"


class _Scanner:
    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = RedshiftSql().tokenize(sql)
        self.text = [sql[token.start : token.end + 1] for token in self.tokens]
        self.upper = [text.upper() for text in self.text] + ["", "", "", ""]
        self.keep = [True] * len(self.tokens)
        self.attributes = TableAttributes()
        self.column = ""
        self.depth = 0
        self.position = 0
        self._table_clauses: dict[str, Callable[[int], int]] = {
            "DISTSTYLE": self._diststyle,
            "DISTKEY": self._distkey,
            "SORTKEY": self._sortkey,
            "COMPOUND": self._sortstyle,
            "INTERLEAVED": self._sortstyle,
            "BACKUP": self._backup,
            "AUTO": self._auto_refresh,
            "ENCODE": self._encode,
        }
        self._column_clauses: dict[str, Callable[[int], int]] = {
            "PRIMARY": self._column_primary_key,
            "PRIMARY KEY": self._column_primary_key,
            "UNIQUE": self._column_unique,
            "REFERENCES": self._column_references,
            "COLLATE": self._collate,
        }

    def scan(self) -> None:
        query_started = column_starts = False
        while self.position < len(self.tokens):
            at, word = self.position, self.upper[self.position]
            self.position = at + 1
            if query_started:
                self._no_schema_binding(at)
            elif word == "(":
                self.depth += 1
                column_starts = self.depth == 1
            elif word == ")":
                self.depth -= 1
            elif word == "," and self.depth == 1:
                column_starts = True
            elif self.depth == 1 and column_starts:
                column_starts = False
                self._start_of_column(at)
            elif word == "AS" and self.depth == 0:
                query_started = True
            else:
                self._clause(at)

    def remaining(self) -> str:
        pieces, end = [], 0
        for token, kept in zip(self.tokens, self.keep, strict=True):
            if not kept:
                pieces.append(self.sql[end : token.start])
                end = token.end + 1
        return "".join(pieces) + self.sql[end:]

    def _clause(self, at: int) -> None:
        word = self.upper[at]
        handler = self._table_clauses.get(word)
        if handler is None and self.depth == 1:
            handler = self._column_clauses.get(word)
        if handler is None:
            return
        end = handler(at)
        if end > at:
            self._drop(at, end)

    def _drop(self, start: int, end: int) -> None:
        for index in range(start, end):
            self.keep[index] = False
        self.position = end

    def _names(self, opening: int) -> tuple[list[str], int]:
        """Read ``(a, b)``; give the names and the index after the closing parenthesis."""
        names: list[str] = []
        depth, at = 0, opening
        while at < len(self.tokens):
            word = self.upper[at]
            if word == "(":
                depth += 1
            elif word == ")":
                depth -= 1
                if depth == 0:
                    return names, at + 1
            elif word != ",":
                names.append(self.text[at].strip('"').lower())
            at += 1
        return names, at

    def _reference(self, at: int) -> tuple[str, int]:
        """Read ``REFERENCES table [(columns)]`` from the word after REFERENCES."""
        end = at
        while end < len(self.tokens) and self.upper[end] not in (",", ")", "("):
            end += 1
        table = "".join(self.text[at:end])
        if self.upper[end] == "(":
            _, end = self._names(end)
        return table, end

    def _no_schema_binding(self, at: int) -> None:
        if self.upper[at : at + 4] == ["WITH", "NO", "SCHEMA", "BINDING"]:
            self.attributes.late_binding = True
            self._drop(at, at + 4)

    def _start_of_column(self, at: int) -> None:
        if self.upper[at] in _KEY_WORDS:
            self._table_key(at)
        else:
            self.column = self.text[at].strip('"').lower()

    def _table_key(self, at: int) -> None:
        kind_at = at + (2 if self.upper[at] == "CONSTRAINT" else 0)
        opening = kind_at
        while self.upper[opening] not in ("(", ""):
            opening += 1
        names, end = self._names(opening)
        kind = self.upper[kind_at]
        if kind.startswith("PRIMARY"):
            self.attributes.primary_key = names
        elif kind == "UNIQUE":
            self.attributes.uniques.append(names)
        elif self.upper[end] == "REFERENCES":
            table, end = self._reference(end + 1)
            self.attributes.foreign_keys.append({"columns": names, "references": table})
        start = at - 1 if self.upper[at - 1] == "," else at
        self._drop(start, end)

    def _diststyle(self, at: int) -> int:
        self.attributes.diststyle = self.upper[at + 1]
        return at + 2

    def _distkey(self, at: int) -> int:
        if self.upper[at + 1] == "(":
            names, end = self._names(at + 1)
            self.attributes.distkey = names[0]
            return end
        self.attributes.distkey = self.column
        return at + 1

    def _sortstyle(self, at: int) -> int:
        if self.upper[at + 1] != "SORTKEY":
            return at
        self.attributes.sortstyle = self.upper[at].lower()
        return at + 1

    def _sortkey(self, at: int) -> int:
        if self.upper[at + 1] == "(":
            self.attributes.sortkeys, end = self._names(at + 1)
            return end
        if self.upper[at + 1] == "AUTO":
            self.attributes.sortstyle = "auto"
            return at + 2
        self.attributes.sortkeys = [self.column]
        return at + 1

    def _backup(self, at: int) -> int:
        return at + 2 if self.upper[at + 1] in ("YES", "NO") else at

    def _auto_refresh(self, at: int) -> int:
        if self.upper[at + 1] != "REFRESH":
            return at
        self.attributes.auto_refresh = self.upper[at + 2] == "YES"
        return at + 3

    def _encode(self, at: int) -> int:
        if self.depth == 1:
            self.attributes.encodings[self.column] = self.text[at + 1].lower()
        return at + 2

    def _column_primary_key(self, at: int) -> int:
        self.attributes.primary_key = [self.column]
        return at + (1 if self.upper[at] == "PRIMARY KEY" else 2)

    def _column_unique(self, at: int) -> int:
        self.attributes.uniques.append([self.column])
        return at + 1

    def _column_references(self, at: int) -> int:
        table, end = self._reference(at + 1)
        self.attributes.foreign_keys.append({"columns": [self.column], "references": table})
        return end

    def _collate(self, at: int) -> int:
        return at + 2 if self.upper[at + 1] in _COLLATIONS else at
