"""What Redshift would refuse is refused here, with Redshift's kind of error."""

from __future__ import annotations

import pytest

from tests.local.redshift.conftest import Warehouse
from tests.local.redshift.linter_cases import ALLOWED, REFUSED


@pytest.fixture(scope="module")
def schema_with_table(warehouse: Warehouse) -> str:
    warehouse.rows("CREATE SCHEMA linted")
    warehouse.rows("CREATE TABLE linted.t (a INT, b VARCHAR(20))")
    return "linted"


@pytest.mark.parametrize("name", REFUSED)
def test_refused(warehouse: Warehouse, schema_with_table: str, name: str) -> None:
    statement, text = (part.replace("{s}", schema_with_table) for part in REFUSED[name])
    assert text in warehouse.error(statement)


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(warehouse: Warehouse, schema_with_table: str, name: str) -> None:
    warehouse.rows(ALLOWED[name].replace("{s}", schema_with_table))
