"""A person is erased from every file, every old version and the warehouse; everybody else's rows stay as they are."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from local.demo.airflow_runs import RunOutcome
from tests.e2e.lake import PRODUCT, Lake
from tests.e2e.lake_contents import mentions_in_buckets, mentions_in_warehouse
from tests.e2e.traces import told, traces

DAY, OTHER_DAY = "2013-03-04", "2013-03-05"
# Five Spark jobs and more than a dozen runs of DAGs; a run has a limit of its own.
pytestmark = pytest.mark.timeout(1200)
RUN_SECONDS = 600
ZONES = ("landing", "staging", "curated", "quarantine", "governance", "athena")
REQUEST = "DSR-2013-0042"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def _moved(body: bytes, old: str, new: str) -> list[str]:
    """Real lines of a day as another day's, with customers that no other test has."""
    text = body.decode().replace(old, new)
    return re.sub(r",1(\d{4})\.0,", r",9\1.0,", text).strip().splitlines()[1:]


@pytest.fixture(scope="module")
def days(invoice_days: dict[str, bytes]) -> dict[str, list[str]]:
    first, second = sorted(invoice_days)[:2]
    return {
        DAY: _moved(invoice_days[first], first, DAY),
        OTHER_DAY: _moved(invoice_days[second], second, OTHER_DAY),
    }


@pytest.fixture(scope="module")
def subject(days: dict[str, list[str]]) -> str:
    """A customer with rows on the first day, whose number is nothing else's: a search finds nothing by chance."""
    text = "\n".join(line for lines in days.values() for line in lines)
    customers = re.findall(r",(9\d{4})\.0,", text)
    fitting = [
        customer
        for customer in sorted(set(customers), key=lambda found: -customers.count(found))
        if len(re.findall(rf"\b{customer}\b", text)) == customers.count(customer)
        and any(customer in line for line in days[DAY])
    ]
    return fitting[0]


def _file(lines: list[str]) -> bytes:
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def _everybody_else(lake: Lake, pseudonym: str) -> dict[str, list[str]]:
    """Rows of the two days and customers that are not the subject's. No statement names it: that would be a trace."""
    days = f"BETWEEN DATE '{DAY}' AND DATE '{OTHER_DAY}'"
    rows: dict[str, list[Any]] = {
        "curated": lake.query(f"SELECT * FROM curated.{PRODUCT} WHERE invoice_day {days}"),
        "facts": lake.warehouse(f"SELECT * FROM mart.fact_sales WHERE invoice_day {days}"),
        "customers": lake.warehouse("SELECT * FROM mart.dim_customer"),
    }
    texts = {name: [json.dumps(row, sort_keys=True, default=str) for row in found] for name, found in rows.items()}
    return {name: sorted(text for text in found if pseudonym not in text) for name, found in texts.items()}


def _pseudonym(lake: Lake, subject: str) -> str:
    import hashlib
    import hmac

    secret = lake.client("secretsmanager").get_secret_value(SecretId="sluice/dev/pii")["SecretString"]
    return hmac.new(secret.encode(), f"customer:{subject}".encode(), hashlib.sha256).hexdigest()


def _mentions(lake: Lake, subject: str) -> list[str]:
    words = (subject, _pseudonym(lake, subject))
    found = mentions_in_buckets(lake, [lake.aws.name(zone) for zone in ZONES], words)
    return found + mentions_in_warehouse(lake, words)


def _lasting(mentions: list[str]) -> list[str]:
    """Those that no server in the background makes: PostgreSQL gathers statistics when it finds the time."""
    return sorted(mention for mention in mentions if not mention.startswith("statistics of "))


def _request(lake: Lake, subject: str) -> None:
    lake.client("s3").put_object(
        Bucket=lake.aws.name("governance"),
        Key=f"erasure_requests/{REQUEST}.json",
        Body=json.dumps({"domain": "customer", "subject": subject}).encode(),
    )


def _forget(lake: Lake, number: int, request: str = REQUEST, **conf: object) -> RunOutcome:
    """Run the DAG; each run has a logical date of its own."""
    day = f"2013-04-{number:02}"
    return lake.airflow.run("forget_subject", day, lambda _line: None, RUN_SECONDS, {"request": request, **conf})


@pytest.fixture(scope="module")
def history(lake: Lake, days: dict[str, list[str]], subject: str) -> None:
    """Two days with a past: delivered twice, packed, with bad rows, a deleted file and somebody's query."""
    lines = days[DAY]
    half = len(lines) // 2
    mine = next(line for line in lines if subject in line)
    quarantined = re.sub(r",(-?\d+),2013", ",0,2013", mine, count=1)
    broken = f"{mine},one,field,too,many"
    second = gzip.compress(_file([*lines[half:], quarantined, broken]))
    lake.land(DAY, {"withdrawn.csv": _file([mine])}, complete=False)
    key = f"{PRODUCT}/ingest_date={DAY}/withdrawn.csv"
    lake.client("s3").delete_object(Bucket=lake.aws.name("landing"), Key=key)
    for first in (_file(lines[: half - 5]), _file(lines[:half])):
        lake.land(DAY, {"part-1.csv": first, "part-2.csv.gz": second})
        outcome = lake.run_day(DAY)
        assert outcome.succeeded, (outcome.error, outcome.tasks)
    lake.land(OTHER_DAY, {"all.csv": _file(days[OTHER_DAY])})
    outcome = lake.run_day(OTHER_DAY)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    marts = lake.run("sales_marts", DAY)
    assert marts.succeeded, (marts.error, marts.tasks)
    assert lake.query(f"SELECT * FROM curated.{PRODUCT}"), "somebody's query leaves its result behind"


