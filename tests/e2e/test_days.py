"""The laws of the lake on whole days: balance, run twice = run once, any order gives the same tables."""

from __future__ import annotations

import csv
import io

import pytest

from local.demo.airflow_runs import RunOutcome
from tests.e2e.lake import Lake


@pytest.fixture(scope="module")
def published(lake: Lake, invoice_days: dict[str, bytes]) -> dict[str, RunOutcome]:
    """Every day landed and run once, the marts built after each."""
    outcomes = {}
    for day, body in invoice_days.items():
        lake.land(day, {f"{day}.csv": body})
        outcomes[day] = lake.run_day(day)
        marts = lake.run("sales_marts", day)
        assert marts.succeeded, (marts.error, marts.tasks)
    return outcomes


def test_every_day_is_published(published: dict[str, RunOutcome]) -> None:
    assert {day: (outcome.state, outcome.error) for day, outcome in published.items()} == dict.fromkeys(
        published, ("success", None)
    )


def test_rows_balance_and_match_the_files(
    lake: Lake, published: dict[str, RunOutcome], invoice_days: dict[str, bytes]
) -> None:
    for day, body in invoice_days.items():
        delivered = sum(1 for _ in csv.DictReader(io.StringIO(body.decode())))
        (result,) = lake.results(day)
        rows = result["rows"]
        assert rows["landed"] == delivered
        assert rows["landed"] == rows["published"] + rows["quarantined"] + rows["duplicates"]
        (count,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.online_retail WHERE invoice_day = DATE '{day}'")
        assert int(count["n"]) == rows["published"]


def test_cancellations_are_kept_as_returns(
    lake: Lake, published: dict[str, RunOutcome], invoice_days: dict[str, bytes]
) -> None:
    delivered = set()
    for body in invoice_days.values():
        delivered |= {
            row["InvoiceNo"] for row in csv.DictReader(io.StringIO(body.decode())) if row["InvoiceNo"].startswith("C")
        }
    kept = lake.query("SELECT DISTINCT invoice_no FROM curated.online_retail WHERE is_return")
    assert delivered
    assert delivered <= {row["invoice_no"] for row in kept}


def test_the_warehouse_holds_what_the_lake_holds(lake: Lake, published: dict[str, RunOutcome]) -> None:
    in_lake = lake.query(
        "SELECT CAST(invoice_day AS varchar) AS day, COUNT(*) AS n, SUM(quantity) AS q "
        "FROM curated.online_retail GROUP BY 1"
    )
    in_warehouse = lake.warehouse(
        "SELECT CAST(invoice_day AS VARCHAR), COUNT(*), SUM(quantity) FROM mart.fact_sales GROUP BY 1"
    )
    assert sorted((row["day"], int(row["n"]), int(row["q"])) for row in in_lake) == sorted(
        (day, count, quantity) for day, count, quantity in in_warehouse
    )


def test_a_second_run_changes_nothing_and_works_once(
    lake: Lake, published: dict[str, RunOutcome], invoice_days: dict[str, bytes]
) -> None:
    before = (lake.curated_checksum(), lake.curated_versions(), lake.warehouse_checksums())

    for day in invoice_days:
        again = lake.run_day(day)
        assert again.succeeded, (again.error, again.tasks)
        assert lake.run("sales_marts", day).succeeded

    assert (lake.curated_checksum(), lake.curated_versions(), lake.warehouse_checksums()) == before
    assert {day: len(lake.job_runs(day)) for day in invoice_days} == dict.fromkeys(invoice_days, 1)


def test_days_in_reverse_order_give_the_same_tables(lake: Lake, published: dict[str, RunOutcome]) -> None:
    before = (lake.curated_checksum(), lake.warehouse_checksums())
    days = sorted(lake.curated_versions())
    assert set(published) <= set(days)
    lake.forget_everything()

    for day in reversed(days):
        again = lake.run_day(day)
        assert again.succeeded, (again.error, again.tasks)
        marts = lake.run("sales_marts", day)
        assert marts.succeeded, (marts.error, marts.tasks)

    assert (lake.curated_checksum(), lake.warehouse_checksums()) == before


def test_three_principals_see_three_things(lake: Lake, published: dict[str, RunOutcome]) -> None:
    everything = lake.query("SELECT * FROM curated.online_retail")
    assert "customer_id" in everything[0]
    assert len({row["country"] for row in everything}) > 1

    uk_only = lake.query("SELECT * FROM curated.online_retail", principal="uk-analyst")
    assert {row["country"] for row in uk_only} == {"United Kingdom"}
    assert "customer_id" not in uk_only[0]
    assert len(uk_only) == sum(row["country"] == "United Kingdom" for row in everything)

    with pytest.raises(AssertionError, match="COLUMN_NOT_FOUND"):
        lake.query("SELECT customer_id FROM curated.online_retail", principal="uk-analyst")
    with pytest.raises(AssertionError, match="Insufficient Lake Formation permission"):
        lake.query("SELECT * FROM curated.online_retail", principal="outsider")
