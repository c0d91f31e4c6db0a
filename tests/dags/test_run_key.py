"""The run key names the input: it changes with it, and with nothing else."""

from __future__ import annotations

import pytest

from lake.run_key import RUN_KEY, run_key

FILES = [("a.csv", "e1", 10), ("b.csv", "e2", 20)]
SETTINGS = {"contract": "c1", "glue_jobs/job.py": "s1"}


def test_it_is_a_name_for_paths_and_tables() -> None:
    assert RUN_KEY.fullmatch(run_key(FILES, SETTINGS))


def test_the_order_of_a_listing_does_not_matter() -> None:
    assert run_key(FILES, SETTINGS) == run_key(FILES[::-1], dict(reversed(SETTINGS.items())))


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        pytest.param([("a.csv", "other", 10), FILES[1]], SETTINGS, id="a file's content"),
        pytest.param(FILES[:1], SETTINGS, id="a file less"),
        pytest.param([("c.csv", "e1", 10), FILES[1]], SETTINGS, id="a file's name"),
        pytest.param(FILES, {**SETTINGS, "contract": "c2"}, id="the contract"),
        pytest.param(FILES, {**SETTINGS, "glue_jobs/job.py": "s2"}, id="the job"),
    ],
)
def test_it_follows_the_input(files: list[tuple[str, str, int]], settings: dict[str, str]) -> None:
    assert run_key(files, settings) != run_key(FILES, SETTINGS)
