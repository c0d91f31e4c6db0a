"""A statement as the handlers see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.services.redshift.errors import RedshiftError
from local.services.redshift.statement_text import first_words, rename_temporary_tables, statements_in, without_comments


@dataclass(frozen=True)
class Statement:
    """:param text: without comments and final semicolon; #temporary tables are renamed.
    :param words: the first words in upper case, without OR REPLACE and TEMP.
    """

    text: str
    words: tuple[str, ...]

    def match(self, pattern: str, what: str) -> re.Match[str]:
        """Match the whole statement, or fail as a parser would.

        :raises RedshiftError: a syntax error
        """
        found = re.match(pattern + r"\s*\Z", self.text, re.IGNORECASE | re.DOTALL)
        if found is None:
            raise RedshiftError(f"syntax error in {what}", hint=f"the statement reads: {self.text[:200]}")
        return found


def read_statement(sql: str) -> Statement:
    """Read exactly one statement.

    :raises RedshiftError: none, or several
    """
    found = statements_in(sql)
    if not found:
        raise RedshiftError("the statement is empty: nothing but blanks and comments")
    if len(found) > 1:
        raise RedshiftError("cannot insert multiple commands into a prepared statement")
    text = rename_temporary_tables(without_comments(found[0]))
    words = [word for word in first_words(text, 8) if word not in ("OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL")]
    return Statement(text, tuple(words[:4]))
