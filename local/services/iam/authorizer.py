"""The one question: may this caller do this to that? Asked by the front door for requests, and by engines that act for
their caller (forward access sessions on AWS).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.errors import AwsError
from local.identity import ACCOUNT_ID, Caller
from local.services.iam import principals
from local.services.iam.decisions import Decision, DecisionLog
from local.services.iam.policy import Verdict, decide
from local.services.iam.principals import Principal
from local.settings import LocalSettings

_log: DecisionLog | None = None
_region = "us-east-1"


class NotAuthorized(AwsError):
    """Refused by IAM, in AWS's words; `local.services.iam.refusals` gives it the service's code and status."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message, 400)


@dataclass(frozen=True)
class Origin:
    """What a decision was asked for.

    :param agent: user agent of the request.
    :param call: the request, ``glue:StartJobRun``; "" when an engine asks.
    :param via: service that acts for the caller; "" for the caller itself.
    """

    agent: str = ""
    call: str = ""
    via: str = ""


def start(settings: LocalSettings, log: DecisionLog) -> None:
    """:param log: where decisions are written."""
    global _log, _region
    _log, _region = log, settings.region


def authorize(
    caller: Caller,
    action: str,
    resource: str,
    context: Mapping[str, list[str]] | None = None,
    origin: Origin | None = None,
) -> None:
    """Refuse unless the caller's policies allow an action on a resource. The decision is recorded.

    :param action: ``glue:GetTable``.
    :param resource: ARN, or ``*`` for an action that takes none.
    :param context: condition keys of the request, in lower case.
    :raises NotAuthorized: not allowed, or explicitly denied.
    """
    principal = principals.principal_of(caller)
    if principal.unrestricted:
        return
    origin = origin or Origin()
    keys = request_keys(principal, action, context or {}, origin.via)
    verdict = Verdict(False) if principal.broken else decide(principal.statements, action, resource, keys)
    if _log is not None:
        extra = {key: list(values) for key, values in (context or {}).items()}
        label = verdict.statement.label if verdict.statement else ""
        _log.add(
            Decision(
                principal.name, action, resource, verdict.allowed, label, extra, origin.via, origin.agent, origin.call
            )
        )
    if not verdict.allowed:
        raise NotAuthorized(refusal(principal, action, resource, verdict))


def is_allowed(caller: Caller, action: str, resource: str, origin: Origin | None = None) -> bool:
    """`authorize` as a question."""
    try:
        authorize(caller, action, resource, origin=origin)
    except NotAuthorized:
        return False
    return True


def request_keys(
    principal: Principal, action: str, context: Mapping[str, list[str]], via: str = ""
) -> dict[str, list[str]]:
    """All condition keys of one request."""
    keys: dict[str, list[str]] = {
        **{key: list(values) for key, values in principal.context.items()},
        "aws:requestedregion": [_region],
        "aws:resourceaccount": [ACCOUNT_ID],
        "aws:viaawsservice": ["true" if via else "false"],
        **context,
    }
    if via:
        keys["aws:calledvia"] = [via]
    if action.startswith("redshift-data:"):
        # ListStatements lists the caller's own; of a statement that nobody has, the service says that it is unknown.
        keys.setdefault("redshift-data:statement-owner-iam-userid", [principal.userid])
    return keys


def refusal(principal: Principal, action: str, resource: str, verdict: Verdict) -> str:
    """AWS's sentence; "Troubleshoot access denied error messages" in the IAM User Guide."""
    if principal.broken:
        return f"User: {principal.arn} is not authorized to perform: {action}: {principal.broken}"
    why = (
        "with an explicit deny in an identity-based policy"
        if verdict.explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {why}"
