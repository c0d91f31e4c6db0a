"""STS' answers. moto's hand out random keys that S3 would refuse, and let everybody assume every role."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.sts.models import STSBackend

from local.errors import AwsError
from local.identity import Caller, access_key_for, caller_of, secret_key_for
from local.services.iam.principals import SESSION_NAME, principal_of
from local.services.sts.trust import may_assume

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})", re.ASCII)


class SecurityTokenBackend(STSBackend):
    """moto's back end (it keeps nothing that we need) with the answers of this module."""

    @property
    def _url_module(self) -> Any:
        from local.services.sts import urls

        return urls


class SecurityTokenResponse(BaseResponse):
    """The actions that Airflow's AWS hooks and boto3 call; any other is refused as unknown."""

    def __init__(self) -> None:
        super().__init__(service_name="sts")
        self.automated_parameter_parsing = True

    def get_caller_identity(self) -> ActionResult:
        """The caller's ARN: of a role always that of a session, as on AWS."""
        caller = caller_of(self.headers)
        if ":role/" not in caller.arn:
            return ActionResult({"UserId": caller.access_key, "Account": self.current_account, "Arn": caller.arn})
        role = self._role(caller.arn, caller)
        return ActionResult(
            {
                "UserId": f"{role.id}:{SESSION_NAME}",
                "Account": self.current_account,
                "Arn": _session_arn(self.current_account, role.name, SESSION_NAME),
            }
        )

    def assume_role(self) -> ActionResult:
        """The role's key, if the role trusts the caller.

        The session token is empty and the key is the role's own: SeaweedFS knows keys by its configuration only and
        refuses every request that carries a token. boto3 sends no token header for an empty token.
        """
        caller = caller_of(self.headers)
        session_name = self._get_param("RoleSessionName")
        if not _SESSION_NAME.fullmatch(session_name):
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
            )
        role = self._role(self._get_param("RoleArn"), caller)
        if not may_assume(caller.arn, role):
            raise _not_authorized(caller, role.arn)
        expires = datetime.now(UTC) + timedelta(seconds=self._get_int_param("DurationSeconds", 3600))
        return ActionResult(
            {
                "Credentials": {
                    "AccessKeyId": access_key_for(role.name),
                    "SecretAccessKey": secret_key_for(role.name),
                    "SessionToken": "",
                    "Expiration": expires,
                },
                "AssumedRoleUser": {
                    "AssumedRoleId": f"{role.id}:{session_name}",
                    "Arn": _session_arn(self.current_account, role.name, session_name),
                },
                "PackedPolicySize": 0,
            }
        )

    def _role(self, arn: str, caller: Caller) -> Role:
        named = _ROLE_ARN.fullmatch(arn)
        role = next((role for role in self._iam().roles.values() if role.arn == arn), None) if named else None
        if role is None:
            # A role that does not exist is refused like one that does not trust the caller, as on AWS.
            raise _not_authorized(caller, arn)
        return role

    def _iam(self) -> IAMBackend:
        return iam_backends[self.current_account]["aws"]


def _session_arn(account: str, role_name: str, session_name: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"


def _not_authorized(caller: Caller, role_arn: str) -> AwsError:
    message = f"User: {principal_of(caller).arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    return AwsError("AccessDenied", message, 403)
