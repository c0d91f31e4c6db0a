"""Refusals in the protocol of the caller: JSON, Query, REST or CBOR, as botocore expects them for each service."""

from __future__ import annotations

import json
import warnings
from typing import Any

from moto.core.model import OperationModel
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request, Response

from local.errors import AwsError

# What AWS calls an action it does not know, by protocol (REST: an unknown path).
_UNKNOWN_ACTION = {
    "json": ("UnknownOperationException", 400),
    "rest-json": ("UnknownOperationException", 404),
    "rest-xml": ("MethodNotAllowed", 405),
    "smithy-rpc-v2-cbor": ("UnknownOperationException", 404),
}
_UNKNOWN_QUERY_ACTION = ("InvalidAction", 400)


def unknown_action(model: str, action: str, request: Request) -> AwsError:
    """The refusal of an action that AWS may know but the local AWS does not serve.

    :param model: botocore's service name.
    :param action: name of the action, or the method of a REST call, whose path is told too.
    """
    code, status = _UNKNOWN_ACTION.get(protocol_of(model, request), _UNKNOWN_QUERY_ACTION)
    shown = f"{action} {request.path}" if action == request.method else action
    return AwsError(code, f"{model}:{shown} is not served by Sluice's local AWS; see docs/local-aws.md", status)


def protocol_of(model: str, request: Request) -> str:
    """The protocol of a request; the service's first one when the content type is none that the service speaks."""
    service_model = get_service_model(model)
    try:
        return determine_request_protocol(service_model, request.content_type)
    except NotImplementedError:
        return str(service_model.protocol)


def error_response(model: str, action: str, request: Request, error: AwsError) -> Response:
    """An `AwsError` as AWS would send it for this service.

    :param model: botocore's service name; one that botocore does not know gets plain JSON.
    :param action: operation name; an unknown one gets the service's general error format.
    """
    if not _is_known(model):
        return json_error_response(error)
    service_model = get_service_model(model)
    known = action in service_model.operation_names
    operation: Any = service_model.operation_model(action) if known else OperationModel({}, service_model)
    serializer = get_serializer_class(service_model.service_name, protocol_of(model, request))(operation)
    with warnings.catch_warnings():
        # moto warns of codes that the service's model does not list; AWS sends such codes too.
        warnings.simplefilter("ignore")
        serialized = serializer.serialize(error)
    response = Response(serialized["body"], error.status, serialized["headers"])
    response.headers["x-amzn-errortype"] = error.code
    return response


def json_error_response(error: AwsError) -> Response:
    """The error format of AWS's JSON protocols, for requests whose service is not known."""
    body = json.dumps({"__type": error.code, "message": error.message})
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code}
    return Response(body, error.status, headers)


def _is_known(model: str) -> bool:
    try:
        get_service_model(model)
    except Exception:  # botocore raises UnknownServiceError, moto's loader its own
        return False
    return True
