"""MWAA's image as data: what it forces, what it suggests, its limits, and where the laptop deviates."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from local.settings import REPOSITORY

_IMAGES = REPOSITORY / "mwaa" / "image"
DEFAULT_VERSION = "3.3.1"


@dataclass(frozen=True)
class Limits:
    """Seconds that MWAA allows.

    :param startup_script: running time of startup.sh until SIGTERM.
    :param startup_script_grace: from SIGTERM to SIGKILL.
    :param requirements: ``pip install`` of requirements.txt.
    """

    startup_script: float
    startup_script_grace: float
    requirements: float


@dataclass(frozen=True)
class OptionFormat:
    """What MWAA's API accepts as a configuration option."""

    key: re.Pattern[str]
    key_length: int
    value: re.Pattern[str]
    value_length: int


@dataclass(frozen=True)
class Image:
    """One version of the image. Variables are environment variables of Airflow's processes.

    :param essential: variables that nobody overrides.
    :param essential_elsewhere: names, or prefixes that end in ``__``, whose value only the service knows.
    :param exceptions: names that a prefix in `essential_elsewhere` does not cover.
    :param opinionated: variables that startup.sh and configuration options may override.
    :param laptop: what takes their place on this machine; nobody overrides it either.
    :param left_out: variables that name what exists on MWAA only; not set on this machine.
    :param protected_names: variables that keep the value of the container.
    :param protected_prefixes: the same for every name that starts so.
    """

    version: str
    essential: Mapping[str, str]
    essential_elsewhere: frozenset[str]
    exceptions: frozenset[str]
    opinionated: Mapping[str, str]
    laptop: Mapping[str, str]
    left_out: frozenset[str]
    protected_names: frozenset[str]
    protected_prefixes: tuple[str, ...]
    limits: Limits
    option_format: OptionFormat
    essential_constraints: Path
    airflow_constraints: Path
    own_constraints: re.Pattern[str]

    def is_protected(self, variable: str) -> bool:
        """Whether a variable keeps the container's value."""
        return variable in self.protected_names or variable.startswith(self.protected_prefixes)

    def is_essential(self, variable: str) -> bool:
        """Whether MWAA sets a variable itself, whatever the environment says."""
        if variable in self.exceptions:
            return False
        return variable in self.essential or any(
            variable.startswith(name) if name.endswith("__") else variable == name for name in self.essential_elsewhere
        )


def option_variable(option: str) -> str:
    """The environment variable of a configuration option: ``core.parallelism`` -> ``AIRFLOW__CORE__PARALLELISM``.

    :param option: ``section.key``; only the section's dot counts.
    """
    section, _, key = option.partition(".")
    return f"AIRFLOW__{section}__{key}".upper()


@lru_cache(maxsize=8)
def load_image(version: str = DEFAULT_VERSION) -> Image:
    """Read ``mwaa/image/<version>.toml``.

    :raises FileNotFoundError: there is no such image here.
    """
    with (_IMAGES / f"{version}.toml").open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    laptop, constraints, limits, form = data["laptop"], data["constraints"], data["limits"], data["option_format"]
    return Image(
        version=data["airflow_version"],
        essential=_variables(data["essential"]) | data["essential_environment"],
        essential_elsewhere=_names(data["essential_elsewhere"]["names"]),
        exceptions=_names(data["essential_elsewhere"]["exceptions"]),
        opinionated=_variables(data["opinionated"]) | data["opinionated_environment"],
        laptop=_variables(laptop["options"]),
        left_out=_names(laptop["left_out"]),
        protected_names=frozenset(data["protected"]["names"]),
        protected_prefixes=(*data["protected"]["prefixes"], *laptop["protected_prefixes"]),
        limits=Limits(
            limits["startup_script_seconds"], limits["startup_script_grace_seconds"], limits["requirements_seconds"]
        ),
        option_format=OptionFormat(
            re.compile(form["key_pattern"]), form["key_length"], re.compile(form["value_pattern"]), form["value_length"]
        ),
        essential_constraints=REPOSITORY / constraints["essential"],
        airflow_constraints=REPOSITORY / constraints["airflow"],
        own_constraints=re.compile(constraints["own_constraints_pattern"]),
    )


def _variables(options: Mapping[str, str]) -> dict[str, str]:
    return {option_variable(option): value for option, value in options.items()}


def _names(options: Iterable[str]) -> frozenset[str]:
    """Variables of options; ``metrics.`` stands for the whole section and becomes ``AIRFLOW__METRICS__``."""
    return frozenset(option_variable(option) for option in options)
