"""Where requests to CloudFormation go."""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.base_backend import BaseBackend

from local.services.cloudformation.responses import CloudFormationResponse


class _Paths:
    url_bases: ClassVar[list[str]] = [r"https?://cloudformation\.(.+)\.amazonaws\.com"]
    url_paths: ClassVar[dict[str, Any]] = {"{0}/$": CloudFormationResponse.dispatch}


class StacksBackend(BaseBackend):
    """Holds nothing: `local.services.cloudformation.state` stores the stacks in files."""

    @property
    def _url_module(self) -> Any:
        return _Paths