def test_a_misspelt_parameter_is_refused_by_name(lake: Lake) -> None:
    conf: dict[str, object] = {"reqest": REQUEST, "dry_run": False, "approved_by": "dpo"}
    outcome = lake.airflow.run("forget_subject", "2013-03-30", lambda _line: None, RUN_SECONDS, conf)
    assert not outcome.succeeded
    assert "'reqest'" in str(outcome.error)
    assert "request" in str(outcome.error)


def test_without_a_request_nothing_happens(lake: Lake, history: None) -> None:
    outcome = _forget(lake, 1, request="DSR-none", dry_run=False, approved_by="dpo")
    assert not outcome.succeeded
    assert "does not exist" in str(outcome.error)


def test_a_dry_run_tells_and_changes_nothing(lake: Lake, history: None, subject: str) -> None:
    _request(lake, subject)
    before = _lasting(_mentions(lake, subject))
    outcome = _forget(lake, 2)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert outcome.tasks["report_found"] == "skipped"
    assert outcome.tasks["erase_files"] == "skipped"
    assert _lasting(_mentions(lake, subject)) == before


def test_the_subject_is_gone_from_everything_and_nobody_else_is(lake: Lake, history: None, subject: str) -> None:
    pseudonym = _pseudonym(lake, subject)
    before = _everybody_else(lake, pseudonym)
    found = _mentions(lake, subject)
    zones = {mention.split(":", 1)[0].rsplit("-", 1)[-1] for mention in found}
    assert {*ZONES, "mart.fact_sales", "mart.dim_customer"} <= zones, "the test must begin with traces everywhere"

    outcome = _forget(lake, 3, dry_run=False, approved_by="dpo", reason="ticket 42")
    assert outcome.succeeded, (outcome.error, outcome.tasks)

    assert _mentions(lake, subject) == []
    assert _everybody_else(lake, pseudonym) == before


def test_the_report_counts_and_names_nobody(lake: Lake, history: None, subject: str) -> None:
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=f"erasures/{REQUEST}/")["Contents"]]
    (address,) = [key for key in keys if key.endswith("report.json")]
    report = json.loads(s3.get_object(Bucket=bucket, Key=address)["Body"].read())
    counts = {zone["zone"]: zone for zone in report["erased"]["zones"]}
    assert counts["landing"]["rows"] > 0
    assert counts["landing"]["old_versions"] >= 2, "the first delivery, and the file that was withdrawn"
    assert counts["staging"]["rows"] > counts["curated"]["rows"] / 2
    assert counts["curated"]["rows"] > 0
    assert counts["quarantine"]["rows"] >= 2, "the row that broke a rule, and the record that could not be split"
    assert counts["athena"]["objects_removed"] >= 1
    assert report["warehouse"]["rows"]["fact_sales.erase"] > 0
    assert report["warehouse"]["rows"]["dim_customer.erase"] == 1
    assert "mart.fact_sales.customer_id" in report["warehouse"]["columns_searched"]
    assert (report["approved_by"], report["reason"], report["left_in_files"]) == ("dpo", "ticket 42", 0)
    page = s3.get_object(Bucket=bucket, Key=address.replace(".json", ".html"))
    assert page["ContentType"].startswith("text/html")
    assert b"0 rows left" in page["Body"].read()


def test_the_request_itself_is_gone(lake: Lake, history: None) -> None:
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    for prefix in ("erasure_requests/", "loads/forget_subject/"):
        listed = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
        assert not listed.get("Versions")
        assert not listed.get("DeleteMarkers")


def test_no_log_parameter_or_statement_names_the_subject(lake: Lake, history: None, subject: str) -> None:
    words = [subject, f"{subject}.0", _pseudonym(lake, subject)]
    assert [(name, found) for name, text in traces(lake) if (found := told(text, words))] == []


def test_a_run_of_the_day_afterwards_gives_the_same_tables(lake: Lake, history: None) -> None:
    published = f"SELECT * FROM curated.{PRODUCT} WHERE invoice_day = DATE '{DAY}'"
    rows_before, marts_before = lake.query(published), lake.warehouse_checksums()
    outcome = lake.run_day(DAY)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    rows = lake.results(DAY)[-1]["rows"]
    assert rows["landed"] == rows["published"] + rows["quarantined"] + rows["duplicates"]
    assert rows["published"] == len(rows_before)
    marts = lake.run("sales_marts", OTHER_DAY)
    assert marts.succeeded, (marts.error, marts.tasks)
    assert sorted(map(str, lake.query(published))) == sorted(map(str, rows_before))
    assert lake.warehouse_checksums() == marts_before


def test_a_file_that_is_delivered_again_is_cleaned_by_the_deletion_list(
    lake: Lake, history: None, days: dict[str, list[str]], subject: str
) -> None:
    lake.land(DAY, {"part-1.csv": _file(days[DAY])})
    assert _mentions(lake, subject)
    outcome = _forget(lake, 10, request="deletion-list", dry_run=False, approved_by="dpo")
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert _mentions(lake, subject) == []


def test_the_same_request_again_finds_nothing_and_succeeds(lake: Lake, history: None, subject: str) -> None:
    _request(lake, subject)
    outcome = _forget(lake, 11, dry_run=False, approved_by="dpo")
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert _mentions(lake, subject) == []
