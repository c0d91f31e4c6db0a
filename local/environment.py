"""The environment in which Airflow, boto3 and the AWS CLI talk to the local AWS and to nothing else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from local.identity import LOCAL_ADMIN, access_key_for, secret_key_for
from local.settings import REPOSITORY, LocalSettings

AIRFLOW_RUNTIME = REPOSITORY / ".venv" / "airflow"
# How often a task asks the local AWS whether its work is done. On MWAA the default of 30 s saves API calls.
_POLL_SECONDS = 1
# Would lead past the local AWS, or make Python compile everything again at each start.
_UNWANTED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "PYTHONDONTWRITEBYTECODE")


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
        "SLUICE_STATE": str(settings.state_dir),
    }


def airflow_variables(settings: LocalSettings) -> dict[str, str]:
    """What Airflow reads: on MWAA the same settings are configuration options of the environment."""
    lake_admin = urlencode({"role_arn": settings.role_arn("lake-admin")})
    return {
        "AIRFLOW_HOME": str(airflow_home(settings)),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # `airflow standalone` forks this many workers at once; the default of 32 takes a gigabyte.
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AIRFLOW_CONN_AWS_LAKEFORMATION": f"aws://?{lake_admin}",
        "AIRFLOW__LAKE__PREFIX": settings.prefix,
        "AIRFLOW__LAKE__ENV": settings.env,
        "AIRFLOW__LAKE__POLL_SECONDS": str(_POLL_SECONDS),
        "AIRFLOW__LAKE__ALERTS_TOPIC_ARN": (
            f"arn:aws:sns:{settings.region}:{settings.account_id}:{settings.name('alerts')}"
        ),
    }


def airflow_home(settings: LocalSettings) -> Path:
    return settings.state_dir / "airflow"


def airflow_environment(settings: LocalSettings) -> dict[str, str]:
    """The whole environment of an Airflow process: this one's without any AWS setting of the user's, plus ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name not in _UNWANTED}
    kept["PATH"] = f"{AIRFLOW_RUNTIME / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | aws_variables(settings, settings.name("airflow")) | airflow_variables(settings)


def shell_lines(settings: LocalSettings) -> str:
    """The same for a shell: ``eval "$(python -m local env)"`` or ``source <state>/env.sh``."""
    variables = aws_variables(settings, settings.name("airflow")) | airflow_variables(settings)
    lines = [f"unset {' '.join(_UNWANTED)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines.append(f'export PATH={shlex.quote(str(AIRFLOW_RUNTIME / "bin"))}:"$PATH"')
    return "\n".join(lines) + "\n"


def write_environment(settings: LocalSettings, role_names: Iterable[str], outputs: Mapping[str, str]) -> None:
    """Write env.sh, outputs.json and the AWS profiles into the state folder.

    :param role_names: IAM roles; each becomes a profile named without the prefix (``--profile uk-analyst``).
    :param outputs: outputs of the deployed stack.
    """
    import json

    start = settings.name("")
    profiles = {name.removeprefix(start): name for name in role_names}
    profiles |= {"default": settings.name("airflow"), LOCAL_ADMIN: LOCAL_ADMIN}
    settings.folder("aws")
    _write(_config_file(settings), _config(settings, profiles))
    _write(_credentials_file(settings), _credentials(profiles))
    _write(settings.state_dir / "env.sh", shell_lines(settings))
    _write(settings.state_dir / "outputs.json", json.dumps(dict(outputs), indent=2, sort_keys=True) + "\n")


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
    draft.write_text(content)
    draft.replace(path)
