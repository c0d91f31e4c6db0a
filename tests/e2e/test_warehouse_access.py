"""Each persona reads the warehouse through the Data API with its own IAM role, and sees what the contract says."""

from __future__ import annotations

import re

import pytest

from tests.e2e.lake import Lake

DAY = "2013-06-07"


@pytest.fixture(scope="module")
def loaded(lake: Lake, invoice_days: dict[str, bytes]) -> None:
    day, body = next(iter(sorted(invoice_days.items())))
    lake.land(DAY, {"a.csv": body.replace(day.encode(), DAY.encode())})
    for dag_id in ("online_retail_daily", "sales_marts"):
        outcome = lake.run(dag_id, DAY)
        assert outcome.succeeded, (outcome.error, outcome.tasks)


def test_a_role_that_may_see_personal_data_sees_pseudonyms_only(lake: Lake, loaded: None) -> None:
    rows = lake.warehouse("SELECT customer_id FROM mart.dim_customer LIMIT 5", "data-engineer")
    assert rows
    assert all(re.fullmatch(r"[0-9a-f]{64}", str(customer)) for (customer,) in rows)


def test_a_role_of_some_rows_and_one_without_a_grant_see_nothing(lake: Lake, loaded: None) -> None:
    for persona in ("uk-analyst", "outsider"):
        with pytest.raises(AssertionError, match="permission denied"):
            lake.warehouse("SELECT * FROM mart.fact_sales", persona)


def test_nobody_but_the_pipeline_writes(lake: Lake, loaded: None) -> None:
    for statement in (
        "DELETE FROM mart.fact_sales",
        "CREATE ROLE more",
        "DETACH MASKING POLICY hide_varchar_64 ON mart.fact_sales(customer_id) FROM ROLE data_engineer",
    ):
        with pytest.raises(AssertionError, match=r"permission denied|must be"):
            lake.warehouse(statement, "data-engineer")
