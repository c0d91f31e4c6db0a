"""Receives SeaweedFS' audit log: each S3 request becomes a decision in the record.

SeaweedFS sends Fluentd's forward protocol, as JSON, to a Unix socket in the state folder. What it tells is the key, the
bucket, the HTTP method and whether it was refused; the action follows from those. It cannot tell ListBucket from
GetBucketLocation, nor DeleteObject from AbortMultipartUpload, nor an object from one of its versions
(docs/local-aws/core.md).
"""

from __future__ import annotations

import codecs
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from local.identity import LOCAL_ADMIN
from local.services.iam.decisions import Decision, DecisionLog
from local.services.iam.patterns import Context
from local.services.iam.policy import Statement, decide
from local.services.s3 import seaweedfs
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_READ_BYTES = 1 << 16
# HTTP method -> action on a key
_ON_KEYS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}
_ON_BUCKETS = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
_REFUSED = frozenset({"AccessDenied"})
# Who else wants to know of each request (S3's notifications): called with one line of the audit log.
listeners: list[Callable[[dict[str, Any]], None]] = []


class AuditReceiver:
    """:param log: where decisions go."""

    def __init__(self, settings: LocalSettings, log: DecisionLog) -> None:
        self._path = seaweedfs.audit_socket(settings)
        self._log = log

    def start(self) -> None:
        """Listen in the background; SeaweedFS connects whenever it has something to say."""
        if self._path is None:
            log.warning("the state folder's path is too long for a socket: S3 requests are not recorded")
            return
        self._path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(str(self._path))
        server.listen()
        threading.Thread(target=self._accept, args=(server,), name="s3-audit", daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=self._read, args=(connection,), name="s3-audit-reader", daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        decoder, utf8, pending = json.JSONDecoder(), codecs.getincrementaldecoder("utf-8")("replace"), ""
        with connection:
            while chunk := connection.recv(_READ_BYTES):
                pending += utf8.decode(chunk)
                while pending:
                    try:
                        message, end = decoder.raw_decode(pending)
                    except ValueError:
                        break
                    pending = pending[end:].lstrip()
                    self._record(message)

    def _record(self, message: Any) -> None:
        if not isinstance(message, list) or len(message) < 3:
            log.warning("not an audit message: %.200s", message)
            return
        for listen in listeners:
            listen(message[2])
        decision = decision_of(message[2])
        if decision is not None:
            self._log.add(_told_apart(decision))


def of_a_version(decision: Decision, statements: Iterable[Statement], context: Context) -> Decision:
    """The decision as one about a version of an object, when the policies allow it of versions only.

    SeaweedFS checks s3:DeleteObjectVersion, but its log does not say that a version was deleted.

    :param statements: of all policies of the role.
    :param context: condition keys of the role.
    """
    policies = list(statements)
    if not decision.allowed or decide(policies, decision.action, decision.resource, context).allowed:
        return decision
    action = f"{decision.action}Version"
    return (
        replace(decision, action=action) if decide(policies, action, decision.resource, context).allowed else decision
    )


def _told_apart(decision: Decision) -> Decision:
    if decision.action != "s3:DeleteObject":
        return decision
    from local.services.iam.principals import caller_named, principal_of

    principal = principal_of(caller_named(decision.role))
    return of_a_version(decision, principal.statements, principal.context)


def decision_of(entry: dict[str, Any]) -> Decision | None:
    """The decision behind one line of the audit log; None for requests that are nobody's or the operator's."""
    role, bucket, key = entry.get("requester") or "", entry.get("bucket") or "", str(entry.get("key") or "").lstrip("/")
    if not role or role == LOCAL_ADMIN or not bucket:
        return None
    method = str(entry.get("operation", "")).split(".")[1:2]
    batch = "BATCH.DELETE" in str(entry.get("operation")) or (method == ["POST"] and not key)
    if batch:
        # The keys are in the request's body; SeaweedFS checks each, the log names none.
        name, resource = "DeleteObject", f"arn:aws:s3:::{bucket}/*"
    elif key:
        name, resource = _ON_KEYS.get("".join(method), ""), f"arn:aws:s3:::{bucket}/{key}"
    else:
        name, resource = _ON_BUCKETS.get("".join(method), ""), f"arn:aws:s3:::{bucket}"
    if not name:
        return None
    if "TAGGING" in str(entry.get("operation")):
        name += "Tagging"
    allowed = entry.get("error_code") not in _REFUSED
    # Its own time is in whole seconds; it arrives within milliseconds.
    return Decision(role, f"s3:{name}", resource, allowed, agent=str(entry.get("user_agent") or ""))
