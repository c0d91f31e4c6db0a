"""The control plane's process: ``python -m local.server --state FOLDER``, started by ``python -m local up``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from local.errors import LocalAwsError
from local.settings import HOST, LocalSettings, load_settings

log = logging.getLogger(__name__)

_STOP_POLL_SECONDS = 0.1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.server", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder of the local AWS")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    _use_dummy_credentials_only()
    try:
        return _serve(load_settings(options.state))
    except LocalAwsError as error:
        log.error("%s", error)
        return 1


def _serve(settings: LocalSettings) -> int:
    from werkzeug.serving import make_server

    from local import persistence, services
    from local.dispatch import ControlPlane
    from local.request_handler import QuietRequestHandler

    services.install_all(settings)
    snapshots = persistence.activate(settings)
    snapshots.restore(services.backends_named)
    application = ControlPlane(settings, snapshots)
    port = settings.control_plane_port
    server = make_server(HOST, port, application, threaded=True, request_handler=QuietRequestHandler)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever(), which runs in this very thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("serving %s", settings.endpoint_url)
    server.serve_forever(poll_interval=_STOP_POLL_SECONDS)
    services.close_all()
    snapshots.save_all()
    log.info("stopped")
    # Engines' worker threads must not hold up the end: their state is on disk.
    logging.shutdown()
    os._exit(0)


def _use_dummy_credentials_only() -> None:
    """Real credentials of the user must not reach any client that a back end makes."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


if __name__ == "__main__":
    sys.exit(main())
