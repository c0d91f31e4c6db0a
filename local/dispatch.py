"""The control plane's front door: who calls which action of which service, and what a refusal looks like."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from botocore.model import OperationNotFoundError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from local import services
from local.control_plane import HEALTH_PATH
from local.error_responses import error_response, json_error_response, unknown_action
from local.errors import AwsError
from local.identity import FOR_SOMEBODY_HEADER, Caller, caller_of
from local.persistence import Snapshots
from local.services import ServedService
from local.services.iam.admission import admit
from local.settings import LocalSettings

log = logging.getLogger(__name__)

_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/,\s]+/(?P<service>[^/,\s]+)/aws4_request")
_READS = re.compile(
    r"(Get|List|Describe|BatchGet|Head|Search|Filter|Lookup|Check|Validate|Simulate|Test|Estimate)(?![a-z])"
)
# Services that sign under another name than botocore's, so that even the refusal of one we do not serve can be read.
_MODELS_OF_OTHERS = {
    "airflow": "mwaa",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "email": "ses",
    "states": "stepfunctions",
}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class _Call:
    service: ServedService
    action: str
    caller: Caller

    @property
    def changes_state(self) -> bool:
        return _READS.match(self.action) is None and self.action not in ("GET", "HEAD")


class ControlPlane:
    """WSGI application that serves every AWS API except S3's data.

    :param settings: of this local AWS.
    :param snapshots: where changed state goes before a request is answered.
    """

    def __init__(self, settings: LocalSettings, snapshots: Snapshots) -> None:
        self._settings = settings
        self._snapshots = snapshots
        self._apps: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path == HEALTH_PATH:
            return Response(str(self._settings.state_dir), content_type="text/plain")(environ, start_response)
        started = time.monotonic()
        # The body must be read to its end even when it is refused, or it would be taken for the next request's head.
        request.get_data(cache=True, parse_form_data=False)
        response, who, what = self._answer(request)
        milliseconds = (time.monotonic() - started) * 1000
        log.info("%s %s -> %d in %.0f ms", who, what, response.status_code, milliseconds)
        return response(environ, start_response)

    def _answer(self, request: Request) -> tuple[Response, str, str]:
        signing_name = _signing_name(request)
        try:
            call = self._understand(request, signing_name)
        except AwsError as error:
            return _refusal(signing_name, request, error), "unknown caller", f"{signing_name} {request.path}"
        what = f"{call.service.signing_name}.{call.action}"
        return self._serve(call, request), call.caller.name, what

    def _understand(self, request: Request, signing_name: str | None) -> _Call:
        caller = caller_of(_with_presigned_credential(request))
        if signing_name is None:
            raise AwsError("IncompleteSignatureException", "The request's signature names no service.", 403)
        service = services.served(signing_name)
        if service is None:
            known = ", ".join(services.served_names())
            message = f"{signing_name} is not served by Sluice's local AWS (served: {known}); see docs/local-aws.md"
            raise AwsError("UnknownOperationException", message)
        action = _action(request)
        if not services.serves_action(signing_name, action):
            raise unknown_action(service.model, action, request)
        return _Call(service, action, caller)

    def _serve(self, call: _Call, request: Request) -> Response:
        try:
            admit(call.service.signing_name, call.service.model, call.action, call.caller, request)
            response = self._run(call, request)
            if call.changes_state and response.status_code < 500:
                self._snapshots.save(call.service.backends.service_name)
        except AwsError as error:
            return error_response(call.service.model, call.action, request, error)
        except Exception as error:
            # Ours to fix. The traceback goes to the log, the sentence to the caller.
            log.exception("%s.%s failed", call.service.signing_name, call.action)
            message = f"{type(error).__name__} in the local AWS: {error}. The traceback is in `python -m local logs`."
            return error_response(call.service.model, call.action, request, AwsError("InternalFailure", message, 500))
        return response

    def _run(self, call: _Call, request: Request) -> Response:
        app = self._app(call.service)
        try:
            return Response.from_app(app, _replayed(request))
        except (NotImplementedError, OperationNotFoundError, NotFound, MethodNotAllowed) as error:
            log.info("not served: %s.%s (%s)", call.service.signing_name, call.action, error)
            raise unknown_action(call.service.model, call.action, request) from error

    def _app(self, service: ServedService) -> Callable[..., Any]:
        with self._lock:
            if service.signing_name not in self._apps:
                self._apps[service.signing_name] = _flask_app(service)
            app: Callable[..., Any] = self._apps[service.signing_name]
            return app


def _flask_app(service: ServedService) -> Any:
    """One service's back end as a Flask application, as ``moto.moto_server.werkzeug_app.create_backend_app`` builds it.

    Ours looks no name up (services that moto lacks work too), sends no CORS headers (so that no web page can call the
    local AWS), and lets exceptions through to `ControlPlane`.
    """
    from flask import Flask
    from moto.core.utils import convert_to_flask_response
    from moto.moto_server.utilities import RegexConverter
    from moto.moto_server.werkzeug_app import HTTP_METHODS, BackendRequest
    from werkzeug.routing import Map

    app = Flask(service.signing_name, static_folder=None)
    app.request_class = BackendRequest
    app.testing = True  # let exceptions through
    app.view_functions = {}
    app.url_map = Map()
    app.url_map.converters["regex"] = RegexConverter
    # Regions are not told apart in the URLs: any back end knows them all.
    account = service.backends["123456789012"]
    backend = account["us-east-1"] if "us-east-1" in account else account["aws"]
    for position, (path, handler) in enumerate(backend.flask_paths.items()):
        if path:
            view = convert_to_flask_response(handler)
            app.add_url_rule(path, f"{position}", view, methods=HTTP_METHODS, strict_slashes=False)  # type: ignore[arg-type]

    def let_through(error: HTTPException) -> HTTPException:
        if isinstance(error, NotFound | MethodNotAllowed):
            raise error
        return error

    app.register_error_handler(HTTPException, let_through)  # type: ignore[arg-type]
    return app


def _refusal(signing_name: str | None, request: Request, error: AwsError) -> Response:
    if signing_name is None:
        return json_error_response(error)
    service = services.served(signing_name)
    model = service.model if service else _MODELS_OF_OTHERS.get(signing_name, signing_name)
    return error_response(model, _action(request), request, error)


def _signing_name(request: Request) -> str | None:
    signed = _CREDENTIAL.search(_with_presigned_credential(request).get("Authorization", ""))
    return signed["service"].lower() if signed else None


def _with_presigned_credential(request: Request) -> dict[str, str]:
    """The headers that name the caller, where a presigned URL's credential stands in the place of a signature's."""
    presigned = request.args.get("X-Amz-Credential")
    if presigned and "Authorization" not in request.headers:
        return {"Authorization": f"AWS4-HMAC-SHA256 Credential={presigned}"}
    names = ("Authorization", FOR_SOMEBODY_HEADER)
    return {name: request.headers[name] for name in names if name in request.headers}


def _action(request: Request) -> str:
    """The action's name: from the target header, the form, a CBOR path, or else the REST path's last part."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    form = request.get_data(as_text=True) if (request.content_type or "").startswith(_FORM) else ""
    for source in (form, request.query_string.decode("ascii", "replace")):
        named = parse_qs(source).get("Action")
        if named:
            return named[0]
    last = request.path.rstrip("/").rsplit("/", 1)[-1]
    return last if re.fullmatch(r"[A-Z][A-Za-z]+", last) else request.method


def _replayed(request: Request) -> WSGIEnvironment:
    """The request's environment with its body at the start again, since `ControlPlane` has read it."""
    import io

    environ = request.environ
    environ["wsgi.input"] = io.BytesIO(request.get_data())
    # Only werkzeug's own marks of the consumed request: moto builds a request of its own from the environment.
    environ.pop("werkzeug.request", None)
    return environ
