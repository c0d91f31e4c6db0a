"""HTTP side: Lake Formation speaks rest-json, one POST path per operation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.errors import AwsError
from local.identity import caller_of

from .call import Call
from .faults import Faults
from .models import LakeFormationBackend
from .operations import run
from .state import CHANGES

_served: Callable[[], tuple[LakeFormationBackend, Faults]] | None = None


def serve(backend: Callable[[], tuple[LakeFormationBackend, Faults]]) -> None:
    """Tell this module which back end answers, and what may fail (called by ``install``)."""
    global _served
    _served = backend


def respond(request: Any, _full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """Answer a request in the form moto's Flask application takes.

    :param request: werkzeug request
    :param headers: its headers
    :raises AwsError: refusals; the control plane writes them in the protocol's error format
    """
    operation = request.path.strip("/").rsplit("/", 1)[-1]
    if _served is None:
        raise RuntimeError("Lake Formation is not installed: call local.services.lakeformation.install() first")
    backend, faults = _served()
    caller = caller_of(headers)
    call = Call(
        backend.state, backend.catalog, backend.principals, backend.account_id, caller.arn, _body(request.get_data())
    )
    with CHANGES:
        answer = run(operation, call, faults)
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer)


def _body(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", "The request body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise AwsError("SerializationException", "The request body is not a JSON object.")
    return body
