"""BEGIN, COMMIT, ROLLBACK, LOCK, CANCEL."""

from __future__ import annotations

from local.services.redshift.engine.session import Outcome, Session
from local.services.redshift.engine.statement import Statement
from local.services.redshift.translation.names import NAME_PATTERN, table_name

_COMMANDS = {"BEGIN": "BEGIN", "START": "BEGIN", "COMMIT": "COMMIT", "END": "COMMIT", "ROLLBACK": "ROLLBACK",
             "ABORT": "ROLLBACK"}  # fmt: skip


def control(session: Session, statement: Statement) -> Outcome:
    session.execute(_COMMANDS[statement.words[0]])
    return Outcome()


def lock(session: Session, statement: Statement) -> Outcome:
    """LOCK takes the exclusive lock; inside a batch it is held until the batch ends."""
    found = statement.match(rf"LOCK\s+(?:TABLE\s+)?(?P<tables>{NAME_PATTERN}(?:\s*,\s*{NAME_PATTERN})*)", "LOCK")
    names = ", ".join(table_name(part).sql for part in found["tables"].split(","))
    session.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
    return Outcome()


def cancel(session: Session, statement: Statement) -> Outcome:
    found = statement.match(r"CANCEL\s+(?P<process>\d+)(?:\s+'.*')?", "CANCEL")
    session.execute("SELECT pg_cancel_backend(%s)", (int(found["process"]),))
    return Outcome()
