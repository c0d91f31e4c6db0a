"""Quarantine with a way out: fix the contract, replay, and the rows are where they had been with the right contract."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.e2e.lake import PRODUCT, Lake, _checksum
from tests.e2e.replays import BROKEN, LANTERNS, OTHERS, RULE, day_file, keys, objects, partition, replay, strict_lake

APPROVED, REJECTED, KILLED = DAYS = ("2011-07-04", "2011-07-05", "2011-07-06")
STOPPED = "2011-07-07"
# What nothing changes happens to days that are used again.
LOOKED_AT, ROLLED_BACK = KILLED, APPROVED
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def published(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Days published by the contract that is too strict; deployed is the right one."""
    with strict_lake(lake, tmp_path_factory.mktemp("strict")) as strict:
        for day in DAYS:
            strict.land(day, {"invoices.csv": day_file(day)})
            outcome = strict.run_day(day)
            assert outcome.succeeded, (outcome.error, outcome.tasks)
            assert_day(strict, day, OTHERS, LANTERNS + BROKEN)
    return lake


def rows(lake: Lake, day: str) -> list[dict[str, str]]:
    return lake.query(f"SELECT * FROM curated.online_retail WHERE invoice_day = DATE '{day}'")


def checksum(lake: Lake, day: str) -> str:
    return _checksum([list(row.values()) for row in rows(lake, day)])


def kept(lake: Lake, day: str) -> list[dict[str, str]]:
    """Quarantined rows, read by a role that may."""
    return lake.query(f"SELECT * FROM quarantine.online_retail WHERE ingest_date = '{day}'", principal="airflow")


def assert_day(lake: Lake, day: str, count: int, open_rows: int) -> None:
    """What readers see, what is in quarantine, and the ledger's newest line agree."""
    assert len(rows(lake, day)) == count
    assert len([row for row in kept(lake, day) if row["status"] != "replayed"]) == open_rows
    lines = ledger(lake, day)
    assert all(line["landed"] == line["published"] + line["quarantined"] + line["duplicates"] for line in lines)
    assert (lines[-1]["published"], lines[-1]["quarantined"], lines[-1]["duplicates"]) == (count, open_rows, 1)
    assert {line["verdict"] for line in lines} == {"published"}


def ledger(lake: Lake, day: str) -> list[dict[str, Any]]:
    """Lines of the ledger, oldest first."""
    sql = f"SELECT * FROM governance.ledger WHERE product = '{PRODUCT}' AND ingest_date = '{day}' ORDER BY recorded_at"
    numbers = ("landed", "published", "quarantined", "duplicates", "rejected")
    return [row | {name: int(row[name]) for name in numbers} for row in lake.query(sql, principal="airflow")]


def test_a_dry_run_tells_and_changes_nothing(published: Lake) -> None:
    before = (checksum(published, LOOKED_AT), partition(published, "quarantine", LOOKED_AT), kept(published, LOOKED_AT))
    outcome = replay(published, LOOKED_AT, dry_run=True)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert (outcome.tasks["judge_replay"], outcome.tasks["publish_day"]) == ("skipped", "skipped")
    assert outcome.tasks["record_decision"] == "skipped"
    after = (checksum(published, LOOKED_AT), partition(published, "quarantine", LOOKED_AT), kept(published, LOOKED_AT))
    assert after == before
    assert len(ledger(published, LOOKED_AT)) == 1
    assert objects(published, "decisions", LOOKED_AT) == {}


def test_rows_of_another_rule_are_no_reason_to_ask(published: Lake) -> None:
    outcome = replay(published, LOOKED_AT, rule="quantity_unreadable")
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert outcome.tasks["report_rows"] == "skipped", "the contract still refuses them, so nothing can be approved"
    assert_day(published, LOOKED_AT, OTHERS, LANTERNS + BROKEN)


def test_a_decision_without_a_reason_is_refused(published: Lake) -> None:
    outcome = replay(published, LOOKED_AT, reason=" ")
    assert outcome.state == "failed"
    assert "A decision needs a reason" in str(outcome.error)
    assert_day(published, LOOKED_AT, OTHERS, LANTERNS + BROKEN)


