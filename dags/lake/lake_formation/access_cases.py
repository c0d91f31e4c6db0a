"""Whether what somebody saw is what the case of an access test says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What Athena says to whom Lake Formation, or IAM, hides a table or a column. A hidden column does not exist for it.
_DENIALS = (
    "Insufficient Lake Formation permission",
    "not authorized",
    "AccessDenied",
    "COLUMN_NOT_FOUND",
    "cannot be resolved",
)


@dataclass(frozen=True)
class Answer:
    """:param columns: names of the result's columns
    :param rows: how many came
    :param refusal: why nothing came; empty for a result
    """

    columns: tuple[str, ...] = ()
    rows: int = 0
    refusal: str = ""


def verdict(case: Mapping[str, Any], answer: Answer) -> str:
    """:param case: ``expect`` with ``includes`` and ``excludes``, or ``count`` or ``least``
    :return: what is wrong; empty if nothing is
    """
    if case["expect"] == "denied":
        if not answer.refusal:
            return f"must be denied, but saw {answer.rows} rows of {', '.join(answer.columns)}"
        # A query that fails for another reason proves nothing.
        denied = any(text in answer.refusal for text in _DENIALS)
        return "" if denied else f"failed, but was not denied: {answer.refusal}"
    if answer.refusal:
        return f"failed: {answer.refusal}"
    return _columns(case, answer) if case["expect"] == "columns" else _rows(case, answer)


def _columns(case: Mapping[str, Any], answer: Answer) -> str:
    missing = sorted(set(case.get("includes", ())) - set(answer.columns))
    leaked = sorted(set(case.get("excludes", ())) & set(answer.columns))
    if leaked:
        return f"must not see {', '.join(leaked)}"
    return f"must see {', '.join(missing)}" if missing else ""


def _rows(case: Mapping[str, Any], answer: Answer) -> str:
    if "count" in case and answer.rows != case["count"]:
        return f"must see {case['count']} rows, saw {answer.rows}"
    least = case.get("least", 0)
    return f"must see at least {least} rows, saw {answer.rows}" if answer.rows < least else ""
