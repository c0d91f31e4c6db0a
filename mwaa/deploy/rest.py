"""Airflow's REST API of an environment, through InvokeRestApi: signed with the caller's AWS credentials, no token."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from mwaa.deploy.errors import DeployError
from mwaa.deploy.target import Target

# A longer path is refused: RestApiPath of MWAA's API model. The log of a task instance has a longer one.
LONGEST_PATH = 64
_BUSY_SECONDS = 5.0
_PAGE = 100


class RestApi:
    """:param target: whose environment.
    :param deadline: monotonic time until which an API server that does not answer is asked again.
    """

    def __init__(self, target: Target, deadline: float) -> None:
        self._target = target
        self._deadline = deadline

    def call(self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None) -> Any:
        """Call it.

        :param method: HTTP method.
        :param path: below /api/v2.
        :param body: JSON.
        :param query: query parameters.
        :raises DeployError: it answered with an error, or not until the deadline.
        """
        if len(path) > LONGEST_PATH:
            raise DeployError(f"MWAA takes paths of {LONGEST_PATH} characters, {path} has {len(path)}")
        arguments: dict[str, Any] = {"Name": self._target.environment, "Method": method, "Path": path}
        arguments |= {"Body": body} if body is not None else {}
        arguments |= {"QueryParameters": query} if query else {}
        while True:
            try:
                return self._target.mwaa.invoke_rest_api(**arguments).get("RestApiResponse")
            except self._target.mwaa.exceptions.RestApiServerException as error:
                problem = f"{method} {path}: {_answer(error)}"
            except ReadTimeoutError:
                problem = f"{method} {path}: no answer in time"
            except ClientError as error:
                raise DeployError(f"{method} {path}: {_answer(error)}") from error
            if time.monotonic() > self._deadline:
                raise DeployError(problem)
            time.sleep(min(_BUSY_SECONDS, self._target.poll_seconds))

    def all(self, path: str, member: str) -> list[dict[str, Any]]:
        """Every item of a list.

        :param path: below /api/v2.
        :param member: name of the list in the answer.
        """
        items: list[dict[str, Any]] = []
        while True:
            answer = self.call("GET", path, query={"limit": _PAGE, "offset": len(items)})
            items += answer[member]
            if not answer[member] or len(items) >= answer["total_entries"]:
                return items


def _answer(error: ClientError) -> str:
    status = error.response.get("RestApiStatusCode")
    if status is None:
        return str(error)
    answer = error.response.get("RestApiResponse")
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    return f"HTTP {status}: {detail}"
