"""What the command line does: bring a local AWS up, take it down, throw it away, tell how it is."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local import artifacts, control_plane, laptop_airflow
from local.clients import service_client
from local.environment import write_airflow_variables, write_profiles, write_shell_file
from local.errors import LocalAwsError
from local.mwaa_runtime.components import API_SERVER
from local.processes import exclusive
from local.services.s3 import seaweedfs
from local.settings import SETTINGS_FILE, LocalSettings, load_settings, port_is_free, with_new_ports

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ServerStatus:
    """:param pid: None when it does not run.
    :param healthy: whether it answers.
    """

    name: str
    pid: int | None
    port: int | None
    healthy: bool


def up(settings: LocalSettings, progress: Progress = print) -> LocalSettings:
    """Start what is not running, deploy the template, upload artifacts. Doing it again changes nothing.

    :param progress: receives one line per finished step.
    :returns: the settings; ports that somebody else has taken meanwhile are new ones.
    :raises LocalAwsError: a step failed; the message says which and why.
    """
    with exclusive(settings.state_dir), ThreadPoolExecutor(max_workers=4) as steps:
        settings = _with_usable_ports(settings, progress)
        database = steps.submit(_create_airflow_database, settings, progress)
        _start_servers(settings, steps, progress)
        try:
            outputs = _deploy(settings, progress)
        except (BotoCoreError, ClientError) as error:
            raise LocalAwsError(
                f"The deployment failed: {error}. `python -m local logs` shows the servers' side."
            ) from error
        database.result()
        _prepare_airflow(settings, outputs, progress)
    return settings


def ui(settings: LocalSettings, progress: Progress = print) -> tuple[str, str, str]:
    """Start Airflow's web interface with everything behind it; `up` first, so that it has the newest files.

    :param progress: receives one line per finished step.
    :returns: address, user and password.
    :raises LocalAwsError: a step failed; the message says which and why.
    """
    settings = up(settings, progress)
    with exclusive(settings.state_dir):
        webserver, airflow = laptop_airflow.start(settings, progress)
    return (webserver.url, *airflow.login)


def stop_ui(settings: LocalSettings, progress: Progress = print) -> None:
    """Stop Airflow and leave the local AWS running."""
    with exclusive(settings.state_dir):
        _stop_airflow(settings, progress)


def _stop_airflow(settings: LocalSettings, progress: Progress) -> None:
    if laptop_airflow.stop(settings):
        progress("stopped Airflow")


def down(settings: LocalSettings, progress: Progress = print) -> None:
    """Stop every process. State stays on disk."""
    with exclusive(settings.state_dir):
        _stop_servers(settings, progress)


def reset(settings: LocalSettings, progress: Progress = print) -> None:
    """Stop every process and delete the state folder with all data.

    :raises LocalAwsError: the folder is not a state folder of ours.
    """
    folder = settings.state_dir
    if not (folder / SETTINGS_FILE).exists():
        raise LocalAwsError(f"{folder} has no {SETTINGS_FILE}, so it is not a state folder; nothing was deleted.")
    with exclusive(folder):
        _stop_servers(settings, progress)
        shutil.rmtree(folder)
    progress(f"deleted {folder}")


def status(settings: LocalSettings) -> list[ServerStatus]:
    """How each server is."""
    servers: list[tuple[str, int | None, int, Callable[[LocalSettings], bool]]] = [
        (
            "control-plane",
            control_plane.server(settings).pid(),
            settings.control_plane_port,
            control_plane.is_ready,
        ),
        ("s3", seaweedfs.server(settings).pid(), settings.s3_port, seaweedfs.is_ready),
        ("postgres", _postgres_pid(settings), settings.postgres_port, lambda _: True),
    ]
    states = [
        ServerStatus(name, pid, port, pid is not None and is_ready(settings)) for name, pid, port, is_ready in servers
    ]
    webserver, components = laptop_airflow.status(settings)
    port = urlsplit(webserver.url).port if webserver else None
    for component in components:
        listens = port if component.name == API_SERVER else None
        states.append(ServerStatus(f"airflow {component.name}", component.pid, listens, component.healthy))
    return states


def log_files(settings: LocalSettings) -> dict[str, Path]:
    """Where each server writes, by the names that `logs` takes."""
    from local.services.redshift import postgres

    return {
        "control-plane": control_plane.server(settings).log_file,
        "s3": seaweedfs.server(settings).log_file,
        "postgres": postgres.log_file(settings),
        **laptop_airflow.log_files(settings),
    }


def _start_servers(settings: LocalSettings, steps: ThreadPoolExecutor, progress: Progress) -> None:
    servers: list[tuple[str, Callable[[LocalSettings], object], int]] = [
        ("S3 (SeaweedFS)", seaweedfs.start, settings.s3_port),
        ("Redshift engine (Postgres)", _start_postgres, settings.postgres_port),
        ("control plane", control_plane.start, settings.control_plane_port),
    ]
    started: list[Future[None]] = [
        steps.submit(_timed, name, start, settings, port, progress) for name, start, port in servers
    ]
    for future in started:
        future.result()


def _start_postgres(settings: LocalSettings) -> None:
    from local.services.redshift import postgres

    try:
        postgres.start(settings)
    except postgres.PostgresError as error:
        raise LocalAwsError(str(error)) from error


def _stop_postgres(settings: LocalSettings) -> bool:
    from local.services.redshift import postgres

    if not postgres.is_running(settings):
        return False
    try:
        postgres.stop(settings)
    except postgres.PostgresError as error:
        raise LocalAwsError(str(error)) from error
    return True


def _postgres_pid(settings: LocalSettings) -> int | None:
    from local.services.redshift import postgres

    if not postgres.is_running(settings):
        return None
    first_line = (settings.state_dir / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
    return int(first_line)


def _timed(
    name: str, start: Callable[[LocalSettings], object], settings: LocalSettings, port: int, progress: Progress
) -> None:
    begin = time.monotonic()
    start(settings)
    progress(f"{name} on port {port} ({time.monotonic() - begin:.1f} s)")


def _deploy(settings: LocalSettings, progress: Progress) -> dict[str, str]:
    outputs: dict[str, str] = {}
    if importlib.util.find_spec("local.stack") is not None:
        from local import stack

        begin = time.monotonic()
        outputs = stack.deploy(settings, progress)
        stack.deploy_further(settings, progress)
        progress(f"stacks {stack.stack_name(settings)} and what is beside it ({time.monotonic() - begin:.1f} s)")
        changed = artifacts.upload(settings, service_client("s3", settings))
        progress(f"artifacts ({changed} changed)")
    iam = service_client("iam", settings)
    roles = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    write_profiles(settings, roles, outputs)
    return outputs


def _prepare_airflow(settings: LocalSettings, outputs: Mapping[str, str], progress: Progress) -> None:
    if laptop_airflow.is_installed():
        laptop_airflow.prepare(settings, outputs, progress)
    else:
        write_airflow_variables(settings, {})
    progress(f"environment in {write_shell_file(settings)}")


def _create_airflow_database(settings: LocalSettings, progress: Progress) -> None:
    if laptop_airflow.is_installed() and laptop_airflow.create_database(settings):
        progress("Airflow database")


def _stop_servers(settings: LocalSettings, progress: Progress) -> None:
    # Airflow first, then the control plane, whose engines use the other two while they end.
    _stop_airflow(settings, progress)
    if control_plane.stop(settings):
        progress("stopped control plane")
    engines = {"S3": seaweedfs.stop, "Redshift engine": _stop_postgres}
    with ThreadPoolExecutor(max_workers=len(engines)) as stopping:
        stopped = {name: stopping.submit(stop, settings) for name, stop in engines.items()}
    for name, future in stopped.items():
        if future.result():
            progress(f"stopped {name}")


def _with_usable_ports(settings: LocalSettings, progress: Progress) -> LocalSettings:
    """Other ports in place of those that somebody else listens on while our server is down."""
    taken = _taken_ports(settings)
    if not taken:
        return settings
    progress(f"ports of {', '.join(sorted(taken))} are in use by another program; taking new ones")
    # Every server knows the others' ports: all must read the new ones.
    _stop_servers(settings, progress)
    settings = with_new_ports(settings, taken | _taken_ports(settings))
    settings.save()
    return settings


def _taken_ports(settings: LocalSettings) -> set[str]:
    taken = set()
    if control_plane.server(settings).pid() is None and not port_is_free(settings.control_plane_port):
        taken.add("control_plane_port")
    if seaweedfs.server(settings).pid() is None:
        if not port_is_free(settings.s3_port):
            taken.add("s3_port")
        if not all(port_is_free(port) for port in settings.s3_internal_ports):
            taken.add("s3_internal_ports")
    if _postgres_pid(settings) is None and not port_is_free(settings.postgres_port):
        taken.add("postgres_port")
    return taken


def running_settings(state_dir: Path | None = None) -> LocalSettings:
    """Settings of a local AWS that is up.

    :raises LocalAwsError: it is not up.
    """
    settings = load_settings(state_dir)
    if not control_plane.is_ready(settings):
        raise LocalAwsError(f"No local AWS runs on {settings.state_dir}. Start it: python -m local up")
    return settings
