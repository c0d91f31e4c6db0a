"""Who calls: one dummy access key per IAM role, so that permissions can be enforced without any real credential.

A key is a pure function of the role's name. Whoever knows the name knows the key: that is fine for a server on
127.0.0.1 and makes real credentials impossible, because nobody ever has to enter one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from local.errors import AwsError

LOCAL_ADMIN = "local-admin"
ACCOUNT_ID = "123456789012"

# With local-admin's key: an engine asks another one for somebody. "<service> <ARN of the role>"
FOR_SOMEBODY_HEADER = "X-Sluice-On-Behalf-Of"

_SIGNED_WITH = re.compile(r"Credential=(?P<key>[^/,\s]+)/")


@dataclass(frozen=True)
class Caller:
    """:param arn: the IAM role's (or user's) ARN, also for a session of that role.
    :param access_key: the key the request was signed with.
    :param via: service of the local AWS that asks for this caller, such as ``redshift``; "" for the caller itself.
    """

    arn: str
    access_key: str
    via: str = ""

    @property
    def name(self) -> str:
        """Role or user name without the path."""
        return self.arn.rsplit("/", 1)[-1]


@lru_cache(maxsize=4096)
def access_key_for(principal_name: str) -> str:
    """The access key id of a principal: 20 characters like AWS's, because clients and moto check the shape.

    :param principal_name: IAM role name, or ``local-admin``.
    """
    digest = hashlib.sha256(f"sluice access key of {principal_name}".encode()).digest()
    return "AKIA" + base64.b32encode(digest).decode()[:16]


@lru_cache(maxsize=4096)
def secret_key_for(principal_name: str) -> str:
    """The secret key of a principal: 40 characters like AWS's.

    :param principal_name: IAM role name, or ``local-admin``.
    """
    digest = hashlib.sha256(f"sluice secret key of {principal_name}".encode()).digest()
    return base64.b32encode(digest + digest).decode()[:40]


def access_key_in(headers: Mapping[str, str]) -> str | None:
    """The access key id a request was signed with; None for an unsigned request."""
    signed = _SIGNED_WITH.search(headers.get("Authorization", ""))
    return signed["key"] if signed else None


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Who signed this request. Only inside the control plane: it asks its IAM which roles and users exist.

    :raises AwsError: unsigned (MissingAuthenticationTokenException) or an unknown key (UnrecognizedClientException),
        both 403.
    """
    access_key = access_key_in(headers)
    if access_key is None:
        raise AwsError("MissingAuthenticationTokenException", "Request is missing Authentication Token", 403)
    arn = _arn_of(access_key)
    if arn is None:
        raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    service, _, somebody = headers.get(FOR_SOMEBODY_HEADER, "").partition(" ")
    if somebody and access_key == access_key_for(LOCAL_ADMIN):
        return Caller(somebody, access_key, via=service)
    return Caller(arn, access_key)


def _arn_of(access_key: str) -> str | None:
    if access_key == access_key_for(LOCAL_ADMIN):
        return f"arn:aws:iam::{ACCOUNT_ID}:user/{LOCAL_ADMIN}"
    # Imported here: the command line and the tests need keys but not moto.
    from moto.iam.models import iam_backends

    iam = iam_backends[ACCOUNT_ID]["aws"]
    for role in list(iam.roles.values()):
        if access_key_for(role.name) == access_key:
            return str(role.arn)
    for user in list(iam.users.values()):
        if any(key.access_key_id == access_key for key in user.access_keys):
            return str(user.arn)
    return None
