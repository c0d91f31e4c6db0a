"""``python -m local`` as a user has it: processes that outlive it, states it refuses, messages that say what to do."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.mwaa_runtime import components
from local.settings import LocalSettings, load_settings
from tests.conftest import run_local, start_watchdog, stop_by_watchdog

SERVERS = ("control-plane", "s3", "postgres")
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")


@pytest.fixture(scope="module")
def own(tmp_path_factory, no_spark):
    """A local AWS of this module's own, because its tests kill and stop servers."""
    state = tmp_path_factory.mktemp("cli") / "state"
    watchdog = start_watchdog(state)
    started = run_local(state, "up")
    assert started.returncode == 0, started.stdout + started.stderr
    yield state
    stop_by_watchdog(watchdog)


def servers(state: Path) -> dict[str, tuple[int | None, str]]:
    """Pid and health of each server as `status` tells them."""
    lines = run_local(state, "status").stdout.splitlines()
    found = {}
    for line in lines[1:4]:
        name, pid, _port, health = line.split(maxsplit=3)
        found[name] = (None if pid == "-" else int(pid), health)
    return found


def pid_of(state: Path, name: str) -> int:
    pid = servers(state)[name][0]
    assert pid is not None
    return pid


def test_up_again_starts_and_changes_nothing(own):
    before, settings = servers(own), (own / "settings.json").read_text()

    again = run_local(own, "up")

    assert again.returncode == 0, again.stderr
    assert servers(own) == before
    assert (own / "settings.json").read_text() == settings
    assert "artifacts (0 changed)" in again.stdout


def test_status_is_a_table_and_exit_code_0_when_all_is_well(own):
    status = run_local(own, "status")

    assert status.returncode == 0
    assert re.match(r"service +pid +port +health\n", status.stdout)
    assert set(servers(own)) == set(SERVERS)
    assert {health for _, health in servers(own).values()} == {"ok"}
    assert str(own) in status.stdout


@pytest.mark.parametrize("name", SERVERS)
def test_a_dead_server_is_seen_and_up_starts_it_again(own, name):
    others = {other: servers(own)[other] for other in SERVERS if other != name}
    os.kill(pid_of(own, name), signal.SIGKILL)
    seen = run_local(own, "status")
    assert seen.returncode == 3
    assert re.search(rf"{name} .*down", seen.stdout)

    assert run_local(own, "up").returncode == 0

    assert servers(own)[name][1] == "ok"
    assert {other: servers(own)[other] for other in others} == others


def test_servers_have_a_session_of_their_own_so_that_no_terminal_or_parent_takes_them_along(own):
    for name in ("control-plane", "s3"):
        pid = pid_of(own, name)
        assert os.getsid(pid) == pid
        assert psutil.Process(pid).ppid() != os.getpid()


def test_stopped_servers_whose_ports_were_taken_meanwhile_get_new_ones(own):
    assert run_local(own, "down").returncode == 0
    before = load_settings(own)
    with socket.socket() as other_program:
        # As servers do: connections of the one that was here may still be in TIME_WAIT.
        other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other_program.bind(("127.0.0.1", before.s3_port))
        other_program.listen()

        started = run_local(own, "up")

        assert started.returncode == 0, started.stderr
        assert "s3_port" in started.stdout
        after = load_settings(own)
        assert after.s3_port != before.s3_port
        assert after.control_plane_port == before.control_plane_port
        assert f"AWS_ENDPOINT_URL_S3={after.s3_endpoint_url}" in (own / "env.sh").read_text()
        assert {health for _, health in servers(own).values()} == {"ok"}


def test_down_leaves_no_process_and_keeps_the_data(own):
    def alive(pids: list[int]) -> list[int]:
        return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]

    roots = [pid_of(own, name) for name in SERVERS]
    tree = [child.pid for root in roots for child in psutil.Process(root).children(recursive=True)]

    assert run_local(own, "down").returncode == 0
    assert alive(roots + tree) == []
    again = run_local(own, "down")
    assert (again.returncode, again.stdout) == (0, "")

    assert run_local(own, "up").returncode == 0


