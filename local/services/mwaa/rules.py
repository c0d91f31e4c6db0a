"""What MWAA demands of an environment beyond the shapes of its API. Each rule names its source.

Sources: the API reference of CreateEnvironment and UpdateEnvironment (text: botocore's model), the user guide's
"Amazon MWAA environment class", and the image's own lists of options (`mwaa/image`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.errors import AwsError
from local.mwaa_runtime import OptionError, load_image
from local.mwaa_runtime.configuration import option_variables
from local.settings import REPOSITORY

# path of a pinned file -> its version; order of the API reference
PINNED = {
    "RequirementsS3Path": "RequirementsS3ObjectVersion",
    "PluginsS3Path": "PluginsS3ObjectVersion",
    "StartupScriptS3Path": "StartupScriptS3ObjectVersion",
}
_CLASSES = ("mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge")
_MICRO = "mw1.micro"
_LARGER_HAVE = range(2, 6)
_MOST_WORKERS = 25
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_LOG_DEFAULT = {"Enabled": True, "LogLevel": "INFO"}


def invalid(message: str) -> AwsError:
    """The refusal of a wrong request.

    :param message: what, where, how to fix.
    """
    return AwsError("ValidationException", message)


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a new environment.

    :param given: members of CreateEnvironment.
    """
    size = given.get("EnvironmentClass", "mw1.small")
    few = 1 if size == _MICRO else 2
    defaults: dict[str, Any] = {
        "AirflowVersion": newest_version(),
        "EnvironmentClass": size,
        "MinWorkers": 1,
        "MaxWorkers": 1 if size == _MICRO else 10,
        "Schedulers": few,
        "MinWebservers": few,
        "MaxWebservers": few,
        "WebserverAccessMode": "PRIVATE_ONLY",
        "EndpointManagement": "SERVICE",
        "AirflowConfigurationOptions": {},
        "LoggingConfiguration": {"TaskLogs": _LOG_DEFAULT},
        "WeeklyMaintenanceWindowStart": "SUN:03:30",
    }
    return defaults | dict(given)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Check the settings an environment would have.

    :param settings: all of them, defaults included.
    :raises AwsError: ValidationException.
    """
    _check_version(settings["AirflowVersion"])
    _check_sizes(settings)
    _check_pins(settings)
    _check_options(settings)
    subnets = settings["NetworkConfiguration"].get("SubnetIds", [])
    if len(set(subnets)) != 2:
        raise invalid(f"NetworkConfiguration.SubnetIds: exactly 2 different subnets are needed, found {subnets}")
    if not settings["NetworkConfiguration"].get("SecurityGroupIds"):
        raise invalid("NetworkConfiguration.SecurityGroupIds: at least one security group is needed")
    if not settings["DagS3Path"].strip("/"):
        raise invalid("DagS3Path: name a folder of the bucket, such as dags")


def available_versions() -> list[str]:
    """Airflow versions that can be run here: those whose constraint files are in the repository."""
    return sorted(path.name for path in (REPOSITORY / "mwaa" / "constraints").iterdir() if path.is_dir())


def newest_version() -> str:
    """What an environment runs that names no version."""
    return max(available_versions(), key=lambda text: [int(part) for part in text.split(".")])


def _check_version(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise invalid(f"AirflowVersion {version!r}: three numbers are expected, such as {newest_version()}")
    if version not in available_versions():
        known = ", ".join(available_versions())
        raise invalid(f"AirflowVersion {version} is not supported by the local AWS; supported versions: {known}")


def _check_sizes(settings: Mapping[str, Any]) -> None:
    size = settings["EnvironmentClass"]
    if size not in _CLASSES:
        raise invalid(f"EnvironmentClass {size!r}: valid values are {', '.join(_CLASSES)}")
    allowed = range(1, 2) if size == _MICRO else _LARGER_HAVE
    for name in ("Schedulers", "MinWebservers", "MaxWebservers"):
        if settings[name] not in allowed:
            bounds = "1" if size == _MICRO else f"{allowed.start} to {allowed.stop - 1}"
            raise invalid(f"{name} {settings[name]}: an environment of class {size} takes {bounds}")
    for least, most in (("MinWorkers", "MaxWorkers"), ("MinWebservers", "MaxWebservers")):
        if settings[least] > settings[most]:
            raise invalid(f"{least} {settings[least]} is more than {most} {settings[most]}")
    if settings["MaxWorkers"] > _MOST_WORKERS:
        raise invalid(f"MaxWorkers {settings['MaxWorkers']}: the default quota is {_MOST_WORKERS} workers")


def _check_pins(settings: Mapping[str, Any]) -> None:
    for path, version in PINNED.items():
        if settings.get(path) and not settings.get(version):
            raise invalid(f"{path} {settings[path]} needs {version}: the version id of the object in S3")
        if settings.get(version) and not settings.get(path):
            raise invalid(f"{version} is given without {path}")


def _check_options(settings: Mapping[str, Any]) -> None:
    image = load_image(settings["AirflowVersion"])
    try:
        option_variables(settings["AirflowConfigurationOptions"], image)
    except OptionError as error:
        raise invalid(str(error)) from error
