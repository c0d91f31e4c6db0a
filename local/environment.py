"""The environment in which Airflow, boto3 and the AWS CLI talk to the local AWS and to nothing else."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from local.errors import LocalAwsError
from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for
from local.settings import AIRFLOW_RUNTIME, LocalSettings

# Would lead past the local AWS, or make Python compile everything again at each start.
_UNWANTED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "PYTHONDONTWRITEBYTECODE")
# A caller's own AWS and Airflow settings never reach an Airflow of ours; PYTHONPATH is MWAA's, as on MWAA.
_FOREIGN = ("AWS_", "AIRFLOW_", "MWAA_")
_FOREIGN_NAMES = frozenset({*_UNWANTED, "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"})

# botocore sends "Expect: 100-continue" with an empty body too. The botocore that MWAA has takes the answer to it for
# that of the next upload on the connection, which then hangs for a minute (an empty _SUCCESS file, then a file).
UPLOADS = {"BOTO_EXPERIMENTAL__NO_EMPTY_CONTINUE": "true"}


def aws_variables(settings: LocalSettings, principal: str) -> dict[str, str]:
    """What boto3 and the AWS CLI read.

    :param principal: the IAM role (full name) whose dummy key signs the requests.
    """
    return {
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ENDPOINT_URL_S3": settings.s3_endpoint_url,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": access_key_for(principal),
        "AWS_SECRET_ACCESS_KEY": secret_key_for(principal),
        "AWS_CONFIG_FILE": str(_config_file(settings)),
        "AWS_SHARED_CREDENTIALS_FILE": str(_credentials_file(settings)),
        "AWS_EC2_METADATA_DISABLED": "true",
        **UPLOADS,
        "SLUICE_STATE": str(settings.state_dir),
    }


def airflow_home(settings: LocalSettings) -> Path:
    return settings.state_dir / "airflow"


def container_variables(settings: LocalSettings) -> dict[str, str]:
    """What an Airflow process has before Airflow's own settings: this process's variables, without any AWS or Airflow
    setting of the user's, and the local AWS with the key of the execution role."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES
    }
    return kept | aws_variables(settings, settings.name("airflow"))


def airflow_variables(settings: LocalSettings) -> dict[str, str]:
    """What `up` has put together for Airflow from the image's, the template's and startup.sh's settings, PATH excluded.

    :raises LocalAwsError: there was no `up` yet.
    """
    path = _airflow_variables_file(settings)
    if not path.exists():
        raise LocalAwsError(f"{path} is missing. Make it: python -m local up")
    variables: dict[str, str] = json.loads(path.read_text())
    return variables


def write_airflow_variables(settings: LocalSettings, environment: Mapping[str, str]) -> None:
    """Keep what differs from the container's own variables, for shells and programs that start Airflow.

    :param environment: the whole environment of an Airflow process.
    """
    container = container_variables(settings)
    own = {name: value for name, value in environment.items() if container.get(name) != value and name != "PATH"}
    _write(_airflow_variables_file(settings), json.dumps(own, indent=2, sort_keys=True) + "\n")


def airflow_environment(settings: LocalSettings) -> dict[str, str]:
    """The whole environment of an Airflow process: this one's without AWS or Airflow settings of the user's, plus ours.

    :raises LocalAwsError: there was no `up` yet.
    """
    kept = container_variables(settings)
    kept["PATH"] = f"{AIRFLOW_RUNTIME / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | airflow_variables(settings)


def shell_lines(settings: LocalSettings) -> str:
    """The same for a shell: ``eval "$(python -m local env)"`` or ``source <state>/env.sh``.

    :raises LocalAwsError: there was no `up` yet.
    """
    variables = aws_variables(settings, settings.name("airflow")) | airflow_variables(settings)
    lines = [f"unset {' '.join(sorted(_FOREIGN_NAMES - {'VIRTUAL_ENV', 'PYTHONHOME'}))}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append(f'export PATH={shlex.quote(str(AIRFLOW_RUNTIME / "bin"))}:"$PATH"')
    return "\n".join(lines) + "\n"


def write_profiles(settings: LocalSettings, role_names: Iterable[str], outputs: Mapping[str, str]) -> None:
    """Write outputs.json and the AWS profiles into the state folder.

    :param role_names: IAM roles; each becomes a profile named without the prefix (``--profile uk-analyst``).
    :param outputs: outputs of the deployed stack.
    """
    start = settings.name("")
    profiles = {name.removeprefix(start): name for name in role_names}
    profiles |= {"default": settings.name("airflow"), LOCAL_ADMIN: LOCAL_ADMIN}
    settings.folder("aws")
    _write(_config_file(settings), _config(settings, profiles))
    _write(_credentials_file(settings), _credentials(profiles))
    _write(settings.state_dir / "outputs.json", json.dumps(dict(outputs), indent=2, sort_keys=True) + "\n")


def write_shell_file(settings: LocalSettings) -> Path:
    """Write env.sh.

    :returns: its path.
    """
    path = settings.state_dir / "env.sh"
    _write(path, shell_lines(settings))
    return path


def _airflow_variables_file(settings: LocalSettings) -> Path:
    return settings.state_dir / "airflow.json"


def _config_file(settings: LocalSettings) -> Path:
    return settings.state_dir / "aws" / "config"


def _credentials_file(settings: LocalSettings) -> Path:
    return settings.state_dir / "aws" / "credentials"


def _config(settings: LocalSettings, profiles: Mapping[str, str]) -> str:
    sections = [f"[services sluice]\ns3 =\n  endpoint_url = {settings.s3_endpoint_url}\n"]
    for profile in sorted(profiles):
        title = profile if profile == "default" else f"profile {profile}"
        sections.append(
            f"[{title}]\nregion = {settings.region}\nservices = sluice\nendpoint_url = {settings.endpoint_url}\n"
        )
    return "\n".join(sections)


def _credentials(profiles: Mapping[str, str]) -> str:
    return "\n".join(
        f"[{profile}]\naws_access_key_id = {access_key_for(name)}\naws_secret_access_key = {secret_key_for(name)}\n"
        for profile, name in sorted(profiles.items())
    )


def _write(path: Path, content: str) -> None:
    draft = path.with_name(f"{path.name}.tmp")
    # Keys of this Airflow are in env.sh.
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(path)
