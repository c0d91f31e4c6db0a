"""Where to deploy to: names of the environment, and the clients of its services."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaa.deploy.errors import DeployError

# How often to ask about work that takes minutes on AWS and a second on the laptop.
_POLL_SECONDS = 15.0
_LOCAL_POLL_SECONDS = 0.3
# How long what lies in the bucket may take to reach Airflow: MWAA does not say; a minute is on the safe side.
_SYNC_SECONDS = 60.0
_LOCAL_SYNC_SECONDS = 4.0
_ADDRESSING = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_MWAA")


@dataclass(frozen=True)
class Target:
    """One environment.

    :param prefix: first part of every name.
    :param env: second part of every name.
    """

    prefix: str
    env: str

    def name(self, resource: str) -> str:
        """``artifacts`` -> ``sluice-dev-artifacts``.

        :param resource: last part of the name.
        """
        return f"{self.prefix}-{self.env}-{resource}"

    @property
    def environment(self) -> str:
        """Name of the MWAA environment."""
        return f"{self.prefix}-{self.env}"

    @property
    def stack(self) -> str:
        """Name of the stack that the environment belongs to."""
        return self.name("environment")

    @property
    def poll_seconds(self) -> float:
        """How often to ask about a change that is under way."""
        return _LOCAL_POLL_SECONDS if _is_local() else _POLL_SECONDS

    @property
    def sync_seconds(self) -> float:
        """After how long Airflow surely has the DAG files that were uploaded."""
        return _LOCAL_SYNC_SECONDS if _is_local() else _SYNC_SECONDS

    @cached_property
    def s3(self) -> Any:
        """Client of S3."""
        return _client("s3")

    @cached_property
    def mwaa(self) -> Any:
        """Client of MWAA."""
        return _client("mwaa")

    @cached_property
    def cloudformation(self) -> Any:
        """Client of CloudFormation."""
        return _client("cloudformation")

    @cached_property
    def redshift_serverless(self) -> Any:
        """Client of Redshift Serverless."""
        return _client("redshift-serverless")

    @cached_property
    def redshift_data(self) -> Any:
        """Client of the Redshift Data API."""
        return _client("redshift-data")

    @cached_property
    def logs(self) -> Any:
        """Client of CloudWatch Logs."""
        return _client("logs")

    def warm_up(self) -> None:
        """Make the clients that a deployment needs: a second of work that fits beside the checks."""
        _ = (self.s3, self.mwaa, self.cloudformation)

    def caller(self) -> str:
        """ARN of who deploys.

        :raises DeployError: no credentials, or none that AWS knows.
        """
        try:
            return str(_client("sts").get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError) as error:
            raise DeployError(
                f"AWS does not know who calls ({error}). Set AWS_PROFILE or the credentials' environment variables; "
                "for the laptop's AWS: python -m local up, then AWS_PROFILE=local-admin after `. .sluice/env.sh`"
            ) from error


def load_target(root: Path, env: str) -> Target:
    """The environment that ``mwaa/cloudformation/parameters/<env>.json`` describes.

    :param root: the repository's root.
    :param env: name of the file.
    :raises DeployError: there is no such file, or it names no environment.
    """
    parameters = stack_parameters(root, env)
    for section in ("environment", "lake"):
        found = parameters.get(section, {})
        if "Env" in found and "Prefix" in found:
            return Target(found["Prefix"], found["Env"])
    raise DeployError(f"{_file(root, env)}: section environment or lake must give Prefix and Env")


def stack_parameters(root: Path, env: str) -> dict[str, dict[str, str]]:
    """Parameters by template and name.

    :param root: the repository's root.
    :param env: name of the file.
    :raises DeployError: there is no such file, or it is not of that form.
    """
    path = _file(root, env)
    if not path.exists():
        known = ", ".join(sorted(item.stem for item in path.parent.glob("*.json"))) or "none"
        raise DeployError(f"{path} does not exist: ENV is one of {known}")
    try:
        sections = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: {item["ParameterKey"]: item["ParameterValue"] for item in items} for name, items in sections.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(f"{path} is not of the form that parameters/README.md describes: {error!r}") from error


def _file(root: Path, env: str) -> Path:
    return root / "mwaa" / "cloudformation" / "parameters" / f"{env}.json"


def _is_local() -> bool:
    return any(name in os.environ for name in _ADDRESSING)


def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.handlers import add_expect_header

    options: dict[str, Any] = {"retries": {"mode": "standard", "max_attempts": 4}}
    if _is_local():
        # MWAA's client puts "api." or "env." before the host; an address of our own has no such subdomains.
        options |= {"inject_host_prefix": False, "s3": {"addressing_style": "path"}}
    client = boto3.client(service, config=Config(**options))  # type: ignore[call-overload]
    if service == "s3":
        # botocore 1.43 asks before it sends a body ("Expect: 100-continue"). After an empty body it takes the late
        # answer for that of the next request, which then hangs for a minute. Our files are small: sent unasked.
        client.meta.events.unregister("before-call.s3", add_expect_header)
    return client