def test_a_moved_state_folder_works_where_it_is_now(own, tmp_path):
    moved = tmp_path / "moved"
    shutil.move(own, moved)
    try:
        assert run_local(moved, "up").returncode == 0, "moved while it ran"
        assert load_settings(moved).state_dir == moved
        assert str(moved) in (moved / "env.sh").read_text()
    finally:
        run_local(moved, "down")
        shutil.move(moved, own)
    assert run_local(own, "up").returncode == 0


def test_a_copy_of_a_running_state_folder_does_not_touch_the_original(own, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(own, copy, ignore=shutil.ignore_patterns("*.sock", "sockets"))
    before = servers(own)
    assert "ok" not in run_local(copy, "status").stdout

    assert run_local(copy, "down").returncode == 0

    assert servers(own) == before


@pytest.mark.parametrize("name", SERVERS)
def test_logs_of_one_server(own, name):
    logs = run_local(own, "logs", name, "-n", "5")

    assert logs.returncode == 0
    assert len(logs.stdout.splitlines()) <= 5


def test_logs_of_all_name_the_files(own):
    logs = run_local(own, "logs").stdout
    for name in SERVERS:
        assert f"== {name}: {own}" in logs


def test_env_is_shell_that_points_at_this_local_aws_only(own):
    script = run_local(own, "env").stdout
    settings: LocalSettings = load_settings(own)
    hostile = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "real",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/",
    }

    shown = subprocess.run(
        ["/bin/sh", "-c", f"{script}\nenv"], env=os.environ | hostile, capture_output=True, text=True, check=True
    ).stdout
    variables = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    assert variables["AWS_ENDPOINT_URL"] == settings.endpoint_url
    assert variables["AWS_ENDPOINT_URL_S3"] == settings.s3_endpoint_url
    assert variables["AWS_CONFIG_FILE"].startswith(str(own))
    assert not hostile.keys() & variables.keys()
    assert variables["AIRFLOW__LAKE__PREFIX"] == "sluice"
    assert variables["AIRFLOW__CORE__PLUGINS_FOLDER"].startswith(str(own))
    assert variables["AWS_RETRY_MODE"] == "standard", "exported by mwaa/startup.sh"


def test_each_role_is_a_profile(own):
    written = (own / "aws" / "credentials").read_text()
    for profile in ("default", "local-admin", "glue", "lake-admin", "uk-analyst"):
        assert f"[{profile}]" in written


def test_outputs_of_the_stack_are_written(own):
    assert json.loads((own / "outputs.json").read_text())


# --- Airflow ---------------------------------------------------------------------------------------------------------


def airflow_states(state: Path) -> dict[str, str]:
    """Health of each of Airflow's components as `status` tells it."""
    lines = [line.split() for line in run_local(state, "status").stdout.splitlines() if line.startswith("airflow ")]
    return {words[1]: words[-1] for words in lines}


def test_ui_starts_airflow_once_and_down_ends_all_of_it(own):
    assert airflow_states(own) == {}

    started = run_local(own, "ui")

    assert started.returncode == 0, started.stdout + started.stderr
    url, password = re.search(
        r"Airflow: (http://127\.0\.0\.1:\d+) +user admin, password (\S+)", started.stdout
    ).groups()
    deadline = time.monotonic() + 60
    while (states := airflow_states(own)) != dict.fromkeys(AIRFLOW, "ok"):
        # It was healthy a moment ago; a busy machine may be late with an answer.
        assert time.monotonic() < deadline, states
    published = json.loads((own / "airflow" / "webserver.json").read_text())
    assert published["url"] == url
    assert password not in (own / "env.sh").read_text()
    assert run_local(own, "ui").stdout.splitlines()[-1] == started.stdout.splitlines()[-1]
    assert json.loads((own / "airflow" / "webserver.json").read_text()) == published

    os.kill(published["pid"], signal.SIGKILL)
    assert airflow_states(own)["api-server"] == "down"
    pids = components.pids(own / "airflow")
    assert len(pids) >= len(AIRFLOW) - 1

    assert "stopped Airflow" in run_local(own, "down").stdout

    assert components.pids(own / "airflow") == []
    assert not (own / "airflow" / "webserver.json").exists()
    assert run_local(own, "up").returncode == 0
    assert airflow_states(own) == {}


