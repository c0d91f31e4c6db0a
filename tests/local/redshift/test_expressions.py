"""Functions and query syntax give Redshift's values, not PostgreSQL's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.redshift.conftest import Warehouse
from tests.local.redshift.expressions import EXPRESSIONS


@pytest.mark.parametrize(("sql", "expected"), [case[1:] for case in EXPRESSIONS], ids=[case[0] for case in EXPRESSIONS])
def test_expression(warehouse: Warehouse, sql: str, expected: tuple[Any, ...] | None) -> None:
    rows = warehouse.rows(sql)
    assert rows
    for given, wanted in zip(rows[0], expected or (), strict=False):
        if isinstance(wanted, float):
            assert float(given) == pytest.approx(wanted, rel=0.01)
        elif isinstance(wanted, (int, float)) and isinstance(given, str):
            assert float(given) == wanted
        else:
            assert given == wanted
