"""What the audit of a day makes of CloudTrail's rows: findings, which of them are alarming, a table, a page. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape

READ, DENIED, NEWCOMER = "read", "denied", "new principal"

LEAST_ALARMING_DENIALS = 20
"""Fewer refusals than this in a day are somebody's typing errors."""
ALARMING_RATIO = 5.0
"""A spike is so many times what was usual for the principal."""
LEAST_HISTORY_DAYS = 7
"""With fewer days of log files everybody would be new."""

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c2733 }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #d5dbe1; padding: .35rem .5rem; text-align: left } th { background: #f1f4f7 }
.alarming { background: #f9d6d5 }
"""


@dataclass(frozen=True)
class Found:
    """A row of the table ``access_audit``.

    :param finding: ``read``, ``denied`` or ``new principal``
    :param principal: ARN
    :param subject: table, call, or services
    :param calls: how many
    :param usual: denials: how many a day before; new principals: days of history; reads: accesses to data
    :param first_at: ISO time, UTC
    :param last_at: ISO time, UTC
    :param alarming: whether people are told at once
    """

    finding: str
    principal: str
    subject: str
    calls: int
    usual: float
    first_at: str
    last_at: str
    alarming: bool

    def __str__(self) -> str:
        if self.finding == DENIED:
            return f"{self.principal}: {self.calls} refused calls ({self.subject}), usually {self.usual:.1f} a day"
        if self.finding == NEWCOMER:
            return f"{self.principal} was never seen in the 30 days before: {self.calls} calls ({self.subject})"
        return f"{self.principal} read {self.subject}: {self.calls} calls"


Row = Mapping[str, str | None]
"""Values by column of a query's result."""


def findings(reads: Iterable[Row], denied: Iterable[Row], newcomers: Iterable[Row]) -> list[Found]:
    """:return: every finding of a day

    :param reads: result of ``table_reads.check.sql``
    :param denied: result of ``denied_calls.check.sql``
    :param newcomers: result of ``new_principals.check.sql``
    """
    refusals = list(denied)
    # A spike is judged by principal: many calls of many kinds are one attempt.
    totals: dict[str, int] = {}
    for row in refusals:
        totals[_text(row, "principal")] = totals.get(_text(row, "principal"), 0) + _number(row, "calls")
    found = [_found(READ, row, "data_accesses", False) for row in reads]
    found += [
        _found(DENIED, row, "usual", is_spike(totals[_text(row, "principal")], float(row["usual"] or 0)))
        for row in refusals
    ]
    return found + [_found(NEWCOMER, row, "usual", _number(row, "usual") >= LEAST_HISTORY_DAYS) for row in newcomers]


def is_spike(calls: int, usual: float) -> bool:
    """:param calls: refused calls of a principal on the day
    :param usual: how many a day it had before
    """
    return calls >= LEAST_ALARMING_DENIALS and calls >= ALARMING_RATIO * usual


def _found(kind: str, row: Row, usual: str, alarming: bool) -> Found:
    return Found(
        kind,
        _text(row, "principal"),
        _text(row, "subject"),
        _number(row, "calls"),
        float(row[usual] or 0),
        _text(row, "first_at"),
        _text(row, "last_at"),
        alarming,
    )


def _text(row: Row, column: str) -> str:
    return row[column] or ""


def _number(row: Row, column: str) -> int:
    return int(float(row[column] or 0))


def lines(found: Sequence[Found]) -> bytes:
    """:return: JSON lines of the table ``access_audit``; empty for a day without a call"""
    return "".join(json.dumps(asdict(finding)) + "\n" for finding in found).encode()


def audit_page(found: Sequence[Found], *, title: str, day: str) -> str:
    """:return: the page of a day: one file without any link

    :param title: name of the environment
    """
    alarming = [finding for finding in found if finding.alarming]
    parts = [f"<h1>Access audit: {escape(title)}, {escape(day)}</h1>"]
    parts.append(f"<h2>{len(alarming)} alarming</h2>" + _list(alarming))
    for kind, heading, usual in (
        (READ, "Who read which table", "accesses to data"),
        (DENIED, "Refused calls", "a day before"),
        (NEWCOMER, "New principals", "days of history"),
    ):
        parts.append(f"<h2>{heading}</h2>" + _table([entry for entry in found if entry.finding == kind], usual))
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Access audit: {escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _list(found: Sequence[Found]) -> str:
    items = "".join(f'<li class="alarming">{escape(str(finding))}</li>' for finding in found)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _table(found: Sequence[Found], usual: str) -> str:
    if not found:
        return "<p>None.</p>"
    rows = "".join(
        f'<tr class="{_kind(entry)}"><td>{escape(entry.principal)}</td>'
        f"<td>{escape(entry.subject)}</td><td>{entry.calls}</td><td>{entry.usual:g}</td>"
        f"<td>{escape(entry.first_at)}</td><td>{escape(entry.last_at)}</td></tr>"
        for entry in found
    )
    head = f"<tr><th>principal</th><th>what</th><th>calls</th><th>{usual}</th><th>first</th><th>last</th></tr>"
    return f"<table>{head}{rows}</table>"


def _kind(entry: Found) -> str:
    return "alarming" if entry.alarming else "usual"
