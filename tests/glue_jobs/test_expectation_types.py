"""What lint knows of expectations is what the library of the jobs takes."""

from __future__ import annotations

import importlib

import pytest

from tests.glue_jobs.conftest import REPOSITORY


def test_lint_and_library_know_the_same_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    monkeypatch.syspath_prepend(str(REPOSITORY / "dags"))
    known = importlib.import_module("lake.contracts.expectation_types").ARGUMENTS
    assert gx.__version__.startswith("1.24.")
    assert known
    for name, (needed, possible) in known.items():
        fields = get_expectation_impl(name).__fields__
        assert needed | possible <= fields.keys(), name
        assert {field for field in fields if fields[field].required} <= needed, name
