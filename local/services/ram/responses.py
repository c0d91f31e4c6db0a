"""HTTP side: RAM speaks rest-json, one POST path in lower case per operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.utils import get_service_model

from local.errors import AwsError
from local.services.ram.models import ResourceAccessManagerBackend
from local.services.shape_check import violations

Answer = dict[str, Any]
_PAGE = 500
"""RAM's largest page."""
_NOT_SELECTED_BY = ("permissionArn", "permissionVersion", "tagFilters")


_served: Callable[[], ResourceAccessManagerBackend] | None = None


def serve(backend: Callable[[], ResourceAccessManagerBackend]) -> None:
    """Tell this module which back end answers (called by ``install``)."""
    global _served
    _served = backend


def respond(request: Any, _full_url: str, _headers: Any) -> tuple[int, dict[str, str], str]:
    """Answer a request in the form moto's Flask application takes.

    :param request: werkzeug request.
    :raises AwsError: refusals; the control plane writes them in the protocol's error format.
    """
    if _served is None:
        raise RuntimeError("AWS RAM is not installed: call local.services.ram.install() first")
    operation, answer = _OPERATIONS[request.path.strip("/")]
    body = _body(operation, request.get_data())
    return 200, {"Content-Type": "application/json"}, json.dumps(answer(_served(), body))


def _get_resource_shares(backend: ResourceAccessManagerBackend, body: Mapping[str, Any]) -> Answer:
    unknown = [field for field in _NOT_SELECTED_BY if body.get(field)]
    if unknown:
        raise _invalid(f"The local AWS RAM does not select resource shares by {', '.join(unknown)}.")
    # Nobody shares anything with the only account.
    found = backend.resource_shares() if body["resourceOwner"] == "SELF" else iter(())
    shares = [share.as_dict() for share in found]
    _refuse_unknown(body, shares)
    selected = [
        share
        for share in shares
        if share["resourceShareArn"] in (body.get("resourceShareArns") or [share["resourceShareArn"]])
        and body.get("name") in (None, share["name"])
        and body.get("resourceShareStatus") in (None, share["status"])
    ]
    return _page(selected, "resourceShares", body)


def _get_resource_share_associations(backend: ResourceAccessManagerBackend, body: Mapping[str, Any]) -> Answer:
    kind = body["associationType"]
    for field, other in (("resourceArn", "PRINCIPAL"), ("principal", "RESOURCE")):
        if body.get(field) and kind == other:
            raise _invalid(f"You cannot specify {field} when the association type is {other}.")
    shares = list(backend.resource_shares())
    _refuse_unknown(body, [share.as_dict() for share in shares])
    found = []
    for share in shares:
        if kind == "PRINCIPAL":
            found.append(backend.principal_association(share))
        elif kind == "RESOURCE":
            found += backend.resource_associations(share)
    selected = [
        association
        for association in found
        if association["resourceShareArn"] in (body.get("resourceShareArns") or [association["resourceShareArn"]])
        and (body.get("principal") or body.get("resourceArn")) in (None, association["associatedEntity"])
        and body.get("associationStatus") in (None, association["status"])
    ]
    return _page(selected, "resourceShareAssociations", body)


_OPERATIONS: Mapping[str, tuple[str, Callable[[ResourceAccessManagerBackend, Mapping[str, Any]], Answer]]] = {
    "getresourceshares": ("GetResourceShares", _get_resource_shares),
    "getresourceshareassociations": ("GetResourceShareAssociations", _get_resource_share_associations),
}
PATHS = frozenset(_OPERATIONS)


def _body(operation: str, data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data or b"{}")
    except ValueError as error:
        raise _invalid("The request body is not valid JSON.") from error
    wrong = list(violations(get_service_model("ram").operation_model(operation).input_shape, body))
    if wrong:
        raise _invalid("; ".join(wrong))
    checked: dict[str, Any] = body
    return checked


def _refuse_unknown(body: Mapping[str, Any], shares: list[Answer]) -> None:
    unknown = set(body.get("resourceShareArns") or ()) - {share["resourceShareArn"] for share in shares}
    if unknown:
        raise AwsError("UnknownResourceException", f"ResourceShare {min(unknown)} could not be found.")


def _page(rows: list[Answer], field: str, body: Mapping[str, Any]) -> Answer:
    token = body.get("nextToken") or "0"
    if not token.isdecimal():
        raise AwsError("InvalidNextTokenException", "The specified value for NextToken is not valid.")
    start, size = int(token), body.get("maxResults") or _PAGE
    following = {"nextToken": str(start + size)} if start + size < len(rows) else {}
    return {field: rows[start : start + size], **following}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
