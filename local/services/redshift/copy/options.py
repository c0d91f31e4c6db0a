"""Reads the parameters of COPY and UNLOAD."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from local.services.redshift.errors import RedshiftError
from local.services.redshift.statement_text import unquote

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.|'')*')|(?P<word>[A-Za-z_]\w*)|(?P<number>\d+)|(?P<mark>[(),=]))", re.DOTALL
)
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\0": "\0"}
COLUMNAR = ("PARQUET", "ORC")
_REFUSED = {
    "FIXEDWIDTH": "FIXEDWIDTH",
    "SHAPEFILE": "SHAPEFILE",
    "ENCRYPTED": "client-side encryption",
    "SSH": "COPY over SSH",
    "LZOP": "LZOP compression",
    "ORC": "ORC files",
    "AVRO": "AVRO files",
}


class Tokens:
    """The words of an option list, read from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        end = 0
        text = text.rstrip()
        while end < len(text):
            match = _TOKEN.match(text, end)
            if match is None:
                raise RedshiftError(f'syntax error at or near "{text[end : end + 20].strip()}"')
            self._tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            end = match.end()
        self._at = 0

    def next_word(self) -> str | None:
        """The next word in upper case; None at the end.

        :raises RedshiftError: something else stands there
        """
        if self._at >= len(self._tokens):
            return None
        kind, text = self._tokens[self._at]
        if kind != "word":
            raise RedshiftError(f'syntax error at or near "{text}"')
        self._at += 1
        return text.upper()

    def skip(self, *words: str) -> bool:
        """Step over one of these words or marks if it stands here."""
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() in words:
            self._at += 1
            return True
        return False

    def peek_string(self) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][0] == "string"

    def string(self, option: str) -> str:
        self.skip("AS")
        if not self.peek_string():
            raise RedshiftError(f"syntax error: {option} needs a quoted value")
        self._at += 1
        return unquote(self._tokens[self._at - 1][1])

    def number(self, option: str) -> int:
        self.skip("AS")
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind != "number":
            raise RedshiftError(f"syntax error: {option} needs a number")
        self._at += 1
        return int(text)

    def switch(self) -> bool:
        """Read ON, OFF, TRUE, FALSE, PRESET or nothing (= on)."""
        if self.skip("OFF", "FALSE"):
            return False
        self.skip("ON", "TRUE", "PRESET")
        return True

    def names(self) -> list[str]:
        """Read ``(a, b)``."""
        if not self.skip("("):
            raise RedshiftError("syntax error: a list of columns in parentheses is expected")
        names = []
        while not self.skip(")"):
            word = self.next_word()
            if word is None:
                raise RedshiftError("syntax error: a closing parenthesis is missing")
            names.append(word.lower())
            self.skip(",")
        return names


@dataclass
class CopyOptions:
    """Parameters of COPY with Redshift's defaults (dg/r_COPY).

    :param iam_role: ARN, or None for ``IAM_ROLE default``.
    :param null_as: text that means NULL.
    :param max_errors: bad rows that are skipped before the load fails.
    """

    iam_role: str | None = None
    authorized: bool = False
    format: str = "DELIMITED"
    delimiter: str | None = None
    quote: str = '"'
    json_paths: str = "auto"
    compression: str | None = None
    manifest: bool = False
    ignore_header: int = 0
    null_as: str | None = None
    empty_as_null: bool = False
    blanks_as_null: bool = False
    date_format: str | None = None
    time_format: str | None = None
    max_errors: int = 0
    truncate_columns: bool = False
    fill_record: bool = False
    replace_invalid_characters: str | None = None
    ignore_blank_lines: bool = False
    trim_blanks: bool = False
    escape: bool = False
    remove_quotes: bool = False
    explicit_ids: bool = False
    update_statistics: bool | None = None
    load_nothing: bool = False
    given: set[str] = field(default_factory=set)

    @property
    def separator(self) -> str:
        return self.delimiter or ("," if self.format == "CSV" else "|")


def _compression(options: CopyOptions, name: str) -> None:
    if options.compression:
        raise RedshiftError("conflicting or redundant options: only one compression can be given")
    options.compression = name


