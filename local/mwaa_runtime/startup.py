"""startup.sh, sourced as MWAA's image sources it, with the image's limit and its ways to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import LocalAwsError
from local.mwaa_runtime.image import Limits
from local.processes import stop_tree

# As bin/airflow-user/execute-user-startup-script of the image: `exit` is an alias, so a script that exits still hands
# its variables over. What runs in a subshell, or ends bash in another way (set -e, exec, kill), does not.
_WRAPPER = """
hand_over() { env -0 > "$SLUICE_EXPORTS"; unalias exit; exit; }
shopt -s expand_aliases
alias exit=hand_over
source "$SLUICE_SCRIPT"
hand_over
"""
# Bash's own, not the script's.
_OF_BASH = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "SLUICE_EXPORTS", "SLUICE_SCRIPT"})
_LOG_LINES = 15


class StartupScriptError(LocalAwsError):
    """The script left no variables behind: on MWAA the container fails and is started again, for ever."""


@dataclass(frozen=True)
class StartupResult:
    """:param exports: the whole environment at the script's end.
    :param output: what it printed.
    """

    exports: Mapping[str, str]
    output: str
    seconds: float


def source(script: Path, environment: Mapping[str, str], home: Path, limits: Limits) -> StartupResult:
    """Source a startup script and take over its environment.

    :param script: bash; its exit code does not count, as on MWAA.
    :param environment: what it starts with, `MWAA_AIRFLOW_COMPONENT` included.
    :param home: its working folder.
    :raises StartupScriptError: it took too long, or bash ended before the variables could be read.
    """
    begin = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="startup.", dir=home))
    exports, log = folder / "environment", folder / "output"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", _WRAPPER],
                env={**environment, "SLUICE_EXPORTS": str(exports), "SLUICE_SCRIPT": str(script.absolute())},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        in_time = _wait(process, limits)
        printed = log.read_text(errors="replace")
        seconds = time.monotonic() - begin
        if not in_time:
            allowed = limits.startup_script + limits.startup_script_grace
            raise _failure(script, f"ran longer than the {allowed:.0f} s that MWAA allows and was ended", printed)
        if not exports.exists():
            raise _failure(script, f"ended bash with code {process.returncode} before its variables were read", printed)
        return StartupResult(_read(exports), printed, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], limits: Limits) -> bool:
    try:
        process.wait(timeout=limits.startup_script)
    except subprocess.TimeoutExpired:
        stop_tree(psutil.Process(process.pid), limits.startup_script_grace)
        process.wait()
        return False
    return True


def _read(exports: Path) -> dict[str, str]:
    entries = (entry.partition(b"=") for entry in exports.read_bytes().split(b"\0") if entry)
    decoded = {os.fsdecode(name): os.fsdecode(value) for name, _, value in entries}
    # Exported functions are no variables to hand to another process.
    return {name: value for name, value in decoded.items() if name not in _OF_BASH and not name.startswith("BASH_FUNC")}


def _failure(script: Path, what: str, printed: str) -> StartupScriptError:
    end = "\n".join(printed.splitlines()[-_LOG_LINES:]) or "(nothing)"
    return StartupScriptError(
        f"{script} {what}. On MWAA no component would start. Avoid `set -e`, `exec` and long work there. "
        f"It printed:\n{end}"
    )
