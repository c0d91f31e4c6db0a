"""Stands in front of every service: nobody gets in without the right, and no policy that could not be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from local.error_responses import protocol_of
from local.errors import AwsError
from local.identity import Caller
from local.services.iam import authorizer, principals
from local.services.iam.authorizer import NotAuthorized, Origin
from local.services.iam.policy import PolicyError, compile_document
from local.services.iam.refusals import in_words_of
from local.services.iam.requests import Unmapped, needs
from local.services.iam.requests.parsing import operation_of, parameters_of

# Operations of IAM that store an identity-based policy.
_STORE_POLICY = frozenset({"CreatePolicy", "CreatePolicyVersion", "PutRolePolicy", "PutUserPolicy"})
# STS looks at the trust policy first, and asks the authorizer itself.
_DECIDED_BY_SERVICE = frozenset({("sts", "AssumeRole")})


def admit(service: str, model: str, action: str, caller: Caller, request: Request) -> None:
    """Refuse a request that the caller's policies do not allow.

    :param service: signing name.
    :param model: botocore's name of the service.
    :param action: as the front door has read it.
    :raises AwsError: refused, in the words of the service; or a policy that the local IAM cannot evaluate.
    """
    stores_policy = service == "iam" and action in _STORE_POLICY
    unrestricted = bool(caller.via) or principals.principal_of(caller).unrestricted
    if unrestricted and not stores_policy:
        return
    found = operation_of(model, action, request)
    if found is None:
        # No operation of AWS; the service says so.
        return
    operation, path_values = found
    parameters = parameters_of(model, operation, path_values, request)
    if not unrestricted and (service, operation) not in _DECIDED_BY_SERVICE:
        try:
            _authorize(service, operation, caller, parameters, request.headers.get("User-Agent", ""))
        except NotAuthorized as error:
            raise in_words_of(model, protocol_of(model, request), error) from error
    if stores_policy:
        _check_policy(parameters)


def _authorize(service: str, operation: str, caller: Caller, parameters: Mapping[str, Any], agent: str) -> None:
    try:
        wanted = needs(service, operation, parameters)
    except Unmapped as error:
        arn = principals.principal_of(caller).arn
        raise NotAuthorized(
            f"User: {arn} is not authorized to perform: {service}:{operation}: {error}; only local-admin may call it "
            "on the local AWS (docs/local-aws/core.md)"
        ) from error
    origin = Origin(agent, f"{service}:{operation}")
    for need in wanted:
        if not any(authorizer.is_allowed(caller, need.action, other, origin) for other in need.instead):
            authorizer.authorize(caller, need.action, need.resource, need.context, origin)


def _check_policy(parameters: Mapping[str, Any]) -> None:
    """:raises AwsError: MalformedPolicyDocument"""
    document = parameters.get("PolicyDocument")
    if not document:
        return
    try:
        compile_document(document, str(parameters.get("PolicyName") or parameters.get("PolicyArn") or "policy"))
    except PolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error), 400) from error