def test_approved_rows_are_published_once_and_stay(published: Lake) -> None:
    strictly = partition(published, "curated", APPROVED)
    outcome = replay(published, APPROVED, rule=RULE)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert_day(published, APPROVED, OTHERS + LANTERNS, BROKEN)
    replayed = [row for row in kept(published, APPROVED) if row["status"] == "replayed"]
    assert len(replayed) == LANTERNS

    version = partition(published, "curated", APPROVED)
    assert (version["base_version"], version["root_version"]) == (strictly["version"], strictly["version"])
    (((decision,)),) = objects(published, "decisions", APPROVED).values()
    assert (decision["verdict"], decision["decided_by"], decision["rows"]) == ("approve", "ada", LANTERNS)
    assert {row["decision"] for row in replayed} == {decision["decision"]} == {version["version"]}
    assert ledger(published, APPROVED)[-1]["kind"] == "replay"
    told = published.query(
        f"SELECT decided_by, reason FROM governance.decisions WHERE decision = '{version['version']}'", "airflow"
    )
    assert told == [{"decided_by": "ada", "reason": "lanterns are goods"}]

    # Twice is once.
    before = checksum(published, APPROVED)
    again = replay(published, APPROVED)
    assert (again.state, again.tasks["report_rows"]) == ("success", "skipped")
    assert (checksum(published, APPROVED), partition(published, "curated", APPROVED)) == (before, version)

    # So is the day itself, run again by the right contract.
    daily = published.run_day(APPROVED)
    assert daily.succeeded, (daily.error, daily.tasks)
    assert checksum(published, APPROVED) == before
    assert_day(published, APPROVED, OTHERS + LANTERNS, BROKEN)


def test_rejected_rows_stay_out_of_every_later_run(published: Lake) -> None:
    before = checksum(published, REJECTED)
    samples = {"rule": RULE, "approved_by": "", "rejected_by": "bob", "reason": "these lanterns were samples"}
    outcome = replay(published, REJECTED, **samples)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert outcome.tasks["publish_day"] == "skipped"
    assert checksum(published, REJECTED) == before
    assert_day(published, REJECTED, OTHERS, LANTERNS + BROKEN)
    assert [line["rejected"] for line in ledger(published, REJECTED)] == [0, LANTERNS]
    (((decision,)),) = objects(published, "decisions", REJECTED).values()
    assert (decision["verdict"], decision["decided_by"]) == ("reject", "bob")
    assert decision["reason"] == "these lanterns were samples"

    # As if the run had been killed before it could record anything: the next one knows the decision, and asks nobody.
    (rejections,) = keys(published, "rejections", REJECTED)
    before_kill = objects(published, "decisions", REJECTED)
    for key in (rejections, *before_kill):
        published.client("s3").delete_object(Bucket=published.aws.name("governance"), Key=key)
    finishing = replay(published, REJECTED, approved_by="carol")
    assert finishing.succeeded, (finishing.error, finishing.tasks)
    assert objects(published, "decisions", REJECTED) == before_kill
    assert keys(published, "rejections", REJECTED) == [rejections]

    again = replay(published, REJECTED)
    assert (again.state, again.tasks["report_rows"]) == ("success", "skipped")
    second = reject_what_no_contract_takes(published, REJECTED)
    daily = published.run_day(REJECTED)
    assert daily.succeeded, (daily.error, daily.tasks)
    assert checksum(published, REJECTED) == before
    rejected = Counter(row["decision"] for row in kept(published, REJECTED) if row["status"] == "rejected")
    assert rejected == {decision["decision"]: LANTERNS, second["decision"]: BROKEN}
    assert ledger(published, REJECTED)[-1]["rejected"] == LANTERNS + BROKEN


def reject_what_no_contract_takes(lake: Lake, day: str) -> dict[str, Any]:
    """Reject the rows that the contract rightly refuses, as often as somebody asks; return the one decision."""
    known, lines = objects(lake, "decisions", day), ledger(lake, day)
    refused = {"rule": "quantity_unreadable", "approved_by": "", "rejected_by": "dora", "reason": "typing mistakes"}
    looked_at = replay(lake, day, **refused, dry_run=True)
    assert (looked_at.state, looked_at.tasks["judge_replay"]) == ("success", "skipped"), looked_at.error
    assert (objects(lake, "decisions", day), ledger(lake, day)) == (known, lines)
    outcome = replay(lake, day, **refused)
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert {outcome.tasks[task] for task in ("check_tables", "evaluate_rules", "publish_day")} == {"skipped"}
    decisions = objects(lake, "decisions", day)
    ((key, (decision,)),) = ((key, rows) for key, rows in decisions.items() if key not in known)
    told = (decision["verdict"], decision["decided_by"], decision["reason"], decision["rows"])
    assert told == ("reject", "dora", "typing mistakes", BROKEN)
    assert_day(lake, day, OTHERS, LANTERNS + BROKEN)
    assert [line["rejected"] for line in ledger(lake, day)] == [0, LANTERNS, LANTERNS + BROKEN]
    again = replay(lake, day, **refused)
    assert (again.state, again.tasks["report_rows"]) == ("success", "skipped")

    # As if the run had been killed before it could record the decision.
    lake.client("s3").delete_object(Bucket=lake.aws.name("governance"), Key=key)
    finishing = replay(lake, day, approved_by="carol")
    assert finishing.succeeded, (finishing.error, finishing.tasks)
    assert objects(lake, "decisions", day) == decisions
    assert len(ledger(lake, day)) == 3
    return decision


