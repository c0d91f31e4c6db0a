"""startup.sh: bash that MWAA can source before each component starts, with nobody at the keyboard."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from mwaa.deploy.checks.result import Finding
from mwaa.deploy.project import STARTUP, Project

_START = r"(?:^|[;&|]\s*|\bthen\s+|\bdo\s+)"
_TRAPS = {
    re.compile(_START + r"exit\b"): "ends the script early: what follows never runs; use if",
    re.compile(_START + r"exec\b(?!\s*[<>])"): "replaces the shell, so MWAA reads no variables and starts nothing",
    re.compile(
        _START + r"set\s+-\w*e"
    ): "ends the shell at the first error, so MWAA reads no variables and starts nothing",
    re.compile(_START + r"(?:read|select)\b(?!.*<)"): "waits for a keyboard that is not there",
}


def check_startup(project: Project) -> list[Finding]:
    """Check the script that would be uploaded.

    :param project: whose startup.sh.
    """
    return [] if STARTUP not in project.pinned else list(_findings(project))


def _findings(project: Project) -> Iterator[Finding]:
    script = project.pinned[STARTUP]
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False, timeout=30)
    if done.returncode != 0:
        yield Finding("startup.sh", f"not bash: {done.stderr.decode(errors='replace').strip().splitlines()[0]}")
    if b"\r\n" in script:
        yield Finding("startup.sh", "has Windows line ends, which bash reads as part of every word")
    for number, line in enumerate(script.decode(errors="replace").splitlines(), start=1):
        if line.lstrip().startswith("#"):
            continue
        for pattern, why in _TRAPS.items():
            if pattern.search(line.strip()):
                yield Finding(f"startup.sh line {number}", f"{line.strip()!r} {why}")
