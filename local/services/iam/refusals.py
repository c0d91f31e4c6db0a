"""How each service words a refusal by IAM: its error code and HTTP status.

Source: error lists of the services' API references ("Common errors"), and what their clients catch.
"""

from __future__ import annotations

from local.errors import AwsError
from local.services.iam.authorizer import NotAuthorized

_CODES = {
    "ec2": ("UnauthorizedOperation", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
}
_BY_PROTOCOL = {
    "json": ("AccessDeniedException", 400),
    "rest-json": ("AccessDeniedException", 403),
    "smithy-rpc-v2-cbor": ("AccessDeniedException", 400),
}


def in_words_of(model: str, protocol: str, error: NotAuthorized) -> AwsError:
    """The refusal as this service sends it.

    :param model: botocore's service name.
    """
    code, status = _CODES.get(model) or _BY_PROTOCOL.get(protocol, ("AccessDenied", 403))
    return AwsError(code, error.message, status)
