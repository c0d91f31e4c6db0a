"""What the other accounts answer: there is only one account here, so a file says what they have done.

Write ``<state>/ram/consumers.json``, for example ``{"accepted": ["999999999999"], "failed": {"888888888888": "why"}}``.
Without the file no invitation is ever accepted, as on AWS until somebody of the other account does it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONSUMERS_FILE = "consumers.json"


class Consumers:
    """:param folder: folder of the file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CONSUMERS_FILE

    def have_accepted(self, account_id: str) -> bool:
        """Whether an account has accepted its invitation."""
        return account_id in self._answers().get("accepted", [])

    def failure_of(self, principal: str) -> str | None:
        """Why the association with a principal has failed; None when it has not."""
        message = self._answers().get("failed", {}).get(principal)
        return None if message is None else str(message)

    def _answers(self) -> dict[str, Any]:
        answers: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}
        return answers
