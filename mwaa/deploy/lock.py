"""One deployment at a time: a lock object in the source bucket, written on condition that there is none.

The holder renews it while it works, so the lock of a killed deployment expires within two minutes; on the machine where
the holder ran its lock is taken over at once.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa.deploy.errors import DeployError
from mwaa.deploy.project import user_name

KEY = "deploys/.lock"
_VALID = timedelta(seconds=120)
_RENEW_SECONDS = 30.0
_TAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


class Lock:
    """A lock that is held.

    :param s3: client.
    :param bucket: the source bucket.
    :param etag: of the lock object as we wrote it.
    """

    def __init__(self, s3: Any, bucket: str, etag: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._etag = etag
        self._done = threading.Event()
        self._lost = ""
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    @property
    def lost(self) -> bool:
        """Whether somebody has taken the lock."""
        return bool(self._lost)

    def require(self) -> None:
        """Make sure that the lock is still ours, before a step that must not happen twice.

        :raises DeployError: somebody has taken it.
        """
        if self._lost:
            raise DeployError(f"the deployment lock was lost ({self._lost}): nothing more is changed")

    def release(self) -> None:
        """Let the next deployment in."""
        self._done.set()
        self._thread.join()
        if not self._lost:
            self._s3.delete_object(Bucket=self._bucket, Key=KEY)

    def _renew(self) -> None:
        while not self._done.wait(_RENEW_SECONDS):
            try:
                written = self._s3.put_object(Bucket=self._bucket, Key=KEY, Body=_content(), IfMatch=self._etag)
                self._etag = written["ETag"]
            except (BotoCoreError, ClientError) as error:
                self._lost = str(error)
                return


@contextmanager
def held(s3: Any, bucket: str) -> Iterator[Lock]:
    """Hold the lock for the time of a block.

    :param s3: client.
    :param bucket: the source bucket.
    :raises DeployError: another deployment holds it.
    """
    lock = Lock(s3, bucket, _acquire(s3, bucket))
    try:
        yield lock
    finally:
        lock.release()


def _acquire(s3: Any, bucket: str) -> str:
    try:
        return str(s3.put_object(Bucket=bucket, Key=KEY, Body=_content(), IfNoneMatch="*")["ETag"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
    try:
        found = s3.get_object(Bucket=bucket, Key=KEY)
    except ClientError as error:
        raise DeployError("another deployment has just ended: try again") from error
    holder = json.loads(found["Body"].read())
    if not _is_abandoned(holder):
        raise DeployError(
            f"{holder['who']} on {holder['host']} is deploying since {holder['since']} (process {holder['pid']}). "
            f"Wait for it; if it was killed, its lock s3://{bucket}/{KEY} expires at {holder['expires']}"
        )
    try:
        return str(s3.put_object(Bucket=bucket, Key=KEY, Body=_content(), IfMatch=found["ETag"])["ETag"])
    except ClientError as error:
        raise DeployError("another deployment has taken over the expired lock: try again later") from error


def _is_abandoned(holder: dict[str, Any]) -> bool:
    if datetime.fromisoformat(holder["expires"]) < datetime.now(UTC):
        return True
    return bool(holder["host"] == socket.gethostname() and not _runs(int(holder["pid"])))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_SINCE = datetime.now(UTC)


def _content() -> bytes:
    now = datetime.now(UTC)
    holder = {
        "who": user_name(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": _SINCE.isoformat(timespec="seconds"),
        "expires": (now + _VALID).isoformat(timespec="seconds"),
        "renewed": now.isoformat(),
    }
    return json.dumps(holder).encode()
