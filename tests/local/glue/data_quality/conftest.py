"""Fixtures of the data quality tests."""

from __future__ import annotations

import pytest

from tests.local.glue.data_quality.quality_bench import QualityBench
from tests.local.glue.workbench import Workbench


@pytest.fixture(scope="session")
def quality(glue: Workbench) -> QualityBench:
    """A role for evaluation runs, in the bucket and database of the Glue tests."""
    bench = QualityBench(glue)
    bench.build()
    return bench
