"""What an environment is made of, and what came of preparing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import LocalAwsError


class PreparationError(LocalAwsError):
    """MWAA would not get an environment of these parts to run; the message says which part and why."""


@dataclass(frozen=True)
class Deployment:
    """The parts of an environment, as MWAA gets them.

    :param home: Airflow's home: metadata database, logs, unpacked plugins, installed requirements, pid files.
    :param dags: the folder that MWAA would sync from ``s3://<bucket>/dags/``; read in place, so edits are live.
    :param plugins: content of plugins.zip; None if the environment has none.
    :param requirements: requirements.txt, or None.
    :param startup_script: startup.sh, or None.
    :param options: ``AirflowConfigurationOptions``: ``section.key`` to value.
    :param overrides: options that this machine sets differently (``core.parallelism``); they beat `options`.
    :param environment: what the container has before Airflow's variables: PATH, the AWS endpoint, the role's key.
    :param version: Airflow's, of the image.
    """

    home: Path
    dags: Path
    plugins: bytes | None = None
    requirements: Path | None = None
    startup_script: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = "3.3.1"


@dataclass(frozen=True)
class PreparationReport:
    """:param warnings: what goes on without an error on MWAA but is a mistake: requirements that did not install,
        exports of startup.sh that have no effect.
    :param installed: packages that requirements.txt added to the image's.
    """

    warnings: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
