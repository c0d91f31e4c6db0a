"""Which refusals of Lake Formation pass by themselves, which are no failure at all, and how to wait."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

ATTEMPTS = 10
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0

_HEALING_CODES = frozenset(
    {
        "ConcurrentModificationException",
        "InternalServiceException",
        "OperationTimeoutException",
        "ThrottledException",
        "ThrottlingException",
    }
)
# What AWS answers while a new role or location is not known everywhere yet (as terraform-provider-aws retries it).
_HEALING_MESSAGES = {
    "InvalidInputException": ("Invalid principal", "Grantee has no permissions", "register the S3 path"),
    "AccessDeniedException": ("is not authorized to access requested permissions",),
}
# The state that was asked for is there already.
_DONE_MESSAGES = ("No permissions revoked. Grantee", "non-existent column", "already exists", "already registered")


def heals(code: str, message: str) -> bool:
    """Whether another attempt may succeed without anybody changing anything.

    :param code: AWS's exception name
    """
    return code in _HEALING_CODES or any(text in message for text in _HEALING_MESSAGES.get(code, ()))


def is_done(code: str, message: str, *, revoking: bool) -> bool:
    """Whether a refusal says that there is nothing left to do.

    :param revoking: revoking what is gone is fine; granting on a column that does not exist is not
    """
    if code == "AlreadyExistsException":
        return True
    if code != "InvalidInputException":
        return False
    texts = _DONE_MESSAGES if revoking else _DONE_MESSAGES[2:]
    return any(text in message for text in texts)


def wait_seconds(attempt: int) -> float:
    """Full jitter: many writers of one table spread out evenly instead of meeting again.

    :param attempt: 0 for the first retry
    """
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
    return random.uniform(0, longest)  # noqa: S311 - not for secrets


def call_with_retries(call: Callable[[], Answer], *, sleep: Callable[[float], Any]) -> Answer:
    """Make a call again while its refusal heals.

    :param sleep: how to wait, seconds
    :raises ClientError: a refusal that does not heal, or the last one
    """
    from botocore.exceptions import ClientError

    for attempt in range(ATTEMPTS):
        try:
            return call()
        except ClientError as error:
            detail = error.response["Error"]
            if attempt == ATTEMPTS - 1 or not heals(detail["Code"], detail.get("Message", "")):
                raise
            sleep(wait_seconds(attempt))
    raise AssertionError("unreachable: the last attempt returns or raises")
