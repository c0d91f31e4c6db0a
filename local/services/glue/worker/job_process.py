"""One Glue job run: what happens in the forked process, from its first line to its exit code.

The script runs as ``__main__`` with the arguments Glue would pass, in a folder of its own, attached to a Spark JVM that
the control plane leased for it. What the run leaves behind besides its logs is ``result.json``: the error in the form
of Glue's ErrorMessage, and whether the JVM was given back clean.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ERROR_MESSAGE_LIMIT = 2000


@dataclass(frozen=True)
class JobSpec:
    """Everything a job process needs to know.

    :param id: the run, for the fork server's answers
    :param folder: private folder of the run, its working directory
    :param script: path of the downloaded script
    :param arguments: ``sys.argv`` without the script's name
    :param environment: the whole environment of the process
    :param python_path: folders and archives in front of ``sys.path`` (``--extra-py-files``)
    :param spark_properties: ``spark.*`` settings of this run
    """

    id: str
    folder: str
    script: str
    arguments: list[str]
    environment: dict[str, str]
    python_path: list[str]
    spark_properties: dict[str, str]


@dataclass
class JobResult:
    """The contents of ``result.json``."""

    exit_code: int = 0
    error: str = ""
    spark_clean: bool = False


class SparkConnection:
    """The leased JVM: this run's settings go in before the script starts and come out when it ended."""

    def __init__(self, properties: dict[str, str]) -> None:
        self.properties = properties
        self.previous: dict[str, str | None] = {}

    def open(self) -> None:
        from pyspark import SparkContext

        # PYSPARK_GATEWAY_PORT and PYSPARK_GATEWAY_SECRET in the environment lead to the leased JVM
        SparkContext._ensure_initialized()
        system = SparkContext._jvm.java.lang.System
        for name, value in self.properties.items():
            # Answers the value before, so that a run's --conf does not outlive the run
            self.previous[name] = system.setProperty(name, value)

    def close(self) -> None:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        session = SparkSession._instantiatedSession
        context = SparkContext._active_spark_context
        if session is not None and session._sc._jsc is not None:
            session.stop()
        elif context is not None:
            context.stop()
        jvm = SparkContext._jvm
        # Hadoop keeps file systems, with the credentials they were opened with, for the life of the JVM
        jvm.org.apache.hadoop.fs.FileSystem.closeAll()
        for name, value in self.previous.items():
            if value is None:
                jvm.java.lang.System.clearProperty(name)
            else:
                jvm.java.lang.System.setProperty(name, value)


def enter(spec: JobSpec) -> None:
    """Turn a fork of the server into a process of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(Path(spec.folder) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, descriptor)
        os.close(target)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, closefd=False, errors="backslashreplace")
    os.environ.clear()
    os.environ.update(spec.environment)
    time.tzset()
    os.chdir(spec.folder)
    sys.argv = [spec.script, *spec.arguments]
    forget_repository(spec)
    reseed()


def forget_repository(spec: JobSpec) -> None:
    """The repository is on the server's path only so that it finds itself; on Glue it would not be there."""
    repository = Path(__file__).resolve().parents[4]
    inside = {str(repository), str(Path(__file__).parent)}
    libraries = [entry for entry in sys.path if entry and entry not in inside]
    sys.path[:] = [str(Path(spec.script).parent), *spec.python_path, *libraries]
    for name in [name for name in sys.modules if name.partition(".")[0] == "local"]:
        del sys.modules[name]


def reseed() -> None:
    """Two forks of one process must not draw the same random numbers."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def run_script(script: str) -> None:
    """Execute a file as ``__main__``."""
    main = types.ModuleType("__main__")
    main.__file__ = script
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    code = compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102 - to run the user's script is the purpose


def print_traceback(error: BaseException, script: str) -> None:
    """Print the traceback as the script's own interpreter would, without the frames of this runner."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != script:
        frame = frame.tb_next
    traceback.print_exception(type(error), error, frame, file=sys.stderr)


def error_message(error: BaseException) -> str:
    """The error as Glue shows it in ErrorMessage: ``ValueError: what went wrong``."""
    text = str(error).strip()
    java = getattr(error, "java_exception", None)
    if java is not None:
        text = f"{str(getattr(error, 'errmsg', '')).strip()} {java.toString()}".strip()
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return message if len(message) <= ERROR_MESSAGE_LIMIT else message[: ERROR_MESSAGE_LIMIT - 3] + "..."


def exit_of(error: SystemExit) -> JobResult:
    """``sys.exit()`` and ``sys.exit(0)`` succeed; a text is printed and counts as 1."""
    if error.code is None or error.code == 0:
        return JobResult()
    if isinstance(error.code, int):
        return JobResult(exit_code=error.code & 0xFF or 1, error=f"SystemExit: {error.code}")
    sys.stderr.write(f"{error.code}\n")
    return JobResult(exit_code=1, error=f"SystemExit: {error.code}")


def execute(spec: JobSpec) -> JobResult:
    """Run the script to its end, including its threads."""
    try:
        run_script(spec.script)
        result = JobResult()
    except SystemExit as error:
        result = exit_of(error)
    except BaseException as error:
        print_traceback(error, spec.script)
        result = JobResult(exit_code=1, error=error_message(error))
    # As the interpreter does at its end: wait for the threads that are not daemons
    threading._shutdown()  # type: ignore[attr-defined]
    return result


def give_back(connection: SparkConnection) -> bool:
    """:return: whether the JVM is as it was before this run"""
    try:
        connection.close()
    except Exception:
        traceback.print_exc()
        return False
    return True


def write_result(result: JobResult, folder: str) -> None:
    path = Path(folder) / "result.json"
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(result.__dict__), encoding="utf-8")
    draft.rename(path)


def run_job(spec: JobSpec) -> NoReturn:
    """Run a job in this (forked) process and leave it with the script's exit code."""
    result = JobResult(exit_code=1)
    try:
        enter(spec)
        connection = SparkConnection(spec.spark_properties)
        connection.open()
        result = execute(spec)
        result.spark_clean = give_back(connection)
        write_result(result, spec.folder)
        atexit._run_exitfuncs()
    except BaseException as error:
        traceback.print_exc()
        result.exit_code = result.exit_code or 1
        result.error = result.error or error_message(error)
        write_result(result, spec.folder)
    finally:
        flush()
        os._exit(result.exit_code)


def flush() -> None:
    stream: Any
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
