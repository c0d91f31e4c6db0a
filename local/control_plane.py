"""Start, stop and health of the control plane's process (`local.server` is what runs in it)."""

from __future__ import annotations

import http.client
import os
import sys

from local.processes import ServerProcess, wait_until_ready
from local.settings import HOST, REPOSITORY, LocalSettings

HEALTH_PATH = "/_sluice/health"
_START_SECONDS = 60


def server(settings: LocalSettings) -> ServerProcess:
    return ServerProcess("control-plane", settings.folder("servers"))


def start(settings: LocalSettings) -> None:
    """Start the control plane if it is not running, and wait until it answers."""
    process = server(settings)
    if process.pid() is not None and is_ready(settings):
        return
    process.stop()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "local.server", "--state", str(settings.state_dir)]
    process.start(command, environment, REPOSITORY)
    wait_until_ready(process, lambda: is_ready(settings), _START_SECONDS)


def is_ready(settings: LocalSettings) -> bool:
    """Whether the control plane of this very state folder answers on its port."""
    connection = http.client.HTTPConnection(HOST, settings.control_plane_port, timeout=5)
    try:
        connection.request("GET", HEALTH_PATH)
        return connection.getresponse().read().decode() == str(settings.state_dir)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(settings: LocalSettings) -> bool:
    """:returns: whether it was running."""
    return server(settings).stop()
