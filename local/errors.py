"""The one exception with which our back ends refuse a request."""

from __future__ import annotations


class AwsError(Exception):
    """A refusal in AWS's words. The control plane turns it into the error format of the caller's protocol.

    :param code: AWS's exception name, such as ``EntityNotFoundException``.
    :param message: AWS's sentence for the user.
    :param status: HTTP status. Keep it below 500: botocore retries every 5xx, so a wrong request would take seconds
        to fail.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[type[AwsError], tuple[str, str, int]]:
        return AwsError, (self.code, self.message, self.status)


class LocalAwsError(Exception):
    """The local AWS itself cannot do what the command line asked for; the message says how to go on."""
