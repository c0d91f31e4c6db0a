"""Serves redshift-data and redshift-serverless inside the control plane, both over JSON 1.1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.errors import AwsError
from local.identity import Caller, caller_of
from local.services.redshift.postgres import PostgresError

Operation = Callable[[Caller, Mapping[str, Any]], dict[str, Any]]
HttpResponse = tuple[int, dict[str, str], str]

_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}


class JsonService:
    """One service: its operations by name, checked against botocore's model."""

    def __init__(self, service: str, api: object) -> None:
        self._model = ServiceModel(Loader().load_service_model(service, "service-2"))
        self._operations: dict[str, Operation] = {}
        for name in self._model.operation_names:
            method = getattr(api, _snake_case(name), None)
            if method is not None:
                self._operations[name] = method

    def call(self, name: str, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """:raises AwsError: the operation is unknown or the request wrong"""
        operation = self._operations.get(name)
        if operation is None:
            raise AwsError("UnknownOperationException", f"{name} is not served by the local AWS")
        errors = ParamValidator().validate(request, self._model.operation_model(name).input_shape)
        if errors.has_errors():
            raise AwsError("ValidationException", errors.generate_report())
        return {key: value for key, value in operation(caller, request).items() if value is not None}


class Dispatcher:
    """Routes by X-Amz-Target; the one entry that the control plane calls for both services."""

    def __init__(self, services: Mapping[str, JsonService]) -> None:
        """:param services: by target prefix, such as RedshiftData"""
        self._services = services

    def __call__(self, request: Any, full_url: str, headers: Mapping[str, str]) -> HttpResponse:
        target = str(request.headers.get("X-Amz-Target", ""))
        prefix, _, name = target.partition(".")
        service = self._services.get(prefix)
        if service is None:
            raise AwsError("UnknownOperationException", f"unknown operation {target!r}")
        try:
            body = json.loads(request.get_data() or b"{}")
            response = service.call(name, caller_of(request.headers), body)
        except PostgresError as error:
            raise AwsError("ValidationException", str(error)) from error
        except psycopg.OperationalError as error:
            # not a 5xx: botocore would retry for seconds what only a restart heals
            message = f"PostgreSQL does not answer: {error}. Is it running (python -m local status)?"
            raise AwsError("DatabaseConnectionException", message) from error
        return 200, dict(_HEADERS), json.dumps(response)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
