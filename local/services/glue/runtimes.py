"""The Glue versions that run on the laptop, each with a Python environment of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

# Source: AWS Glue release notes; a job that names no version gets 5.1.
DEFAULT_VERSION = "5.1"


class UnsupportedGlueVersion(Exception):
    """A job asks for a Glue version that has no runtime here."""


@dataclass(frozen=True)
class GlueRuntime:
    """Where one Glue version lives on this machine."""

    version: str
    spark_version: str
    jar_set: str
    environment: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        found = sorted(self.environment.glob("lib/python3.*/site-packages"))
        if not found:
            raise UnsupportedGlueVersion(
                f"the Python environment of Glue {self.version} is missing: {self.environment}. Run `make setup`."
            )
        return found[0]

    @property
    def spark_home(self) -> Path:
        return self.site_packages / "pyspark"

    def installed_modules(self) -> dict[str, str]:
        """Distribution name (normalised as PyPI does) to version."""
        return {
            normalised(distribution.metadata["Name"]): distribution.version
            for distribution in distributions(path=[str(self.site_packages)])
        }


def normalised(name: str) -> str:
    """Normalise a distribution name (PEP 503, with one kind of separator)."""
    return name.strip().lower().replace("_", "-").replace(".", "-")


RUNTIMES = {
    "5.1": GlueRuntime("5.1", spark_version="3.5.6", jar_set="glue-5_1", environment=REPOSITORY / ".venv" / "glue"),
}


@cache
def glue_runtime(version: str) -> GlueRuntime:
    """Look up the runtime of a Glue version.

    :raises UnsupportedGlueVersion: it has none on the laptop
    """
    if version not in RUNTIMES:
        raise UnsupportedGlueVersion(
            f"Glue version is not supported: {version}. The local AWS runs Glue {', '.join(RUNTIMES)}; "
            f"set GlueVersion of the job to {DEFAULT_VERSION}."
        )
    return RUNTIMES[version]
