"""Where one local AWS lives: its state folder, its ports, its names."""

from __future__ import annotations

import json
import os
import random
import socket
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from local.errors import LocalAwsError

REPOSITORY = Path(__file__).resolve().parent.parent
AIRFLOW_RUNTIME = REPOSITORY / ".venv" / "airflow"
HOST = "127.0.0.1"
SETTINGS_FILE = "settings.json"

# Below Linux's ephemeral range (32768-60999) and macOS's (49152-65535): no outgoing connection takes one of these.
_PORT_RANGE = range(20000, 32000)


@dataclass(frozen=True)
class LocalSettings:
    """One local AWS, stored as ``<state>/settings.json``. Ports are picked free once and then kept.

    :param state_dir: folder that holds everything: data, logs, ports. Deleting it deletes the local AWS.
    :param control_plane_port: every AWS API except S3.
    :param s3_port: SeaweedFS' S3 gateway.
    :param s3_internal_ports: SeaweedFS' other listeners, in the order of ``services.s3.seaweedfs.INTERNAL_PORTS``.
    :param postgres_port: the Redshift engine.
    :param prefix: first part of every resource name, CloudFormation parameter of the same meaning.
    :param env: second part of every resource name.
    """

    state_dir: Path
    control_plane_port: int
    s3_port: int
    s3_internal_ports: tuple[int, ...]
    postgres_port: int
    prefix: str = "sluice"
    env: str = "dev"
    account_id: str = "123456789012"
    region: str = "us-east-1"

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.control_plane_port}"

    @property
    def s3_endpoint_url(self) -> str:
        return f"http://{HOST}:{self.s3_port}"

    def folder(self, name: str) -> Path:
        """``<state>/<name>``, created."""
        path = self.state_dir / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def name(self, resource: str) -> str:
        """The full name of one of our resources: ``glue`` -> ``sluice-dev-glue``."""
        return f"{self.prefix}-{self.env}-{resource}"

    def role_arn(self, role: str) -> str:
        """:param role: role name without prefix, such as ``lake-admin``."""
        return f"arn:aws:iam::{self.account_id}:role/{self.name(role)}"

    def save(self) -> None:
        content = {name: str(value) if name == "state_dir" else value for name, value in asdict(self).items()}
        path = self.folder("") / SETTINGS_FILE
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(content, indent=2) + "\n")
        draft.replace(path)


def state_folder(given: Path | None = None) -> Path:
    """The state folder: the given one, else ``$SLUICE_STATE``, else ``.sluice`` in the repository."""
    if given is not None:
        return given.expanduser().resolve()
    named = os.environ.get("SLUICE_STATE")
    return Path(named).expanduser().resolve() if named else REPOSITORY / ".sluice"


def load_settings(state_dir: Path | None = None) -> LocalSettings:
    """Settings of a state folder; a folder without any gets new ones with free ports.

    :raises LocalAwsError: the settings file is not one of ours, or a new one cannot be written.
    """
    folder = state_folder(state_dir)
    path = folder / SETTINGS_FILE
    if not path.exists():
        settings = _new_settings(folder)
        try:
            settings.save()
        except OSError as error:
            raise LocalAwsError(
                f"{folder} cannot be written ({error.strerror}). Name another folder: --state FOLDER, or $SLUICE_STATE."
            ) from error
        return settings
    try:
        stored = json.loads(path.read_text())
        known = {field.name for field in fields(LocalSettings)}
        values = {name: value for name, value in stored.items() if name in known}
        # The folder may have been moved: where it is now counts, not where it was made.
        values |= {"state_dir": folder, "s3_internal_ports": tuple(stored["s3_internal_ports"])}
        return LocalSettings(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise LocalAwsError(
            f"{path} cannot be read ({error}). Delete that file to get new ports; your data stays in the folder."
        ) from error


def with_new_ports(settings: LocalSettings, names: set[str]) -> LocalSettings:
    """The same local AWS on other ports, for those that somebody else has taken meanwhile.

    :param names: fields of LocalSettings to pick anew.
    """
    chosen: dict[str, int | tuple[int, ...]] = {}
    for name in sorted(names):
        if name == "s3_internal_ports":
            chosen[name] = tuple(free_ports(len(settings.s3_internal_ports)))
        else:
            chosen[name] = free_ports(1)[0]
    return replace(settings, **chosen)  # type: ignore[arg-type]


def free_ports(count: int) -> list[int]:
    """Distinct ports of 127.0.0.1 that nobody listens on.

    :raises LocalAwsError: not enough of them.
    """
    free: list[int] = []
    candidates = list(_PORT_RANGE)
    random.SystemRandom().shuffle(candidates)
    for port in candidates:
        if port_is_free(port):
            free.append(port)
            if len(free) == count:
                return free
    raise LocalAwsError(f"No {count} free ports between {_PORT_RANGE.start} and {_PORT_RANGE.stop} on {HOST}.")


def port_is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: without it a port in TIME_WAIT after a restart would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _new_settings(folder: Path) -> LocalSettings:
    ports = free_ports(10)
    return LocalSettings(
        state_dir=folder,
        control_plane_port=ports[0],
        s3_port=ports[1],
        postgres_port=ports[2],
        s3_internal_ports=tuple(ports[3:]),
    )
