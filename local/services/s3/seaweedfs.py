"""The S3 server: SeaweedFS, with settings measured for a laptop (docs/local-aws/core.md says why each is there)."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
from pathlib import Path

from local.errors import LocalAwsError
from local.processes import ServerProcess, wait_until_ready
from local.services.s3 import identities
from local.settings import HOST, LocalSettings

# Names of LocalSettings.s3_internal_ports, in order.
INTERNAL_PORTS = ("s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc")

_START_SECONDS = 60
# By itself it ends after 15 s, and never with a full disk. A kill loses nothing: 2029 acknowledged writes checked.
_GRACE_SECONDS = 0.5
# One copy of everything: SeaweedFS otherwise grows seven volumes at a bucket's first write.
_ONE_COPY = "[master.volume_growth]\ncopy_1 = 1\ncopy_2 = 1\ncopy_3 = 1\ncopy_other = 1\n"
# Longest path of a Unix socket (macOS: 104 bytes with the final zero; Linux: 108).
_SOCKET_PATH_BYTES = 103
_READINESS_PATH = "/sluice-readiness/probe"


def server(settings: LocalSettings) -> ServerProcess:
    return ServerProcess("seaweedfs", settings.folder("servers"))


def identities_file(settings: LocalSettings) -> Path:
    return settings.state_dir / "seaweedfs" / "s3.json"


def audit_socket(settings: LocalSettings) -> Path | None:
    """Where SeaweedFS reports every request; None when the path is too long for a socket."""
    path = settings.folder("seaweedfs") / "audit.sock"
    return path if _fits_socket(path) else None


def start(settings: LocalSettings) -> None:
    """Start SeaweedFS if it is not running, and wait until it accepts writes.

    :raises LocalAwsError: the wheel is missing or the server does not start.
    """
    process = server(settings)
    if process.pid() is not None and not process.was_moved() and is_ready(settings):
        return
    process.stop()
    folder = settings.folder("seaweedfs")
    settings.folder("seaweedfs/data")
    settings.folder("seaweedfs/configuration").joinpath("master.toml").write_text(_ONE_COPY)
    identities.without_disabled(identities_file(settings))
    _write_audit_configuration(settings)
    process.start(_command(settings), _environment(folder), folder)
    # Ready means that a write succeeds: the gateway lists buckets before the volume server has registered.
    wait_until_ready(process, lambda: is_ready(settings), _START_SECONDS)


def is_ready(settings: LocalSettings) -> bool:
    """Whether the S3 gateway answers and a write succeeds."""
    filer_port = settings.s3_internal_ports[INTERNAL_PORTS.index("filer")]
    return _status(settings.s3_port, "GET", "/healthz") == 200 and _status(filer_port, "PUT", _READINESS_PATH) == 201


def stop(settings: LocalSettings) -> bool:
    """:returns: whether it was running."""
    return server(settings).stop(_GRACE_SECONDS)


def _status(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request(method, path, body=b"ready" if method == "PUT" else None)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _command(settings: LocalSettings) -> list[str]:
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        raise LocalAwsError(f"{weed} is missing: run `make setup` to install the local AWS's packages.")
    folder = settings.state_dir / "seaweedfs"
    ports = dict(zip(INTERNAL_PORTS, settings.s3_internal_ports, strict=True))
    options = {
        "dir": folder / "data",
        "ip": HOST,
        "ip.bind": HOST,
        "master.port": ports["master"],
        "master.port.grpc": ports["master_grpc"],
        # A single master elects itself at once. Otherwise it first looks for others for 1.5 to 1.9 s, and when the
        # volume server registers in that very moment, it tries again only 5 s later.
        "master.peers": "none",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 256,
        "master.electionTimeout": "1s",
        "volume.port": ports["volume"],
        "volume.port.grpc": ports["volume_grpc"],
        "volume.max": 500,
        "volume.minFreeSpace": "1GiB",
        "volume.preStopSeconds": 0,
        "filer": "true",
        "filer.port": ports["filer"],
        "filer.port.grpc": ports["filer_grpc"],
        "s3": "true",
        "s3.port": settings.s3_port,
        "s3.port.grpc": ports["s3_grpc"],
        "s3.config": identities_file(settings),
        # Its own IAM API; with it, attached policies are not read again on SIGHUP.
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "s3.allowDeleteBucketNotEmpty": "false",
    }
    if audit_socket(settings) is not None:
        options["s3.auditLogConfig"] = _audit_configuration(settings)
    for part in ("filer", "s3"):
        socket = folder / f"{part}.sock"
        if _fits_socket(socket):
            options[f"{part}.localSocket"] = socket
    general = ["-logtostderr=true", f"-config_dir={folder / 'configuration'}"]
    return [str(weed), *general, "server", *(f"-{name}={value}" for name, value in options.items())]


def _audit_configuration(settings: LocalSettings) -> Path:
    return settings.state_dir / "seaweedfs" / "audit.json"


def _write_audit_configuration(settings: LocalSettings) -> None:
    """Fluentd's forward protocol as JSON; what cannot be delivered is dropped, so S3 never waits for it."""
    content = {
        "fluent_network": "unix",
        "fluent_socket_path": str(audit_socket(settings)),
        "marshal_as_json": True,
        "buffer_limit": 65536,
    }
    _audit_configuration(settings).write_text(json.dumps(content))


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    sockets = folder / "sockets"
    if _fits_socket(sockets / "seaweedfs-volume-grpc-65535.sock"):
        sockets.mkdir(exist_ok=True)
        kept["TMPDIR"] = str(sockets)
    return kept | {
        # A bound, so that uploads do not take a gigabyte. Not lower: at 192 MiB the idle server already touches it and
        # spends 7 % of a core collecting garbage; with this it is 0.3 %.
        "GOMEMLIMIT": "512MiB",
        # Without a key every request for server-side encryption (SSE-S3) fails.
        "WEED_S3_SSE_KEK": _encryption_key(folder),
    }


def _encryption_key(folder: Path) -> str:
    path = folder / "sse.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def _fits_socket(path: Path) -> bool:
    return len(os.fsencode(path)) <= _SOCKET_PATH_BYTES
