"""requirements.txt, installed as MWAA installs it: on top of the image, within its constraints, and never fatal."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.mwaa_runtime.image import Image

# uv's lines about what it would do: " + name==version" or " + name @ file:///...".
_WOULD_INSTALL = re.compile(r"^ \+ (\S+==\S+|\S+ @ \S+)$", re.MULTILINE)
# Lines of requirements.txt that say where packages are, not which.
_SOURCES = re.compile(r"^(?P<option>--no-index|--(?:extra-)?index-url|-i|--find-links|-f)(?:[ =]+(?P<value>\S+))?\s*$")
_STAMP = ".requirements.sha256"
_MESSAGE_LINES = 12


@dataclass(frozen=True)
class RequirementsResult:
    """:param installed: ``name==version`` of what the image does not have.
    :param error: pip's words when it failed; MWAA logs them and starts Airflow without the packages.
    :param forced_constraints: whether MWAA added its Airflow constraints.
    """

    installed: tuple[str, ...] = ()
    error: str | None = None
    forced_constraints: bool = False


def has_own_constraints(text: str, image: Image) -> bool:
    """Whether MWAA leaves its Airflow constraints out: some line, a comment too, has ``-c `` or ``--constraint ``."""
    return any(image.own_constraints.search(line) for line in text.splitlines())


def has_packages(folder: Path) -> bool:
    """Whether `install` put anything into its folder."""
    return any(folder.glob("*.dist-info"))


def install(requirements: Path, folder: Path, runtime: Path, image: Image) -> RequirementsResult:
    """Install what the image lacks into a folder of its own; the image (a virtual environment) stays as it is.

    :param requirements: the environment's requirements.txt.
    :param folder: ``<home>/site-packages``; it is made anew when the requirements change.
    :param runtime: virtual environment that stands for the image; it has uv, too.
    """
    content = requirements.read_bytes()
    forced = not has_own_constraints(content.decode(errors="replace"), image)
    constraints = [image.essential_constraints, *([image.airflow_constraints] if forced else [])]
    digest = _digest(content, constraints, runtime)
    stamp = folder / _STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return RequirementsResult(_names_in(folder), None, forced)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(runtime / "bin" / "uv"), "pip", "install", "--python", str(runtime / "bin" / "python"), "--no-config"]
    arguments = ["-r", str(requirements), *(part for path in constraints for part in ("-c", str(path)))]
    # pip keeps what the image has and fits; a dry run tells what is left to install.
    plan = _run([*pip, "--dry-run", *arguments], requirements.parent, image.limits.requirements)
    if plan.returncode != 0:
        return RequirementsResult(error=_message(plan), forced_constraints=forced)
    missing = tuple(_WOULD_INSTALL.findall(plan.stderr))
    folder.mkdir(parents=True, exist_ok=True)
    if missing:
        # Their dependencies are in the plan as well.
        command = [*pip, "--no-deps", "--target", str(folder), *_sources(requirements), *missing]
        done = _run(command, requirements.parent, image.limits.requirements)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            return RequirementsResult(error=_message(done), forced_constraints=forced)
    stamp.write_text(digest)
    return RequirementsResult(_names_in(folder), None, forced)


def _sources(requirements: Path) -> list[str]:
    """The file's options about indexes and folders, for uv's command line."""
    arguments = []
    for line in requirements.read_text(errors="replace").splitlines():
        option = _SOURCES.match(line)
        if option:
            arguments += [option["option"], *([option["value"]] if option["value"] else [])]
    return arguments


def _run(command: list[str], cwd: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"pip ran longer than the {seconds:.0f} s that MWAA allows and was ended"
        return subprocess.CompletedProcess(command, 1, "", message)
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", f"{command[0]} cannot be run: {error}")


def _message(failed: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((failed.stderr or failed.stdout).strip().splitlines()[-_MESSAGE_LINES:])


def _digest(content: bytes, constraints: list[Path], runtime: Path) -> str:
    """What the result depends on: the file, the constraints, and what the image has."""
    packages = sorted(path.name for path in (runtime / "lib").glob("python3.*/site-packages/*.dist-info"))
    digest = hashlib.sha256(content)
    for part in (*(path.read_bytes() for path in constraints), "\n".join(packages).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _names_in(folder: Path) -> tuple[str, ...]:
    found = (path.name.removesuffix(".dist-info").rpartition("-") for path in folder.glob("*.dist-info"))
    return tuple(sorted(f"{name}=={version}" for name, _, version in found))
