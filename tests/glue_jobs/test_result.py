"""The whole job: what it reports, and that the report can stop a bad day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.glue_jobs.days import HEADER, OTHER_SALE, RETURN, SALE, csv_bytes, sale
from tests.glue_jobs.file_cases import FILE_CASES

RunJob = Callable[..., dict[str, Any]]


def _checks(result: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {check["id"]: (check["severity"], check["success"]) for check in result["checks"]}


def _failed(result: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["severity"] for check in result["checks"] if not check["success"]}


def _assert_whole_site(start: Path) -> None:
    """The report is its pages, and they find each other."""
    pages = {path for path in start.parent.rglob("*") if path.is_file()}
    assert start.read_text().startswith("<!DOCTYPE html>")
    named = {
        (page.parent / link).resolve()
        for page in pages
        for link in re.findall(r'href="([^":#?]+\.html)"', page.read_text())
    }
    assert len(pages) == 3, "start page, suite, validation"
    assert named
    assert named <= pages


def test_good_day(run_job: RunJob, tmp_path: Path) -> None:
    result = run_job({"a.csv": csv_bytes(SALE, SALE, OTHER_SALE, RETURN, *[sale(Quantity=str(n)) for n in range(20)])})
    assert result["rows"] == {"landed": 24, "published": 21, "quarantined": 1, "duplicates": 2}
    assert result["quarantined_by_reason"] == {"quantity_zero": 1}
    assert result["quarantine_percent"] == round(100 / 22, 3)
    assert _failed(result) == {}
    assert result["expectations"]["success_percent"] == 100
    assert result["pii_key_version"] == "version-1"
    assert {rule["id"]: rule["rows"] for rule in result["row_rules"] if rule["rows"]} == {"quantity_zero": 1}

    _assert_whole_site(Path(result["data_docs"]))
    ledger = pq.read_table(tmp_path / "ledger" / "ledger.parquet").to_pylist()
    assert len(ledger) == 1
    assert {name: ledger[0][name] for name in ("run_key", "landed", "published", "quarantined", "duplicates")} == {
        "run_key": "k1", "landed": 24, "published": 21, "quarantined": 1, "duplicates": 2,
    }  # fmt: skip
    prepared = pq.read_table(Path(result["outputs"]["published_ledger"])).to_pylist()
    assert prepared == [{**ledger[0], "verdict": "published"}]
    assert ledger[0]["verdict"] == "held", "nobody has judged the day yet"
    assert Path(result["outputs"]["published_ledger"]).name.startswith("_"), "engines must not count the line twice"


def test_day_that_must_not_be_published(run_job: RunJob) -> None:
    """Every row broken: rows and share are reported as errors, the suite runs on an empty table."""
    result = run_job({"a.csv": csv_bytes(sale(Quantity="0"), sale(Quantity="x"))})
    assert result["rows"] == {"landed": 2, "published": 0, "quarantined": 2, "duplicates": 0}
    failed = _failed(result)
    assert failed["quarantine_share_allowed"] == "error"
    assert failed["rows_published"] == "error"


def test_day_that_is_published_with_warnings(run_job: RunJob) -> None:
    header = f"{HEADER},Channel"
    result = run_job(
        {
            "a.csv": csv_bytes(*[f"{sale(Quantity=str(n), Description='')},web" for n in range(1, 20)], header=header),
            "b.csv": csv_bytes(sale(Quantity="0", CustomerID="")),
            "empty.csv": b"",
        }
    )
    assert _failed(result) == {
        "columns_known": "warning",
        "description_missing": "warning",
        "files_not_empty": "warning",
    }


def test_unreadable_file_stops_the_day_but_not_its_neighbour(run_job: RunJob) -> None:
    result = run_job({"good.csv": csv_bytes(SALE), "bad.csv": FILE_CASES["a required column missing"].content})
    assert result["rows"]["published"] == 1
    assert _checks(result)["files_readable"] == ("error", False)
    refused = result["unreadable_files"]
    assert [(file["file"], file["problem"]) for file in refused] == [("bad.csv", "SchemaMismatch")]
    assert "misses column(s) UnitPrice" in refused[0]["message"]


def test_broken_table_rule_is_seen(run_job: RunJob) -> None:
    """More returned than sold, and nobody known: two rules on the day as a whole."""
    lines = [sale(InvoiceNo=f"C53638{n}", Quantity="-1", CustomerID="") for n in range(9)]
    assert _failed(run_job({"a.csv": csv_bytes(*lines)})) == {
        "customers_known": "warning",
        "sales_exceed_returns": "warning",
    }