_READERS: dict[str, Callable[[CopyOptions, Tokens], object]] = {
    "REGION": lambda o, t: t.string("REGION"),
    "CSV": lambda o, t: setattr(o, "format", "CSV"),
    "QUOTE": lambda o, t: setattr(o, "quote", t.string("QUOTE")),
    "DELIMITER": lambda o, t: setattr(o, "delimiter", _unescaped(t.string("DELIMITER"))),
    "PARQUET": lambda o, t: setattr(o, "format", "PARQUET"),
    "JSON": lambda o, t: _json(o, t),
    "GZIP": lambda o, t: _compression(o, "gzip"),
    "BZIP2": lambda o, t: _compression(o, "bzip2"),
    "ZSTD": lambda o, t: _compression(o, "zstd"),
    "MANIFEST": lambda o, t: setattr(o, "manifest", True),
    "IGNOREHEADER": lambda o, t: setattr(o, "ignore_header", t.number("IGNOREHEADER")),
    "NULL": lambda o, t: setattr(o, "null_as", t.string("NULL AS")),
    "EMPTYASNULL": lambda o, t: setattr(o, "empty_as_null", True),
    "BLANKSASNULL": lambda o, t: setattr(o, "blanks_as_null", True),
    "DATEFORMAT": lambda o, t: setattr(o, "date_format", t.string("DATEFORMAT")),
    "TIMEFORMAT": lambda o, t: setattr(o, "time_format", t.string("TIMEFORMAT")),
    "MAXERROR": lambda o, t: setattr(o, "max_errors", t.number("MAXERROR")),
    "TRUNCATECOLUMNS": lambda o, t: setattr(o, "truncate_columns", True),
    "FILLRECORD": lambda o, t: setattr(o, "fill_record", True),
    "ACCEPTINVCHARS": lambda o, t: _invalid_characters(o, t),
    "ACCEPTANYDATE": lambda o, t: None,
    "IGNOREBLANKLINES": lambda o, t: setattr(o, "ignore_blank_lines", True),
    "TRIMBLANKS": lambda o, t: setattr(o, "trim_blanks", True),
    "ESCAPE": lambda o, t: setattr(o, "escape", True),
    "REMOVEQUOTES": lambda o, t: setattr(o, "remove_quotes", True),
    "ROUNDEC": lambda o, t: None,
    "EXPLICIT_IDS": lambda o, t: setattr(o, "explicit_ids", True),
    "COMPUPDATE": lambda o, t: t.switch(),
    "STATUPDATE": lambda o, t: setattr(o, "update_statistics", t.switch()),
    "COMPROWS": lambda o, t: t.number("COMPROWS"),
    "NOLOAD": lambda o, t: setattr(o, "load_nothing", True),
    "ENCODING": lambda o, t: _encoding(t),
    "SERIALIZETOJSON": lambda o, t: None,
    "IAM_ROLE": lambda o, t: _iam_role(o, t),
    "CREDENTIALS": lambda o, t: _credentials(o, t),
    "WITH": lambda o, t: None,
    "ACCESS_KEY_ID": lambda o, t: _keys(),
}
# dg/copy-usage_notes-copy-from-columnar: the parameters that columnar formats take
_WITH_COLUMNAR = frozenset(
    {"FORMAT", "PARQUET", "IAM_ROLE", "CREDENTIALS", "WITH", "MANIFEST", "REGION", "STATUPDATE", "COMPUPDATE", "NOLOAD",
     "SERIALIZETOJSON", "FILLRECORD", "EXPLICIT_IDS", "ACCEPTINVCHARS"}
)  # fmt: skip


def read_copy_options(text: str) -> CopyOptions:
    """Read everything after the FROM of COPY.

    :raises RedshiftError: an unknown or conflicting parameter
    """
    tokens, options = Tokens(text), CopyOptions()
    while (word := tokens.next_word()) is not None:
        if word == "FORMAT":
            tokens.skip("AS")
            options.given.add(word)
            continue
        if word in _REFUSED:
            raise RedshiftError(f"{_REFUSED[word]} is not supported by the local Redshift")
        reader = _READERS.get(word)
        if reader is None:
            raise RedshiftError(f'syntax error at or near "{word}"')
        reader(options, tokens)
        options.given.add(word)
    _check(options)
    return options


def _check(options: CopyOptions) -> None:
    if not options.authorized:
        raise RedshiftError("CREDENTIALS argument is required but not supplied; use IAM_ROLE")
    if options.format in COLUMNAR:
        for word in sorted(options.given - _WITH_COLUMNAR):
            raise RedshiftError(f"{word} argument is not supported for {options.format} based COPY")
    if options.format == "CSV" and options.given & {"ESCAPE", "REMOVEQUOTES", "FIXEDWIDTH"}:
        raise RedshiftError("CSV is not compatible with ESCAPE, REMOVEQUOTES or FIXEDWIDTH")
    if len(options.separator) != 1:
        raise RedshiftError("COPY delimiter must be a single ASCII character")
    if options.max_errors > 100_000:
        raise RedshiftError("MAXERROR must be between 0 and 100000")


def _unescaped(text: str) -> str:
    return _ESCAPES.get(text, text)


def _json(options: CopyOptions, tokens: Tokens) -> None:
    options.format = "JSON"
    tokens.skip("AS")
    if tokens.peek_string():
        options.json_paths = tokens.string("JSON")


def _invalid_characters(options: CopyOptions, tokens: Tokens) -> None:
    tokens.skip("AS")
    options.replace_invalid_characters = tokens.string("ACCEPTINVCHARS") if tokens.peek_string() else "?"


def _encoding(tokens: Tokens) -> None:
    tokens.skip("AS")
    name = tokens.string("ENCODING") if tokens.peek_string() else tokens.next_word() or ""
    if name.upper() not in ("UTF8", "UTF-8"):
        raise RedshiftError(f"ENCODING {name} is not supported by the local Redshift: files must be UTF-8")


def _iam_role(options: CopyOptions, tokens: Tokens) -> None:
    options.authorized = True
    if not tokens.skip("DEFAULT"):
        options.iam_role = tokens.string("IAM_ROLE")


def _credentials(options: CopyOptions, tokens: Tokens) -> None:
    found = re.search(r"aws_iam_role=([^;]+)", tokens.string("CREDENTIALS"))
    if found is None:
        _keys()
    else:
        options.authorized, options.iam_role = True, found[1]


def _keys() -> None:
    raise RedshiftError("access keys are not accepted by the local Redshift: use IAM_ROLE")
