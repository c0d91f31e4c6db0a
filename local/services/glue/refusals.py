"""Errors of the Glue API, by AWS's names."""

from __future__ import annotations

from local.errors import AwsError


def not_found(what: str) -> AwsError:
    return AwsError("EntityNotFoundException", what)


def invalid(what: str) -> AwsError:
    return AwsError("InvalidInputException", what)


def already_exists(what: str) -> AwsError:
    return AwsError("AlreadyExistsException", what)
