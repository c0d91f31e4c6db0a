"""InvokeRestApi: the call goes to the API server of the environment's own, real Airflow.

Source of the errors: botocore's model. RestApiClientException (the API answered 4xx) and RestApiServerException (5xx or
no answer) both come as HTTP 400, so that clients do not retry, and carry the API's status and answer.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.errors import LocalAwsError
from local.services.mwaa.airflow import AirflowUnavailable, RunningAirflows
from local.services.mwaa.models import Environment
from local.services.mwaa.rules import invalid
from local.services.mwaa.server import AnsweredError

_API = "/api/v2"
_ANSWER_SECONDS = 30
# Less than the 60 s after which a client gives a call up.
_START_SECONDS = 50
_HTTP_UNAUTHORIZED = 401
_HTTP_BAD_REQUEST = 400
_HTTP_SERVER_ERROR = 500
_HTTP_UNAVAILABLE = 503


class RestApi:
    """:param airflows: the Airflow of each environment."""

    def __init__(self, airflows: RunningAirflows) -> None:
        self._airflows = airflows
        self._tokens: dict[str, str] = {}

    def invoke(self, environment: Environment, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call the REST API of an environment.

        :param environment: an environment that is in force.
        :param request: members of InvokeRestApi.
        :raises AnsweredError: the API answered with an error, or not at all.
        :raises AwsError: ValidationException: a path that is none.
        """
        path = request["Path"]
        if not path.startswith("/") or "?" in path or ".." in path.split("/"):
            raise invalid(f"Path {path!r}: a path of the REST API is expected, such as /dags; see QueryParameters")
        query = urlencode(request.get("QueryParameters") or {}, doseq=True)
        target = _API + path + (f"?{query}" if query else "")
        try:
            status, answer = self._call(environment, request["Method"], target, request.get("Body"))
        except (AirflowUnavailable, LocalAwsError, OSError, http.client.HTTPException) as error:
            unavailable = {"RestApiStatusCode": _HTTP_UNAVAILABLE, "RestApiResponse": {"detail": str(error)}}
            raise AnsweredError("RestApiServerException", 400, unavailable) from error
        members = {"RestApiStatusCode": status, "RestApiResponse": answer}
        if status >= _HTTP_SERVER_ERROR:
            raise AnsweredError("RestApiServerException", 400, members)
        if status >= _HTTP_BAD_REQUEST:
            raise AnsweredError("RestApiClientException", 400, members)
        return members

    def _call(self, environment: Environment, method: str, target: str, body: Any) -> tuple[int, Any]:
        url, new_token = self._airflows.webserver(environment, _START_SECONDS)
        for token in (self._tokens.get(url), None):
            if token is None:
                token = self._tokens[url] = new_token()
            status, answer = _request(url, method, target, body, {"Authorization": f"Bearer {token}"})
            if status != _HTTP_UNAUTHORIZED:
                break
        return status, answer


def _request(url: str, method: str, target: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, target, content, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        return response.status, _parsed(text)
    finally:
        connection.close()


def _parsed(text: str) -> Any:
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text
