"""What a statement returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

DML, DDL, UTILITY = "DML", "DDL", "UTILITY"


@dataclass
class StatementResult:
    """:param kind: DML, DDL or UTILITY (``StatementType``).
    :param substatement: ``SubstatementType``.
    :param columns: names and logical Hive types.
    :param rows: may be consumed once only, while the session's connection is open.
    :param update_count: rows written.
    :param has_header: whether the first row of GetQueryResults repeats the column names.
    """

    kind: str
    substatement: str
    columns: Sequence[tuple[str, str]] = ()
    rows: Iterable[Sequence[Any]] = ()
    update_count: int = 0
    has_header: bool = False
    measured_after_rows: bool = field(default=False)


def done(kind: str, substatement: str, update_count: int = 0) -> StatementResult:
    """A statement without rows."""
    return StatementResult(kind, substatement, update_count=update_count)


def lines(substatement: str, column: str, texts: Iterable[str], kind: str = DDL) -> StatementResult:
    """A statement that returns lines of text."""
    return StatementResult(kind, substatement, [(column, "string")], [(text,) for text in texts])
