"""What an erasure takes as parameters and tells afterwards: nothing of a person goes in, counts come out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from lake import erasure

ZONE = {
    "zone": "landing", "product": "online_retail", "rows": 3, "objects": 2, "rows_of_old_versions": 1,
    "old_versions": 1, "objects_removed": 0,
}  # fmt: skip
RESULT: dict[str, Any] = {
    "request": "DSR-1", "domains": ["customer"], "products": ["online_retail"], "versions_searched": 7, "zones": [ZONE],
    "days": [{"product": "online_retail", "day": "2010-12-01"}], "left": 0, "ended_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request", "../../landing/x"),
        ("request", "a b"),
        ("request", ""),
        ("request", "{{ ds }}"),
        ("request", "x" * 64),
        ("request", 17850),
        ("products", ["no_such_product"]),
        ("products", "online_retail"),
        ("products", ["online_retail", "online_retail"]),
        ("dry_run", "no"),
        ("reason", "x" * 201),
        ("approved_by", "x" * 101),
    ],
)
def test_parameter_outside_its_schema_is_refused(dags: dict[str, DAG], name: str, value: object) -> None:
    param = dags["forget_subject"].params.get_param(name)
    with pytest.raises(ParamValidationError):
        param.resolve(value=value)


def test_without_parameters_nothing_is_erased(dags: dict[str, DAG]) -> None:
    params = dags["forget_subject"].params
    assert params["dry_run"] is True
    assert params["approved_by"] is None


def test_addresses_of_a_run_are_below_folders_of_their_own() -> None:
    found = erasure.addresses("DSR-1", "0123456789abcdef")
    assert found["request_file"].endswith("-governance/erasure_requests/DSR-1.json")
    assert found["pseudonyms"].startswith(erasure.PSEUDONYMS)
    assert erasure.addresses(erasure.DELETION_LIST, "0123456789abcdef")["request_file"] == ""


def test_statistics_of_every_table_that_loses_rows_are_made_anew(dags: dict[str, DAG]) -> None:
    erasing: Any = dags["forget_subject"].get_task("erase_warehouse")
    steps = ["\n".join(line for line in sql.splitlines() if not line.startswith("--")) for sql in erasing.sql]
    changed = {name for sql in steps for name in re.findall(r"DELETE FROM (mart\.\w+)", sql)}
    assert changed == {"mart.fact_sales", "mart.dim_customer", "mart.dim_product"}
    last_change = max(index for index, sql in enumerate(steps) if "DELETE FROM" in sql or "INSERT INTO" in sql)
    *before, threshold = steps[: steps.index("ANALYZE mart.fact_sales")]
    assert threshold == "SET analyze_threshold_percent TO 0"
    assert len(before) > last_change
    assert {sql.removeprefix("ANALYZE ") for sql in steps if sql.startswith("ANALYZE ")} == changed


def test_note_for_whoever_approves_counts_by_zone() -> None:
    assert "| landing | online_retail | 3 | 2 | 1 | 1 | 0 |" in erasure.found_text(RESULT)
    assert "nothing was found" in erasure.found_text({**RESULT, "zones": []})


def test_page_quotes_what_people_wrote() -> None:
    run = {"approved_by": "<b>dpo</b>", "reason": "<script>alert(1)</script>", "run": "manual__1"}
    document = erasure.report(RESULT, RESULT, {"fact_sales.erase": 3}, ["mart.fact_sales.customer_id"], run)
    page = erasure.page(document)
    assert "<script>" not in page
    assert "<b>dpo" not in page
    assert "&lt;script&gt;" in page
    assert "0 rows left" in page
    assert "online_retail 2010-12-01" in page
