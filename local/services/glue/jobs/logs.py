"""Job output in CloudWatch Logs: one stream per run in the log groups output and error of /aws-glue/jobs.

Written while the job runs, straight into the Logs back end: an HTTP call for each line would cost more than the job.
The job's role must be allowed to write it; as on AWS, a job without that right runs and leaves no log.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend, logs_backends

from local.services.iam.authorizer import Origin, is_allowed
from local.services.iam.principals import caller_named

# Last parts of the groups' names; a run's `log_group` is the first.
OUTPUT_GROUP = "output"
ERROR_GROUP = "error"

# CloudWatch's limit of one event is 256 KB; some of it is for the event's own header.
EVENT_BYTES = 256 * 1024 - 26
BATCH_EVENTS = 10_000
# The logs of one local AWS live in memory; a job that prints its table must not fill it.
STREAM_BYTES = 5 * 1024 * 1024
KEPT_STREAMS = 200


class LogStream:
    """One log stream, created with its group when it is first written.

    :param role: name of the role that writes.
    """

    def __init__(self, account: str, region: str, group: str, stream: str, role: str) -> None:
        self.backend: LogsBackend = logs_backends[account][region]
        self.group = group
        self.stream = stream
        self.created = False
        self._writer = caller_named(role)
        self._group_arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
        self._allowed: dict[str, bool] = {}

    def create(self) -> None:
        """Create group and stream where missing, if the role may."""
        if self.created:
            return
        if self.group not in self.backend.groups and not self._may("CreateLogGroup"):
            return
        if not self._may("CreateLogStream"):
            return
        for create in (
            lambda: self.backend.create_log_group(self.group, {}),
            lambda: self.backend.create_log_stream(self.group, self.stream),
        ):
            try:
                create()
            except JsonRESTError as error:
                if "AlreadyExists" not in str(error.error_type):
                    raise
        for oldest in list(self.backend.groups[self.group].streams)[:-KEPT_STREAMS]:
            self.backend.delete_log_stream(self.group, oldest)
        self.created = True

    def write(self, lines: Sequence[str]) -> None:
        """Add one event per line, with the time of now."""
        if not lines:
            return
        self.create()
        if not self.created or not self._may("PutLogEvents"):
            return
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line.encode()[:EVENT_BYTES].decode(errors="ignore")} for line in lines]
        for start in range(0, len(events), BATCH_EVENTS):
            self.backend.put_log_events(self.group, self.stream, events[start : start + BATCH_EVENTS])

    def _may(self, action: str) -> bool:
        """Asked once per stream."""
        if action not in self._allowed:
            on_stream = "" if action == "CreateLogGroup" else f":log-stream:{self.stream}"
            resource, glue = self._group_arn + on_stream, Origin(via="glue.amazonaws.com")
            self._allowed[action] = is_allowed(self._writer, f"logs:{action}", resource, glue)
        return self._allowed[action]


class FileTail:
    """Copies what is appended to a file into a log stream, line by line.

    :param path: the file; it may not exist yet
    :param offset: where to begin, in bytes
    """

    def __init__(self, path: Path, stream: LogStream, offset: int = 0) -> None:
        self.path = path
        self.stream = stream
        self.offset = offset
        self.budget = STREAM_BYTES
        self.partial = b""

    def copy(self, final: bool = False) -> None:
        """Copy the complete lines that have come since the last call.

        :param final: the file is complete: copy an unfinished last line too
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        self.offset += len(data)
        *lines, self.partial = (self.partial + data).split(b"\n")
        if final and self.partial:
            lines.append(self.partial)
            self.partial = b""
        # CloudWatch refuses empty messages
        self._write([line.decode(errors="replace").rstrip("\r") for line in lines if line.strip()])

    def _write(self, lines: list[str]) -> None:
        if self.budget <= 0:
            return
        kept = []
        for line in lines:
            self.budget -= len(line)
            if self.budget <= 0:
                kept.append(f"[log cut: the local AWS keeps the first {STREAM_BYTES} bytes of a run's stream]")
                break
            kept.append(line)
        self.stream.write(kept)
