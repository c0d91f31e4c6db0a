"""startup.sh as the image sources it: what is kept, what ends it, what makes a container fail."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from local.mwaa_runtime.image import Limits
from local.mwaa_runtime.startup import StartupScriptError, source
from local.settings import REPOSITORY

LIMITS = Limits(startup_script=10, startup_script_grace=1, requirements=10)
PATIENT_FOR_A_MOMENT = Limits(startup_script=0.5, startup_script_grace=0.5, requirements=10)
ENVIRONMENT = {"PATH": os.environ["PATH"], "MWAA_AIRFLOW_COMPONENT": "worker", "GIVEN": "1"}


def run(tmp_path: Path, script: str, limits: Limits = LIMITS, **variables: str) -> dict[str, str]:
    path = tmp_path / "startup.sh"
    path.write_text(script)
    return dict(source(path, ENVIRONMENT | variables, tmp_path, limits).exports)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("set -e\nexport X=1\nfalse\n", "set -e"),
        ("export X=1\nexec true\n", "exec"),
        ("kill -9 $$\n", "kill"),
    ],
)
def test_a_script_that_ends_bash_makes_the_container_fail(tmp_path: Path, script: str, reason: str) -> None:
    with pytest.raises(StartupScriptError, match="no component would start"):
        run(tmp_path, script)


def test_a_script_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(StartupScriptError, match="ran longer than the 1 s that MWAA allows") as ended:
        run(tmp_path, "echo began\nsleep 77.125 & trap '' TERM\nsleep 77.125\nsleep 77.125\n", PATIENT_FOR_A_MOMENT)
    assert "began" in str(ended.value)
    assert time.monotonic() - begin < 10
    assert not [process for process in psutil.process_iter(["cmdline"]) if "77.125" in (process.info["cmdline"] or [])]


def test_the_message_has_what_the_script_printed(tmp_path: Path) -> None:
    with pytest.raises(StartupScriptError, match="no such tool"):
        run(tmp_path, "set -e\necho 'no such tool' >&2\nfalse\n")


def test_an_error_in_the_middle_stops_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "export BEFORE=1\nfalse\nno_such_command_here\nexport AFTER=1\n")["AFTER"] == "1"


def test_exit_ends_the_script_and_keeps_its_exports(tmp_path: Path) -> None:
    exports = run(tmp_path, "export BEFORE=1\nleave() { exit 3; }\nleave\nexport AFTER=1\n")
    assert exports["BEFORE"] == "1"
    assert "AFTER" not in exports


def test_exports_are_kept_to_the_letter_and_plain_variables_are_not(tmp_path: Path) -> None:
    exports = run(
        tmp_path, "export TEXT=$'two\\nlines = ü'\nplain=1\nexport PATH=\"$PATH:/opt/tool\"\nf() { :; }\nexport -f f\n"
    )
    assert exports["TEXT"] == "two\nlines = ü"
    assert exports["PATH"].endswith(":/opt/tool")
    assert "plain" not in exports
    assert not [name for name in exports if name.startswith("BASH_FUNC")]


def test_it_knows_its_component_and_its_home(tmp_path: Path) -> None:
    exports = run(tmp_path, 'export SEEN="$MWAA_AIRFLOW_COMPONENT $GIVEN $PWD"\n')
    assert exports["SEEN"] == f"worker 1 {tmp_path}"


def test_a_variable_that_is_unset_is_only_unset_for_the_script(tmp_path: Path) -> None:
    assert "GIVEN" not in run(tmp_path, "unset GIVEN\n")


def test_nothing_is_left_in_the_home(tmp_path: Path) -> None:
    run(tmp_path, "export X=1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["startup.sh"]


def test_the_repository_s_own_script_runs_within_a_second_and_only_sets_variables(tmp_path: Path) -> None:
    script = REPOSITORY / "mwaa" / "startup.sh"
    result = source(script, ENVIRONMENT, tmp_path, LIMITS)
    assert result.output == ""
    assert result.exports["AWS_RETRY_MODE"] == "standard"
    assert (
        source(script, ENVIRONMENT | {"AWS_RETRY_MODE": "adaptive"}, tmp_path, LIMITS).exports["AWS_RETRY_MODE"]
        == "adaptive"
    )