def test_a_replay_that_was_killed_is_finished_by_the_next_run_without_asking(published: Lake) -> None:
    """As if the run had ended between showing the rows and showing the quarantine."""
    base = published.client("glue").get_partition(
        DatabaseName="quarantine", TableName=PRODUCT, PartitionValues=[KILLED]
    )["Partition"]
    assert replay(published, KILLED).succeeded
    shown = partition(published, "quarantine", KILLED)
    published.client("glue").update_partition(
        DatabaseName="quarantine",
        TableName=PRODUCT,
        PartitionValueList=[KILLED],
        PartitionInput={name: base[name] for name in ("Values", "StorageDescriptor", "Parameters")},
    )
    (key,) = objects(published, "decisions", KILLED)
    published.client("s3").delete_object(Bucket=published.aws.name("governance"), Key=key)

    looked_at = replay(published, KILLED, dry_run=True)
    assert looked_at.tasks["record_decision"] == "skipped"
    outcome = replay(published, KILLED, approved_by="", reason="")
    assert outcome.succeeded, (outcome.error, outcome.tasks)
    assert partition(published, "quarantine", KILLED) == shown
    (((decision,)),) = objects(published, "decisions", KILLED).values()
    assert decision["decided_by"] == "ada"
    assert_day(published, KILLED, OTHERS + LANTERNS, BROKEN)


def test_the_ledger_says_of_a_stopped_day_that_its_rows_are_held(lake: Lake) -> None:
    """As many rows broken as whole; the ledger counts one line a run."""
    header, *lines = day_file(STOPPED).decode().splitlines()
    broken = [line.replace(",6,", ",many,") for line in lines[: len(lines) // 2]]
    lake.land(STOPPED, {"invoices.csv": "\n".join([header, *broken, *lines[len(lines) // 2 :], ""]).encode()})
    stopped = lake.run_day(STOPPED)
    assert (stopped.state, stopped.tasks["judge_quality"]) == ("failed", "failed"), stopped.tasks
    assert rows(lake, STOPPED) == []
    (line,) = ledger(lake, STOPPED)
    assert line["verdict"] == "held"
    assert line["published"] > 0
    assert line["landed"] == line["published"] + line["quarantined"] + line["duplicates"]

    accepted = lake.run("online_retail_daily", STOPPED, {"accepted_quarantine_percent": 100})
    assert accepted.succeeded, (accepted.error, accepted.tasks)
    assert ledger(lake, STOPPED) == [line | {"verdict": "published"}]
    assert len(rows(lake, STOPPED)) == line["published"]


def test_a_day_that_was_rolled_back_is_refused(published: Lake) -> None:
    glue = published.client("glue")
    table = {"DatabaseName": "curated", "TableName": PRODUCT}
    found = glue.get_partition(**table, PartitionValues=[ROLLED_BACK])["Partition"]
    rolled_back = {
        "Values": [ROLLED_BACK],
        "StorageDescriptor": found["StorageDescriptor"],
        "Parameters": {**found["Parameters"], "version": "f" * 16},
    }
    glue.update_partition(**table, PartitionValueList=[ROLLED_BACK], PartitionInput=rolled_back)
    outcome = replay(published, ROLLED_BACK)
    assert outcome.state == "failed"
    assert "the day was rolled back" in str(outcome.error)
    assert "every row from landing" in str(outcome.error)
    found = {name: found[name] for name in rolled_back}
    glue.update_partition(**table, PartitionValueList=[ROLLED_BACK], PartitionInput=found)
    unknown = replay(published, "2001-01-01")
    assert "has no partition 2001-01-01" in str(unknown.error)
