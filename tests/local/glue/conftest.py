"""Fixtures of the Glue tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.glue.workbench import Workbench


@pytest.fixture(scope="session")
def glue(local_aws: Any) -> Workbench:
    """Bucket, role and database for all Glue tests of the session; they share one warm Spark."""
    workbench = Workbench(local_aws)
    workbench.build()
    return workbench
