"""The REST-JSON protocol for a service that moto lacks: paths, members and errors come from botocore's model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from local.errors import AwsError
from local.identity import Caller, caller_of
from local.services.shape_check import violations

HttpResponse = tuple[int, dict[str, str], str]
Operation = Callable[[Caller, Mapping[str, Any]], dict[str, Any]]
_HEADERS = {"Content-Type": "application/json"}
_LABEL = re.compile(r"\{(\w+)\}")


class AnsweredError(Exception):
    """An error with members of its own, such as RestApiClientException with the status of the REST API.

    :param code: AWS's exception name.
    :param status: HTTP status.
    :param members: the error's members.
    """

    def __init__(self, code: str, status: int, members: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.members = members


class RestJsonService:
    """One service: a request becomes the call of a method named like the operation in snake case.

    :param model: botocore's service name.
    :param operations: gives the object with the methods; a method that is missing is an operation not served.
    """

    def __init__(self, model: str, operations: Callable[[], object]) -> None:
        from moto.core.utils import get_service_model

        self._model: Any = get_service_model(model)
        self._operations = operations
        self._routes = [
            (operation.http["method"], _pattern(operation.http["requestUri"]), operation)
            for operation in map(self._model.operation_model, self._model.operation_names)
        ]

    def __call__(self, request: Any, full_url: str, headers: Mapping[str, str]) -> HttpResponse:
        """Answer one request, in the form that moto's Flask application takes.

        :raises AwsError: the operation is unknown or the request wrong.
        """
        operation, labels = self._route(request)
        method: Operation | None = getattr(self._operations(), _snake_case(operation.name), None)
        if method is None:
            message = f"{operation.name} is not served by Sluice's local AWS; see docs/local-aws.md"
            raise AwsError("UnknownOperationException", message, 404)
        found = self._parameters(operation, labels, request)
        problems = list(violations(operation.input_shape, found))
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise AwsError("ValidationException", count + "; ".join(problems))
        try:
            answer = method(caller_of(request.headers), found)
        except AnsweredError as error:
            return error.status, _HEADERS | {"x-amzn-errortype": error.code}, json.dumps(dict(error.members))
        return 200, dict(_HEADERS), json.dumps(answer)

    def _route(self, request: Any) -> tuple[Any, dict[str, str]]:
        for method, pattern, operation in self._routes:
            matched = pattern.fullmatch(request.path)
            if matched and request.method == method:
                return operation, {name: unquote(value) for name, value in matched.groupdict().items()}
        raise AwsError("UnknownOperationException", f"{request.method} {request.path} is no path of this service", 404)

    def _parameters(self, operation: Any, labels: Mapping[str, str], request: Any) -> dict[str, Any]:
        text = request.get_data(as_text=True)
        try:
            body = json.loads(text) if text else {}
        except ValueError as error:
            raise AwsError("SerializationException", f"The request's body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise AwsError("SerializationException", "The request's body is not a JSON object")
        found: dict[str, Any] = dict(body) | dict(labels)
        for name, shape in operation.input_shape.members.items():
            wire_name = shape.serialization.get("name", name)
            if shape.serialization.get("location") != "querystring" or wire_name not in request.args:
                continue
            if shape.type_name == "list":
                found[name] = request.args.getlist(wire_name)
            elif shape.type_name == "integer":
                found[name] = _integer(name, request.args[wire_name])
            else:
                found[name] = request.args[wire_name]
        return found


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise AwsError("ValidationException", f"{name}: {text!r} is no number") from error


def _pattern(uri: str) -> re.Pattern[str]:
    # A label may hold slashes (an ARN): they arrive decoded.
    return re.compile(_LABEL.sub(r"(?P<\1>.+)", uri))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
