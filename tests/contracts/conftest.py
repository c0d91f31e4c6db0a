"""The contracts folder, and copies of the real contract to break."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACTS = REPOSITORY / "dags" / "contracts"
PRODUCTS = sorted(path.name.removesuffix(".odcs.yaml") for path in CONTRACTS.glob("*.odcs.yaml"))

# As in Airflow: the DAG folder is on the path, the repository is not needed.
sys.path.insert(0, str(REPOSITORY / "dags"))


@pytest.fixture(scope="session")
def _online_retail() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "online_retail.odcs.yaml").read_text())
    return document


@pytest.fixture
def document(_online_retail: dict[str, Any]) -> dict[str, Any]:
    """The contract of online_retail, free to be changed."""
    return copy.deepcopy(_online_retail)


@pytest.fixture
def folder_with(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Write a contract into a repository of its own."""

    def write(document: dict[str, Any]) -> Path:
        path = tmp_path / "dags" / "contracts" / "online_retail.odcs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return tmp_path

    return write
