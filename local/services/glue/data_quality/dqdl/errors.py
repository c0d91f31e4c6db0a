"""Why a rule set is not DQDL."""

from __future__ import annotations


class DqdlError(ValueError):
    """A rule set that cannot be used; the message is for the user and starts as AWS's does.

    :param problem: for syntax with its position, ``line 1:10 mismatched input ...``: lines from 1, columns from 0.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"Parsing Error: {problem}")
