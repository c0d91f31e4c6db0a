"""Before a script can run: fetch it and its files from S3, check the modules it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.services.glue.jobs import arguments as job_arguments
from local.services.glue.jobs.job_runs import JobRun
from local.services.glue.runtimes import GlueRuntime, normalised

_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+?)(?:\[[^]]*])?\s*(?:(?P<operator>==|>=|<=|~=|!=|<|>)\s*(?P<version>[^,;\s]+))?$"
)


class PreparationError(Exception):
    """The run fails before its script starts; the message becomes its ErrorMessage."""


@dataclass
class PreparedScript:
    """Where the run's files are on this machine."""

    script: Path
    python_files: list[Path] = field(default_factory=list)


def split_s3_uri(uri: str) -> tuple[str, str]:
    """:raises PreparationError: not an ``s3://bucket/key`` URI"""
    parts = urlsplit(uri)
    key = parts.path.lstrip("/")
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.netloc or not key:
        raise PreparationError(f"InvalidInputException: not an S3 URI of a file: {uri!r}. Write s3://bucket/key.")
    return parts.netloc, key


def download(s3: Any, uri: str, folder: Path) -> Path:
    """Fetch one object.

    :raises PreparationError: it is not there or may not be read
    """
    bucket, key = split_s3_uri(uri)
    target = folder / Path(key).name
    try:
        s3.download_file(bucket, key, str(target))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            what = "bucket" if code == "NoSuchBucket" else "key"
            raise PreparationError(
                f"LAUNCH ERROR | File Download Failed | S3 {what} not found: {uri}. "
                "Please refer logs for details. (The specified key does not exist.)"
            ) from error
        raise PreparationError(f"LAUNCH ERROR | File Download Failed | {uri}: {error}") from error
    except BotoCoreError as error:
        raise PreparationError(f"LAUNCH ERROR | File Download Failed | {uri}: {error}") from error
    return target


def prepare(run: JobRun, runtime: GlueRuntime, s3: Any, folder: Path) -> PreparedScript:
    """Fetch the script and what it imports, and check its modules.

    :param folder: private folder of the run
    :raises PreparationError: something is missing
    """
    check_modules(job_arguments.listed(run.arguments.get(job_arguments.ADDITIONAL_MODULES)), runtime)
    script = download(s3, run.script_location, folder)
    libraries = folder / "libraries"
    libraries.mkdir()
    python_files = [
        download(s3, uri, libraries)
        for uri in job_arguments.listed(run.arguments.get(job_arguments.EXTRA_PYTHON_FILES))
    ]
    for uri in job_arguments.listed(run.arguments.get(job_arguments.EXTRA_FILES)):
        download(s3, uri, folder)
    return PreparedScript(script, python_files)


def import_paths(python_files: list[Path]) -> list[str]:
    """What ``--extra-py-files`` puts on ``sys.path``: archives themselves, the folder for single modules."""
    paths = [str(path) for path in python_files if path.suffix in (".zip", ".egg", ".whl", ".jar")]
    folders = {str(path.parent) for path in python_files if path.suffix == ".py"}
    return paths + sorted(folders)


def check_modules(requirements: list[str], runtime: GlueRuntime) -> None:
    """``--additional-python-modules``: Glue would install them with pip; here they must be in the runtime's lock.

    :raises PreparationError: one is missing or has another version
    """
    installed = runtime.installed_modules()
    for requirement in requirements:
        parsed = _REQUIREMENT.match(requirement)
        if parsed is None:
            raise PreparationError(
                f"--additional-python-modules: {requirement!r} cannot be installed here. The local Glue runtime takes "
                "names with versions, such as great_expectations==1.24.1, that are in glue_jobs/requirements.txt."
            )
        name, operator, wanted = parsed["name"], parsed["operator"], parsed["version"]
        version = installed.get(normalised(name))
        if version is None:
            raise PreparationError(
                f"--additional-python-modules: {name} is not in the local Glue runtime. "
                "Add it to glue_jobs/requirements.in, then run `make lock setup`."
            )
        if operator not in (None, "=="):
            raise PreparationError(
                f"--additional-python-modules: pin an exact version instead of {requirement!r}, so that every run gets "
                f"the same; the local Glue runtime has {name}=={version}."
            )
        if wanted is not None and wanted != version:
            raise PreparationError(
                f"--additional-python-modules: {requirement} is asked for, but the local Glue runtime has "
                f"{name}=={version}. Make the job and glue_jobs/requirements.in agree, then run `make lock setup`."
            )
