"""The error of a statement, in the words a Redshift client would read."""

from __future__ import annotations

import psycopg


class RedshiftError(Exception):
    """A statement failed; the text starts with ``ERROR:`` as in ``DescribeStatement``."""

    def __init__(self, message: str, detail: str | None = None, hint: str | None = None) -> None:
        text = message if message.startswith(("ERROR:", "FATAL:")) else f"ERROR: {message}"
        self.text = text + (f"\n  Detail: {detail}" if detail else "") + (f"\n  Hint: {hint}" if hint else "")
        super().__init__(self.text)


class StatementCancelled(Exception):
    """The caller cancelled the statement."""


def from_postgres(error: psycopg.Error) -> RedshiftError:
    """Turn a driver error into the text that the Data API shows."""
    diagnostic = error.diag
    message = diagnostic.message_primary or str(error).strip() or type(error).__name__
    # names of the local engine's own objects and of renamed #temporary tables mean nothing to the user
    return RedshiftError(
        _readable(message), diagnostic.message_detail, _position(diagnostic) or diagnostic.message_hint
    )


def _readable(message: str) -> str:
    return message.replace('"_tmp_', '"#').replace(" _tmp_", " #")


def _position(diagnostic: psycopg.errors.Diagnostic) -> str | None:
    return f"In {diagnostic.context}" if diagnostic.context and "COPY" in diagnostic.context else None
