"""Operation and parameters of a request, in whichever of AWS's protocols it came."""

from __future__ import annotations

import json
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request

from local.error_responses import protocol_of


def operation_of(model: str, action: str, request: Request) -> tuple[str, dict[str, Any]] | None:
    """The operation's name in botocore and the values its path holds; None when AWS knows no such operation.

    :param model: botocore's service name.
    :param action: what the front door has read off the request.
    """
    if action in get_service_model(model).operation_names:
        return action, {}
    if not protocol_of(model, request).startswith("rest-"):
        return None
    try:
        operation, path_values = _routed(model, request)
    except (NotFound, MethodNotAllowed, NotImplementedError):
        return None
    return operation, path_values


def parameters_of(model: str, operation: str, path_values: dict[str, Any], request: Request) -> dict[str, Any]:
    """The request's parameters by their names in botocore's model; none when they cannot be read.

    The service itself refuses a request that cannot be read, in its own words.
    """
    protocol = protocol_of(model, request)
    try:
        if protocol == "json":
            parsed = json.loads(request.get_data() or b"{}")
            return parsed if isinstance(parsed, dict) else {}
        if protocol not in PROTOCOL_PARSERS:
            return {}
        if protocol.startswith("rest-") and not path_values:
            path_values = _routed(model, request)[1]
        parser = PROTOCOL_PARSERS[protocol](get_service_model(model).operation_model(operation), map_type=dict)
        values: Any = {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": path_values,
        }
        return dict(parser.parse(values))
    except (ValueError, KeyError, TypeError, NotFound, MethodNotAllowed):
        return {}


def _routed(model: str, request: Request) -> tuple[str, dict[str, Any]]:
    """:raises NotFound: no operation has this method and path."""
    # Of its own, because moto's class reads the path off the environment; the body is not read again.
    operation, path_values = get_service_router(model).match(MotoRequest(dict(request.environ)))
    return str(operation.name), dict(path_values)