def test_keys_of_airflow_are_the_owner_s_only(own):
    for name in ("env.sh", "airflow.json", "airflow/keys.json", "airflow/simple_auth_manager_passwords.json"):
        assert (own / name).stat().st_mode & 0o077 == 0, name


# --- refusals --------------------------------------------------------------------------------------------------------


def _locked(state: Path) -> Callable[[], None]:
    lock = (state / "command.lock").open("a+")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock.close


@pytest.mark.parametrize("command", [("up",), ("down",), ("reset", "--yes")])
def test_two_commands_never_change_one_state_folder_at_a_time(own, command):
    release = _locked(own)
    try:
        refused = run_local(own, *command)
    finally:
        release()

    assert refused.returncode == 1
    assert "Another `python -m local` command" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert {health for _, health in servers(own).values()} == {"ok"}


@pytest.mark.parametrize("command", [("down",), ("status",), ("logs",), ("env",), ("reset", "--yes")])
def test_a_folder_without_a_local_aws_is_refused_and_left_alone(tmp_path, command):
    (tmp_path / "precious").write_text("mine")

    refused = run_local(tmp_path, *command)

    assert refused.returncode == 1
    assert "holds no local AWS" in refused.stderr
    assert "python -m local up" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_reset_wants_to_be_asked_twice(own):
    refused = run_local(own, "reset")

    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert (own / "settings.json").exists()


def test_settings_that_cannot_be_read_say_how_to_repair_them(tmp_path):
    (tmp_path / "settings.json").write_text("{")

    refused = run_local(tmp_path, "up")

    assert refused.returncode == 1
    assert str(tmp_path / "settings.json") in refused.stderr
    assert "Delete that file" in refused.stderr


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")

    refused = run_local(file / "state", "up")

    assert refused.returncode == 1
    assert f"{file / 'state'} cannot be written (Not a directory)" in refused.stderr
    assert "--state FOLDER" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Online Retail", "2010-12-01", "x.csv"), "is no product name"),
        (("../other", "2010-12-01", "x.csv"), "is no product name"),
        (("online_retial", "2010-12-01", __file__), "Did you mean online_retail? Nothing was uploaded."),
        (("zzz", "2010-12-01", __file__), "no contract zzz.odcs.yaml. There are flights,"),
        (("online_retail", "2010-13-01", "x.csv"), "YYYY-MM-DD"),
        (("online_retail", "20101201", "x.csv"), "YYYY-MM-DD"),
        (("online_retail", "2010-12-01", "/does/not/exist.csv"), "No such file: /does/not/exist.csv"),
        (("online_retail", "2010-12-01", "a/x.csv", "b/x.csv"), "No such file"),
    ],
)
def test_land_refuses_what_is_no_delivery(own, arguments, message):
    refused = run_local(own, "land", *arguments)

    assert refused.returncode == 1
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_land_delivers_files_and_then_the_marker(own, tmp_path):
    day = tmp_path / "day.csv"
    day.write_text("a,b\n1,2\n")

    landed = run_local(own, "land", "online_retail", "1999-01-02", str(day))

    prefix = "s3://sluice-dev-landing/online_retail/ingest_date=1999-01-02"
    assert landed.stdout.splitlines() == [f"landed {prefix}/day.csv", f"landed {prefix}/_SUCCESS"]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("up", "--help"), ("logs", "--help"), ("nonsense",)])
def test_help_needs_nothing_and_a_wrong_command_shows_it(tmp_path, arguments):
    shown = run_local(tmp_path, *arguments)

    assert shown.returncode == (0 if "--help" in arguments else 2)
    assert "usage: python -m local" in shown.stdout + shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_reset_deletes_everything(own):
    pids = [pid_of(own, name) for name in SERVERS]

    done = run_local(own, "reset", "--yes")

    assert done.returncode == 0
    assert not own.exists()
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)
