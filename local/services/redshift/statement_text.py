"""Reads statement text without parsing it: strings, comments and code, and the words a statement starts with."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Redshift reads \ as an escape inside string literals.
_PIECES = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"""
    r"""|(?P<comment>--[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)
_TEMPORARY = re.compile(r"(?<![\w#])#([A-Za-z_]\w*)")
_CREATE_TEMPORARY = re.compile(r"^(\s*CREATE\s+)(TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?#)", re.IGNORECASE)

TEMPORARY_PREFIX = "_tmp_"


def pieces(sql: str) -> Iterator[tuple[str, str]]:
    """Yield ``(kind, text)``; the kinds are code, string, quoted, dollar and comment."""
    end = 0
    for match in _PIECES.finditer(sql):
        if match.start() > end:
            yield "code", sql[end : match.start()]
        yield next(k for k in ("string", "quoted", "dollar", "comment") if match[k] is not None), match[0]
        end = match.end()
    if end < len(sql):
        yield "code", sql[end:]


def statements_in(sql: str) -> list[str]:
    """Split at semicolons outside of strings; statements that are only comments are left out."""
    found, current, has_code = [], "", False
    for kind, text in pieces(sql):
        if kind == "code":
            *finished, rest = text.split(";")
            for part in finished:
                if has_code or part.strip():
                    found.append((current + part).strip())
                current, has_code = "", False
            current, has_code = current + rest, has_code or bool(rest.strip())
        else:
            current, has_code = current + text, has_code or kind != "comment"
    if has_code:
        found.append(current.strip())
    return found


def without_comments(sql: str) -> str:
    return "".join(" " if kind == "comment" else text for kind, text in pieces(sql)).strip()


def without_literals(sql: str, quoted: str | None = None) -> str:
    """The statement's code alone: strings become '' and comments blanks, so that words can be searched safely.

    :param quoted: what stands for a quoted name; None = the name itself
    """
    blank = {"string": "''", "comment": " ", "dollar": "''"} | ({"quoted": quoted} if quoted else {})
    return "".join(blank.get(kind, text) for kind, text in pieces(sql))


def rename_temporary_tables(sql: str) -> str:
    """``#name`` is a temporary table in Redshift; PostgreSQL gets ``_tmp_name``.

    A prefix and not the bare name: a transaction may read ``orders`` and ``#orders`` together.
    """
    sql = _CREATE_TEMPORARY.sub(r"\1TEMP \2", sql)
    return "".join(
        _TEMPORARY.sub(rf"{TEMPORARY_PREFIX}\1", text) if kind == "code" else text for kind, text in pieces(sql)
    )


def first_words(sql: str, count: int = 4) -> list[str]:
    """The first words in upper case, without comments."""
    return [word.upper() for word in re.findall(r"[A-Za-z_]\w*", without_literals(sql)[:400])[:count]]


def unquote(literal: str) -> str:
    """The value of a string literal with its quotes."""
    if literal.startswith("$"):
        return re.sub(r"^\$\w*\$|\$\w*\$$", "", literal)
    body = literal[1:-1].replace("''", "'")
    return re.sub(r"\\(['\\])", r"\1", body)
