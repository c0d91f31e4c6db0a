"""Sessions that a caller keeps over several statements (SessionKeepAliveSeconds)."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from local.errors import AwsError
from local.services.redshift.engine.session import Session

_MAX_SESSION_SECONDS = 24 * 3600


@dataclass
class KeptSession:
    """:param keep_alive: seconds the session lives after a statement.
    :param target: names of the first request, which later requests leave out.
    """

    caller_arn: str
    keep_alive: int
    target: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    statement_id: str | None = None
    connection: Session | None = None

    @property
    def expired(self) -> bool:
        idle = self.statement_id is None and time.time() - self.updated > self.keep_alive
        return idle or time.time() - self.created > _MAX_SESSION_SECONDS

    @property
    def status(self) -> str:
        return "CLOSED" if self.expired else "BUSY" if self.statement_id else "AVAILABLE"


class SessionRegistry:
    """Kept sessions; safe for threads."""

    def __init__(self) -> None:
        self._sessions: dict[str, KeptSession] = {}
        self._lock = threading.Lock()

    def open(self, caller_arn: str, keep_alive: int, target: dict[str, Any], statement_id: str) -> KeptSession:
        kept = KeptSession(caller_arn, keep_alive, target, statement_id=statement_id)
        with self._lock:
            self._close_expired()
            self._sessions[kept.id] = kept
        return kept

    def take(self, session_id: str, caller_arn: str, statement_id: str, keep_alive: int | None) -> KeptSession:
        """Reserve a session for one statement.

        :raises AwsError: it does not exist, or runs a statement
        """
        with self._lock:
            self._close_expired()
            kept = self._sessions.get(session_id)
            if kept is None or kept.caller_arn != caller_arn:
                raise AwsError("ResourceNotFoundException", f"Session is not available: {session_id}")
            if kept.statement_id is not None:
                raise AwsError(
                    "ActiveSessionsExceededException", f"Session {session_id} is busy: it runs {kept.statement_id}"
                )
            kept.statement_id = statement_id
            if keep_alive is not None:
                kept.keep_alive = keep_alive
            return kept

    def give_back(self, kept: KeptSession) -> None:
        with self._lock:
            kept.statement_id, kept.updated = None, time.time()

    def all(self) -> list[KeptSession]:
        with self._lock:
            return sorted(self._sessions.values(), key=lambda kept: -kept.created)

    def _close_expired(self) -> None:
        for session_id, kept in list(self._sessions.items()):
            if kept.expired:
                del self._sessions[session_id]
                if kept.connection is not None:
                    kept.connection.close()
