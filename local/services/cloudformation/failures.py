"""The errors that CloudFormation's API answers.

Not moto's own classes: importing ``moto.cloudformation`` imports every service of moto, a second of CPU at each start.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException

from local.services.cloudformation.shapes import PropertyError


class ValidationError(ServiceException):
    """The template or the request is wrong."""

    code = "ValidationError"


class AlreadyExistsException(ServiceException):
    """A stack of that name exists."""

    code = "AlreadyExistsException"


def template_error(message: str) -> ValidationError:
    """A request that CloudFormation refuses.

    :param message: the text a user reads: what, where, how to fix.
    """
    return ValidationError(message)


class InsufficientCapabilities(ServiceException):
    """The template makes IAM resources and the request does not say that it may."""

    code = "InsufficientCapabilitiesException"


def already_exists(stack_name: str) -> AlreadyExistsException:
    """CreateStack for a name that is taken.

    :param stack_name: the name.
    """
    return AlreadyExistsException(f"Stack [{stack_name}] already exists")


class ResourceError(Exception):
    """A resource cannot be created, updated or deleted; the message becomes its status reason."""


# What a handler may raise when a service refuses its call: it fails the resource, not the deployment thread.
HANDLED = (ResourceError, PropertyError, ClientError, BotoCoreError, ValidationError)


def reason_of(error: Exception) -> str:
    """The status reason shown for a failed resource.

    :param error: what the handler raised.
    """
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return (
            f"{details.get('Message', error)} (Service call: {error.operation_name}, Error Code: {details.get('Code')})"
        )
    return str(error)
