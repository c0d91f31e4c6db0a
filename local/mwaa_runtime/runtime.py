"""One environment on this machine: prepared from its parts, started, looked at, stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from local.errors import LocalAwsError
from local.mwaa_runtime import components, database, plugins, requirements, startup
from local.mwaa_runtime.configuration import compose, ignored_exports, option_variables
from local.mwaa_runtime.deployment import Deployment, PreparationError, PreparationReport
from local.mwaa_runtime.image import Image, load_image
from local.mwaa_runtime.keys import ADMIN, Keys, keys_of, passwords_file, token_for
from local.settings import AIRFLOW_RUNTIME, HOST, free_ports

Progress = Callable[[str], None]
_HEALTHY_SECONDS = 180.0
_EXECUTOR = Path(__file__).parent / "scheduler_path"


@dataclass(frozen=True)
class Webserver:
    """A running API server and web interface.

    :param url: without a path.
    :param pid: of the API server.
    """

    url: str
    pid: int


class MwaaRuntime:
    """Airflow as MWAA runs it, made of one deployment.

    :param deployment: the environment's parts.
    :param progress: receives a line per finished step.
    """

    def __init__(self, deployment: Deployment, progress: Progress = lambda _line: None) -> None:
        self.deployment = deployment
        self._progress = progress
        self._startup: dict[str, startup.StartupResult] = {}

    # --- files and variables -----------------------------------------------------------------------------------------

    def prepare(self, component: str = "worker") -> PreparationReport:
        """Unpack plugins, install requirements, source startup.sh once, migrate the database.

        :param component: for which startup.sh is sourced.
        :returns: what MWAA would only log.
        :raises PreparationError: plugins.zip or startup.sh keeps MWAA from starting anything.
        :raises OptionError: a configuration option is refused.
        """
        given = self.deployment
        given.home.mkdir(parents=True, exist_ok=True)
        variables = option_variables(given.options, self._image)
        option_variables(given.overrides, self._image)
        warnings: list[str] = []
        try:
            if plugins.unpack(given.plugins or b"", given.home / "plugins") and given.plugins:
                self._progress("plugins.zip unpacked")
            installed = self._install(warnings)
            environment = self.environment(component)
        except (plugins.PluginsError, startup.StartupScriptError) as error:
            raise PreparationError(str(error)) from error
        if component in self._startup:
            ignored = ignored_exports(
                self._before_startup(component, variables), self._startup[component].exports, environment
            )
            warnings += [f"startup.sh sets {name}, which MWAA overrides: it has no effect" for name in ignored]
        database.migrate(given.home, environment, given.home / "processes" / "database.log")
        return PreparationReport(tuple(warnings), installed)

    def environment(self, component: str) -> dict[str, str]:
        """All variables of an Airflow process.

        :param component: ``worker``, ``webserver``, ``hybrid`` or ``scheduler``, as MWAA names them.
        """
        image, given = self._image, self.deployment
        options = option_variables(given.options, image) | option_variables(given.overrides, image)
        exports = {}
        if given.startup_script is not None:
            if component not in self._startup:
                before = self._before_startup(component, options)
                self._startup[component] = startup.source(given.startup_script, before, given.home, image.limits)
            exports = dict(self._startup[component].exports)
        return compose(
            image, container=given.environment, startup=exports, options=options, own=self._own_variables(component)
        )

    # --- processes ---------------------------------------------------------------------------------------------------

    def start(self, seconds: float = _HEALTHY_SECONDS) -> Webserver:
        """Start Airflow and wait until all of it is healthy; what runs already is stopped first.

        :param seconds: how long it may take.
        :raises LocalAwsError: it did not start; nothing is left running.
        """
        self.stop()
        (port,) = free_ports(1)
        url = f"http://{HOST}:{port}"
        self._webserver_file.parent.mkdir(parents=True, exist_ok=True)
        own = {
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "laptop_executor.LaptopExecutor",
        }
        try:
            components.start(
                self.deployment.home, port, lambda component: _on_path(self.environment(component) | own, _EXECUTOR)
            )
            components.wait_until_healthy(self.deployment.home, url, seconds, self._progress)
        except BaseException:
            self.stop()
            raise
        pid = components.process_of(self.deployment.home, components.API_SERVER).pid()
        if pid is None:
            raise LocalAwsError("Airflow's api-server ended right after its start; see its log.")
        webserver = Webserver(url, pid)
        draft = self._webserver_file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(asdict(webserver)) + "\n")
        draft.replace(self._webserver_file)
        return webserver

    def start_unless_same(self, seconds: float = _HEALTHY_SECONDS) -> Webserver:
        """Start Airflow, unless it runs and is healthy with the same variables, plugins and requirements.

        :param seconds: how long it may take.
        :raises LocalAwsError: it did not start; nothing is left running.
        """
        webserver = self.webserver()
        if webserver and not self.is_outdated() and all(component.healthy for component in self.status()):
            return webserver
        webserver = self.start(seconds)
        self._started.write_text(self._fingerprint())
        return webserver

    def is_outdated(self) -> bool:
        """Whether an Airflow runs that was started by `start_unless_same` with something else than would be now."""
        if self.webserver() is None:
            return False
        return not self._started.exists() or self._started.read_text() != self._fingerprint()

    def was_started(self) -> bool:
        """Whether there was a start without a stop: what does not run then, has died."""
        return self._webserver_file.exists()

    def stop(self) -> bool:
        """End every process of this Airflow.

        :returns: whether any ran.
        """
        self._webserver_file.unlink(missing_ok=True)
        return components.stop(self.deployment.home)

    def webserver(self) -> Webserver | None:
        """The running web server; None when there is none."""
        pid = components.process_of(self.deployment.home, components.API_SERVER).pid()
        if pid is None or not self._webserver_file.exists():
            return None
        return Webserver(json.loads(self._webserver_file.read_text())["url"], pid)

    def status(self) -> list[components.ComponentStatus]:
        """How each component is."""
        webserver = self.webserver()
        return components.status(self.deployment.home, webserver.url if webserver else None)

    @property
    def login(self) -> tuple[str, str]:
        """User and password of the web interface."""
        return ADMIN, self._keys.admin_password

    def token(self) -> str:
        """A bearer token for the REST API of the running web server.

        :raises LocalAwsError: nothing runs, or it gives none.
        """
        webserver = self.webserver()
        if webserver is None:
            raise LocalAwsError(f"No Airflow runs on {self.deployment.home}.")
        return token_for(webserver.url, self._keys)

    # --- parts -------------------------------------------------------------------------------------------------------

    @cached_property
    def _image(self) -> Image:
        return load_image(self.deployment.version)

    @property
    def _keys(self) -> Keys:
        return keys_of(self.deployment.home)

    @property
    def _processes(self) -> Path:
        return self.deployment.home / "processes"

    @property
    def _started(self) -> Path:
        return self._processes / "started.sha256"

    def _fingerprint(self) -> str:
        """Changes with everything that a running Airflow does not notice by itself."""
        stamps = [self.deployment.home / "plugins", self._site_packages]
        files = [file.read_text() for folder in stamps for file in sorted(folder.glob(".*.sha256"))]
        variables = {name: self.environment(name) for name in sorted({*components.MWAA_COMPONENTS.values()})}
        return hashlib.sha256(json.dumps([variables, files], sort_keys=True).encode()).hexdigest()

    @property
    def _webserver_file(self) -> Path:
        return self.deployment.home / "webserver.json"

    def _install(self, warnings: list[str]) -> tuple[str, ...]:
        if self.deployment.requirements is None:
            return ()
        result = requirements.install(self.deployment.requirements, self._site_packages, AIRFLOW_RUNTIME, self._image)
        if result.error:
            warnings.append(
                "requirements.txt does not install. MWAA only logs this and runs Airflow without the packages:\n"
                + result.error
            )
        elif result.installed:
            self._progress(f"installed {', '.join(result.installed)}")
        return result.installed

    def _before_startup(self, component: str, options: dict[str, str]) -> dict[str, str]:
        """What startup.sh sees: everything but its own exports."""
        return compose(
            self._image,
            container=self.deployment.environment,
            startup={},
            options=options,
            own=self._own_variables(component),
        )

    def _own_variables(self, component: str) -> dict[str, str]:
        home, keys = self.deployment.home, self._keys
        path = self.deployment.environment.get("PATH", os.defpath)
        variables = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.deployment.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__FERNET_KEY": keys.fernet_key,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.connection(home, component),
            "AIRFLOW__API__SECRET_KEY": keys.secret_key,
            "AIRFLOW__API_AUTH__JWT_SECRET": keys.jwt_secret,
            "MWAA_AIRFLOW_COMPONENT": component,
            "MWAA_COMMAND": component,
            "PATH": f"{AIRFLOW_RUNTIME / 'bin'}{os.pathsep}{path}",
        }
        if requirements.has_packages(self._site_packages):
            variables["PYTHONPATH"] = str(self._site_packages)
        return variables

    @property
    def _site_packages(self) -> Path:
        return self.deployment.home / "site-packages"


def _on_path(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """The variables with one more folder of modules, behind those of requirements.txt."""
    path = environment.get("PYTHONPATH")
    return environment | {"PYTHONPATH": f"{path}{os.pathsep}{folder}" if path else str(folder)}
