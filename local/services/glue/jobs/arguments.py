"""From a job's arguments to what the script and Spark get."""

from __future__ import annotations

from collections.abc import Mapping

# Source: AWS Glue guide, "Using job parameters in AWS Glue jobs"
EXTRA_PYTHON_FILES = "--extra-py-files"
EXTRA_FILES = "--extra-files"
ADDITIONAL_MODULES = "--additional-python-modules"
SPARK_SETTINGS = "--conf"

# Parameters of Glue that ask for something the laptop does not have; refused rather than ignored.
NOT_AVAILABLE = {
    "--extra-jars": "jars of your own on Spark's class path",
    "--datalake-formats": "Iceberg, Hudi or Delta jars in Spark",
    "--enable-glue-datacatalog": "the Glue catalog as Spark's Hive metastore; read by path, or query with Athena",
    "--enable-lakeformation-fine-grained-access": "rows and columns that Lake Formation hides from a job",
    "--python-modules-installer-option": "installing Python modules at run time",
}
_OFF = {"", "false"}


class InvalidArgument(Exception):
    """An argument that Glue understands and the local AWS cannot follow."""


def merged(*layers: Mapping[str, str] | None) -> dict[str, str]:
    """Default arguments, then the run's, then those that may not be overridden."""
    answer: dict[str, str] = {}
    for layer in layers:
        answer |= layer or {}
    return answer


def check_available(arguments: Mapping[str, str]) -> None:
    """:raises InvalidArgument: an argument asks for what the local AWS does not have"""
    for name, meaning in NOT_AVAILABLE.items():
        if arguments.get(name, "").strip().lower() not in _OFF:
            raise InvalidArgument(f"the job argument {name} asks for {meaning}: not available in the local AWS")


def script_arguments(job_name: str, run_id: str, arguments: Mapping[str, str]) -> list[str]:
    """``sys.argv`` after the script's name.

    Glue puts its own three in front and passes all others on, those it uses itself included.
    """
    own = {"--JOB_NAME": job_name, "--JOB_ID": "j_" + run_id[3:], "--JOB_RUN_ID": run_id}
    rest = {name: value for name, value in arguments.items() if name not in own}
    return [part for name, value in (own | rest).items() for part in (name, value)]


def listed(value: str | None) -> list[str]:
    """Split one of Glue's comma-separated values."""
    return [part.strip() for part in (value or "").split(",") if part.strip()]
