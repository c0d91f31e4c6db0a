"""The laptop's own Airflow: the repository's files as an MWAA environment, without a bucket in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from local.environment import airflow_home, container_variables, write_airflow_variables
from local.errors import LocalAwsError
from local.mwaa_options import environment_options, resolved_options, write_options
from local.mwaa_runtime import Deployment, MwaaRuntime, Webserver
from local.mwaa_runtime.components import ComponentStatus, process_names, process_of
from local.mwaa_runtime.database import migrate
from local.settings import AIRFLOW_RUNTIME, REPOSITORY, LocalSettings
from mwaa.archives import plugins_zip

Progress = Callable[[str], None]

# The only options in which the laptop differs from the environment's template, beside what the image's file
# (mwaa/image/3.3.1.toml, [laptop.options]) says about executor and web server.
OVERRIDES = {
    # Tasks at once; each is a process of 150 MB.
    "core.parallelism": "4",
    # How often a task asks whether its work in AWS is done. The local AWS answers at once and costs nothing.
    "lake.poll_seconds": "0.25",
    # How soon a new DAG file is seen; MWAA looks every five minutes.
    "dag_processor.refresh_interval": "10",
}
# `airflow dags test` runs tasks itself, as a worker does.
_SHELL_COMPONENT = "worker"


def is_installed() -> bool:
    """Whether this checkout has an Airflow runtime: the local AWS alone works without one."""
    return (AIRFLOW_RUNTIME / "bin" / "airflow").exists()


def runtime(settings: LocalSettings, options: Mapping[str, str], progress: Progress = print) -> MwaaRuntime:
    """The laptop's environment, made of the repository as it is now.

    :param options: ``AirflowConfigurationOptions``.
    """
    startup_script = REPOSITORY / "mwaa" / "startup.sh"
    return MwaaRuntime(
        Deployment(
            home=airflow_home(settings),
            dags=REPOSITORY / "dags",
            plugins=plugins_zip(REPOSITORY / "plugins"),
            requirements=REPOSITORY / "requirements.txt",
            startup_script=startup_script if startup_script.exists() else None,
            options=options,
            overrides=OVERRIDES,
            environment=container_variables(settings),
        ),
        progress,
    )


def create_database(settings: LocalSettings) -> bool:
    """Make or migrate the metadata database; needs no server, so it runs while those start.

    :returns: whether there was anything to do.
    """
    home = airflow_home(settings)
    environment = container_variables(settings) | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    return migrate(home, environment, process_of(home, "database").log_file)


def prepare(settings: LocalSettings, outputs: Mapping[str, str], progress: Progress) -> None:
    """Do what MWAA does before it starts Airflow, and write down the variables that came of it.

    :param progress: receives what MWAA would only have logged as a warning, loudly.
    :raises LocalAwsError: MWAA could not run an environment of these files.
    """
    options = environment_options(settings, outputs)
    airflow = runtime(settings, options, progress)
    report = airflow.prepare(_SHELL_COMPONENT)
    for warning in report.warnings:
        progress(f"WARNING: {warning}")
    if airflow.is_outdated():
        progress("Airflow still runs with what was here before: `make ui` starts it anew")
    write_options(settings, options)
    write_airflow_variables(settings, airflow.environment(_SHELL_COMPONENT))


def start(settings: LocalSettings, progress: Progress) -> tuple[Webserver, MwaaRuntime]:
    """Start the web interface, scheduler, DAG processor and triggerer, unless they run with this very environment.

    :param settings: of a local AWS that is up.
    :returns: where it answers, and the runtime (for user and password).
    :raises LocalAwsError: it did not start.
    """
    if not is_installed():
        raise LocalAwsError(f"No Airflow in {AIRFLOW_RUNTIME}: run `make setup`.")
    airflow = runtime(settings, resolved_options(settings), progress)
    return airflow.start_unless_same(), airflow


def stop(settings: LocalSettings) -> bool:
    """End it with every process it ever started.

    :returns: whether it ran.
    """
    return _by_home(settings).stop()


def status(settings: LocalSettings) -> tuple[Webserver | None, list[ComponentStatus]]:
    """How each component is; nothing when it was not started."""
    airflow = _by_home(settings)
    return airflow.webserver(), airflow.status() if airflow.was_started() else []


def log_files(settings: LocalSettings) -> dict[str, Path]:
    """Where each component writes."""
    return {name: process_of(airflow_home(settings), name).log_file for name in process_names()}


def _by_home(settings: LocalSettings) -> MwaaRuntime:
    """Enough to find and stop what runs."""
    return MwaaRuntime(Deployment(home=airflow_home(settings), dags=REPOSITORY / "dags"))
