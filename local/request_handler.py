"""HTTP handling of the control plane's server."""

from __future__ import annotations

from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler


class QuietRequestHandler(MotoRequestHandler):
    """moto's handler without its access log: `local.dispatch` logs the caller and the action instead of a bare path."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Nothing: see the class."""
