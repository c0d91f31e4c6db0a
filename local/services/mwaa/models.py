"""What an environment is, and where environments are kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.base_backend import BaseBackend

from local.services.mwaa.server import RestJsonService

if TYPE_CHECKING:
    from local.services.mwaa.changes import Changes
    from local.services.mwaa.operations import Operations

# What GetEnvironment shows of the request, beside what the service adds itself.
_SHOWN_SEPARATELY = frozenset({"LoggingConfiguration"})


@dataclass
class Environment:
    """One environment.

    :ivar settings: the members of CreateEnvironment as they are in force.
    :ivar wanted: the settings that a running creation or update works towards.
    :ivar release: number of the set of files that is in force; each update makes the next.
    :ivar strategy: WorkerReplacementStrategy of the last update.
    """

    name: str
    arn: str
    settings: dict[str, Any]
    tags: dict[str, str]
    status: str = "CREATING"
    created_at: float = field(default_factory=time.time)
    last_update: dict[str, Any] = field(default_factory=dict)
    wanted: dict[str, Any] | None = None
    release: int = 0

    def described(self, log_groups: dict[str, Any], webserver_url: str | None) -> dict[str, Any]:
        """The Environment of GetEnvironment.

        :param log_groups: the logging configuration with the ARNs of its groups.
        :param webserver_url: where the web server answers; None while it does not run.
        """
        shown = {name: value for name, value in self.settings.items() if name not in _SHOWN_SEPARATELY}
        shown |= {
            "Name": self.name,
            "Arn": self.arn,
            "Status": self.status,
            "CreatedAt": self.created_at,
            "LoggingConfiguration": log_groups,
        }
        if webserver_url:
            shown["WebserverUrl"] = webserver_url
        if self.last_update:
            shown["LastUpdate"] = self.last_update
        if self.tags:
            shown["Tags"] = self.tags
        return shown


class MwaaBackend(BaseBackend):
    """The environments of one account and region."""

    operations: ClassVar[Operations]
    changes: ClassVar[Changes]

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start without environments."""
        super().__init__(region_name, account_id)
        self.environments: dict[str, Environment] = {}

    @property
    def flask_paths(self) -> dict[str, Any]:
        """Every path leads to the operations; they tell them apart by botocore's model."""
        return {"/<path:rest>": RestJsonService("mwaa", lambda: self.operations)}

    def after_restore(self) -> None:
        """Go on with the creations, updates and deletions that the end of the control plane interrupted."""
        self.changes.resume()
