"""What other services may ask the running Redshift: names in ARNs, and whose a statement is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.services.redshift.data_api.sessions import SessionRegistry
    from local.services.redshift.data_api.store import StatementStore
    from local.services.redshift.serverless.model import ServerlessModel

_model: ServerlessModel | None = None
_statements: StatementStore | None = None
_sessions: SessionRegistry | None = None


def bind(model: ServerlessModel, statements: StatementStore, sessions: SessionRegistry) -> None:
    """Called once, by ``install``."""
    global _model, _statements, _sessions
    _model, _statements, _sessions = model, statements, sessions


def arn(kind: str, name: str) -> str | None:
    """ARN of a ``workgroup`` or ``namespace``; None when there is none of this name."""
    if _model is None:
        return None
    known = _model.workgroups if kind == "workgroup" else _model.namespaces
    found = known.get(name)
    return str(found[f"{kind}Arn"]) if found else None


def statement_owner(statement_id: str) -> str | None:
    """ARN of the role or user that sent a statement; None when it is not known.

    :param statement_id: of a statement, or of one of a batch (``id:2``).
    """
    record = _statements.get(statement_id.partition(":")[0]) if _statements is not None else None
    return record.caller_arn if record is not None else None


def session_workgroup(session_id: str) -> str | None:
    """Workgroup of a kept session; None when it is not known."""
    kept = next((item for item in _sessions.all() if item.id == session_id), None) if _sessions is not None else None
    return str(kept.target["WorkgroupName"]) if kept is not None and kept.target.get("WorkgroupName") else None
