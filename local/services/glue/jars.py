"""Resolve the jars of ``local/jars.toml`` through Spark's own package resolution, once per machine.

Spark resolves Maven coordinates itself (``spark-submit --packages``, Ivy inside). The jars are kept in the user's
cache folder and each is compared with its sha256 in ``local/jars.toml`` before Spark may load it.

``python -m local.services.glue.jars`` resolves and checks them and prints their paths. Behind a mirror set
``DEFAULT_ARTIFACT_REPOSITORY``, which Spark's resolution honours.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.services.glue.java import java_home
from local.services.glue.runtimes import DEFAULT_VERSION, REPOSITORY, GlueRuntime, glue_runtime

LIST = REPOSITORY / "local" / "jars.toml"
RESOLUTION_TIMEOUT_SECONDS = 600


class JarError(Exception):
    """A jar could not be fetched, or is not the one we pinned."""


@dataclass(frozen=True)
class Jar:
    """One Maven artifact with the digest it must have."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name Ivy gives it in its ``jars`` folder."""
        group, artifact, version = self.coordinates.split(":")
        return f"{group}_{artifact}-{version}.jar"


@dataclass(frozen=True)
class JarSet:
    """All jars of one Glue version."""

    jars: tuple[Jar, ...]
    exclude: tuple[str, ...]


def read_jar_set(name: str, path: Path = LIST) -> JarSet:
    """Read one table of ``local/jars.toml``.

    :param name: name of the table, such as ``glue-5_1``
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))[name]
    return JarSet(
        jars=tuple(Jar(entry["coordinates"], entry["sha256"]) for entry in table["jars"]),
        exclude=tuple(table["exclude"]),
    )


def cache_folder() -> Path:
    """The user's cache of jars: $SLUICE_CACHE/jars, else $XDG_CACHE_HOME or ~/.cache, then sluice/jars."""
    if os.environ.get("SLUICE_CACHE"):
        return Path(os.environ["SLUICE_CACHE"]) / "jars"
    base = Path(os.environ["XDG_CACHE_HOME"]) if os.environ.get("XDG_CACHE_HOME") else Path.home() / ".cache"
    return base / "sluice" / "jars"


def sha256_of(path: Path) -> str:
    """:return: hexadecimal digest of a file"""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Two local AWS that start at once must not download into the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check(jar: Jar, path: Path) -> None:
    digest = sha256_of(path)
    if digest != jar.sha256:
        raise JarError(
            f"{jar.coordinates} has sha256 {digest}, but {LIST.relative_to(REPOSITORY)} pins {jar.sha256}. "
            f"The file {path} is damaged or was replaced: delete it and start again. "
            "If the version was changed on purpose, write the new digest into that file."
        )


def _resolve(jar_set: JarSet, runtime: GlueRuntime, ivy_folder: Path) -> None:
    """Let Spark fetch the jar set into ``<ivy_folder>/jars``."""
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "resolved.py"
        script.write_text("")
        command = [
            str(runtime.spark_home / "bin" / "spark-submit"),
            "--master=local[1]",
            "--packages=" + ",".join(jar.coordinates for jar in jar_set.jars),
            "--exclude-packages=" + ",".join(jar_set.exclude),
            f"--conf=spark.jars.ivy={ivy_folder}",
            "--conf=spark.driver.host=127.0.0.1",
            "--conf=spark.driver.bindAddress=127.0.0.1",
            str(script),
        ]
        environment = os.environ | {
            "JAVA_HOME": str(java_home()),
            "SPARK_HOME": str(runtime.spark_home),
            "PYSPARK_PYTHON": str(runtime.python),
        }
        done = subprocess.run(
            command,
            env=environment,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RESOLUTION_TIMEOUT_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        log = ivy_folder / "resolution.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        reason = next(
            (line.strip() for line in done.stderr.splitlines() if "unresolved dependency" in line or "FAILED" in line),
            done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no message",
        )
        raise JarError(
            f"Spark could not fetch the jars it needs for s3:// from Maven Central: {reason}. "
            f"Is the network up? Behind a mirror set DEFAULT_ARTIFACT_REPOSITORY. Full log: {log}"
        )


def resolve_jars(runtime: GlueRuntime, folder: Path | None = None) -> list[Path]:
    """Return the checked jars of a runtime, fetching what is missing.

    :param folder: cache folder, by default the user's (see :func:`cache_folder`)
    :return: paths for Spark's class path
    :raises JarError: a jar cannot be fetched or has the wrong sha256
    """
    jar_set = read_jar_set(runtime.jar_set)
    cache = folder or cache_folder()
    with _exclusive(cache):
        missing = [jar for jar in jar_set.jars if not (cache / jar.file_name).exists()]
        if missing:
            ivy = cache / "ivy"
            ivy.mkdir(exist_ok=True)
            _resolve(jar_set, runtime, ivy)
            for jar in missing:
                fetched = ivy / "jars" / jar.file_name
                _check(jar, fetched)
                partial = cache / (jar.file_name + ".part")
                shutil.copyfile(fetched, partial)
                partial.rename(cache / jar.file_name)
            shutil.rmtree(ivy)
        for jar in jar_set.jars:
            _check(jar, cache / jar.file_name)
    return [cache / jar.file_name for jar in jar_set.jars]


def main() -> int:
    try:
        paths = resolve_jars(glue_runtime(DEFAULT_VERSION))
    except JarError as error:
        sys.stderr.write(f"jars: {error}\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
