"""boto3 clients of the roles that jobs and crawlers run as, made once: making one takes longer than most calls."""

from __future__ import annotations

import threading
from typing import Any

from local.clients import service_client
from local.settings import LocalSettings

# For crawlers, which read several files at once
CONNECTIONS = 8


class RoleClients:
    """Clients by service and role. A role's key never changes, and clients may be shared between threads."""

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        self.clients: dict[tuple[str, str], Any] = {}
        self.lock = threading.Lock()

    def client(self, service: str, role: str) -> Any:
        """:param role: name of the IAM role"""
        with self.lock:
            if (service, role) not in self.clients:
                made = service_client(service, self.settings, principal=role, max_pool_connections=CONNECTIONS)
                self.clients[(service, role)] = made
            return self.clients[(service, role)]
