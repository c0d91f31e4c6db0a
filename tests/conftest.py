"""One local AWS for a whole test session, from whichever runtime the tests run in (needs only boto3)."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.environment import UPLOADS

REPOSITORY = Path(__file__).resolve().parent.parent
LOCAL_PYTHON = REPOSITORY / ".venv" / "local" / "bin" / "python"
_UP_SECONDS = 240
_DOWN_SECONDS = 60

# The user's own profile or credentials must not reach any client that a test makes.
for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The tests' own clients upload as Airflow's do.
os.environ |= UPLOADS


@functools.lru_cache(256)
def _client(service: str, settings: Any, principal: str) -> Any:
    """Made once: thousands of tests ask, and making one takes longer than what most of them ask of it."""
    from local.clients import service_client

    return service_client(service, settings, principal)


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS with the deployed template.

    :param settings: its ``local.settings.LocalSettings``.
    """

    settings: Any

    def client(self, service: str, principal: str = "local-admin") -> Any:
        """The session's boto3 client that signs as one principal (full role name, see `name`)."""
        return _client(service, self.settings, principal)

    def name(self, resource: str) -> str:
        """``glue`` -> ``sluice-dev-glue``."""
        return str(self.settings.name(resource))

    def delete_stack(self, template: str) -> None:
        """Delete the stack of a template (``alarms``) and wait for it."""
        client, name = self.client("cloudformation"), self.name(template)
        client.delete_stack(StackName=name)
        client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def command(self, *arguments: str, timeout: float = _UP_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run ``python -m local`` on this state folder."""
        return run_local(self.settings.state_dir, *arguments, timeout=timeout)


def run_local(state: Path, *arguments: str, timeout: float = _UP_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run ``python -m local --state STATE ARGUMENTS`` in the local runtime."""
    return subprocess.run(
        [str(LOCAL_PYTHON), "-m", "local", "--state", str(state), *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="module")
def no_spark() -> Iterator[None]:
    """For tests that start control planes of their own and run no Glue job: warming Spark costs 25 s of CPU."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLUICE_GLUE_PREWARM", "0")
        yield


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The local AWS of $SLUICE_TEST_STATE (left running), else one of this session's own (stopped and deleted)."""
    if str(REPOSITORY) not in sys.path:
        sys.path.append(str(REPOSITORY))
    from local.settings import load_settings

    shared = os.environ.get("SLUICE_TEST_STATE")
    if shared:
        yield LocalAws(load_settings(Path(shared)))
        return
    state = Path(tempfile.mkdtemp(prefix="sluice-test.")).resolve()
    watchdog = start_watchdog(state)
    try:
        started = run_local(state, "up")
        assert started.returncode == 0, f"`local up` failed:\n{started.stdout}\n{started.stderr}"
        yield LocalAws(load_settings(state))
    finally:
        stop_by_watchdog(watchdog)


def start_watchdog(state: Path) -> subprocess.Popen[bytes]:
    """A process that takes a local AWS down and deletes it as soon as this one ends, even by kill -9."""
    folder = shlex.quote(str(state))
    down = f"{shlex.quote(str(LOCAL_PYTHON))} -m local --state {folder} down"
    # `read` returns when the pipe to this process closes.
    return subprocess.Popen(
        ["/bin/sh", "-c", f"read -r _; {down}; rm -rf {folder}"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stop_by_watchdog(watchdog: subprocess.Popen[bytes]) -> None:
    """Take the watched local AWS down now."""
    assert watchdog.stdin is not None
    watchdog.stdin.close()
    watchdog.wait(timeout=_DOWN_SECONDS)
