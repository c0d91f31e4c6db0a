"""Replaying quarantined rows of a day: test them again by the current contract, join what passes to what is published.

Nothing here changes what readers see. The job writes the quarantine as it is when somebody rejects the selected rows
and, if some of them pass now, a candidate: the rows of the day with those, and the quarantine as it is afterwards.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from glue_jobs import personal_data, problems, report, storage
from glue_jobs.arguments import ReplayArguments
from glue_jobs.candidate import read_base_result, with_verdicts, write_approval, write_candidate, write_rejection
from glue_jobs.cleaning import GREAT_EXPECTATIONS, load_contract
from glue_jobs.conform import FAILED_RULES, SOURCE_FILE, SOURCE_LINE, publishable
from glue_jobs.contracts import Contract
from glue_jobs.generated import Finish
from glue_jobs.metrics import day_metrics
from glue_jobs.pseudonyms import PseudonymKey, read_key
from glue_jobs.quarantine import REJECTED, REPLAYED, RUN_KEY, STATUS, count_by_status, read_quarantine
from glue_jobs.retest import Verdicts, count_by, is_selected, retest
from glue_jobs.suite import NO_SUITE, import_in_background, run_suite

SAMPLE_ROWS = 5
# Prepared for either decision; whoever records it copies the right one to the ledger.
APPROVED_LEDGER, REJECTED_LEDGER = "approved.ledger.parquet", "rejected.ledger.parquet"


def replay_day(
    spark: SparkSession, arguments: ReplayArguments, finish: Finish | None = None, key: PseudonymKey | None = None
) -> dict[str, Any]:
    """Test the selected rows again, and write what follows from either decision about them.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: what to read and where to write
    :param finish: adds the generated columns; those the contract names when not given
    :param key: pseudonym key; read from Secrets Manager when not given
    :return: the result, as written to ``arguments.result``
    :raises CannotReplay: if the published rows cannot be joined with others
    :raises RowsOutOfBalance: if rows were lost or invented
    """
    started = time.monotonic()
    contract = load_contract(arguments.contract, arguments.contract_hash)
    if GREAT_EXPECTATIONS in contract.quality_engines:
        import_in_background()
    key = key or read_key(arguments.pii_secret)
    base_result = read_base_result(arguments, contract, key)
    storage.delete_file(arguments.result)
    kept = read_quarantine(spark, arguments.quarantined).persist(StorageLevel.MEMORY_AND_DISK)
    by_status = count_by_status(kept)
    _expect_all_rows(by_status, base_result, arguments)
    verdicts = retest(kept.where(is_selected(arguments.rule)), contract, arguments.ingest_date)
    document = _told(base_result, arguments, contract, verdicts, by_status.get(REJECTED, 0))
    judged = with_verdicts(kept, verdicts)
    if verdicts.selected:
        write_rejection(judged, contract, arguments)
        refused = document | {"kind": report.REJECTION, "rejected": document["rejected"] + verdicts.selected}
        _prepare_ledger(arguments, REJECTED_LEDGER, refused)
    if verdicts.passing:
        inspection = personal_data.inspect(publishable(verdicts.tested), contract, verdicts.passing)
        withheld = {*base_result["personal_data"]["withheld_columns"], *inspection.withheld}
        published = write_candidate(spark, arguments, contract, verdicts, finish, key, base_result, withheld)
        open_rows = write_approval(spark, judged, contract, arguments)
        document |= _checked(document, arguments, contract, published, open_rows, verdicts, inspection)
        replayed = read_quarantine(spark, arguments.quarantine).where(f"{RUN_KEY} = '{arguments.run_key}'")
        document["replay"]["passing_by_reason"] = count_by(replayed.where(f"{STATUS} = '{REPLAYED}'"), FAILED_RULES)
        document["replay"]["sample"] = _sample(verdicts.tested, contract, withheld)
        _prepare_ledger(arguments, APPROVED_LEDGER, document)
    judged.unpersist()
    document["pii_key_version"] = key.version
    document["spark_version"] = spark.version
    document["seconds"] = {"replay": round(time.monotonic() - started, 1)}
    storage.write_bytes(arguments.result, report.to_text(document).encode())
    sys.stdout.write(_summary(document))
    return document


def _prepare_ledger(arguments: ReplayArguments, name: str, document: dict[str, Any]) -> None:
    """Write the line of a decision; the day stays published by either, with the rows it says."""
    storage.write_bytes(
        f"{arguments.prepared}{name}", report.ledger_line(document, datetime.now(UTC), report.PUBLISHED)
    )


def _expect_all_rows(by_status: dict[str, int], base_result: dict[str, Any], arguments: ReplayArguments) -> None:
    found, left = sum(by_status.values()) - by_status.get(REPLAYED, 0), base_result["rows"]["quarantined"]
    if found != left:
        raise problems.CannotReplay(
            f"{arguments.quarantined} holds {found} rows, its run left {left}: retention or an erasure has deleted "
            "them, or somebody changed the files. Run the day again instead: it takes every row from landing."
        )


def _told(
    base_result: dict[str, Any], arguments: ReplayArguments, contract: Contract, verdicts: Verdicts, rejected: int
) -> dict[str, Any]:
    """Return the result of a replay that changes nothing; the layout is that of a cleaning run."""
    return base_result | {
        "kind": report.REPLAY,
        "run_key": arguments.run_key,
        "contract_version": contract.version,
        "contract_hash": contract.hash,
        "rejected": rejected,
        "replay": {
            "rule": arguments.rule,
            "base_run_key": base_result["run_key"],
            "base_contract_version": base_result["contract_version"],
            "selected": verdicts.selected,
            "passing": verdicts.passing,
            "passing_by_reason": {},
            "failing_by_reason": verdicts.failing,
            "sample": [],
        },
    }


def _checked(
    document: dict[str, Any],
    arguments: ReplayArguments,
    contract: Contract,
    published: DataFrame,
    open_rows: DataFrame,
    verdicts: Verdicts,
    inspection: personal_data.Inspection,
) -> dict[str, Any]:
    """Return what the candidate changes in the result, checked as a day is."""
    before = document["rows"]
    balance = report.Balance(before["landed"], published.count(), open_rows.count(), before["duplicates"])
    balance.verify()
    failed = count_by(open_rows, FAILED_RULES)
    noted = {rule["id"]: rule["rows"] for rule in document["row_rules"] if rule["severity"] != "error"}
    noted = {rule: noted.get(rule, 0) + verdicts.noted.get(rule, 0) for rule in {*noted, *verdicts.noted}}
    rules = report.rule_results(contract, failed, noted, balance.published + balance.quarantined)
    suite = NO_SUITE
    if GREAT_EXPECTATIONS in contract.quality_engines:
        names = [column.name for column in contract.columns]
        suite = run_suite(published.select(*names), contract, arguments.ingest_date.isoformat(), arguments.data_docs)
    checks = [
        *report.share_checks(balance, contract),
        *personal_data.checks(inspection),
        *report.noted_checks(rules),
        *suite.checks,
    ]
    of_files = [check for check in document["checks"] if check["id"] in report.FILE_CHECKS]
    return {
        "rows": {
            "landed": balance.landed,
            "published": balance.published,
            "quarantined": balance.quarantined,
            "duplicates": balance.duplicates,
        },
        "quarantine_percent": balance.quarantine_percent,
        "quarantined_by_reason": failed,
        "checks": of_files + report.checks_as_dicts(checks),
        "row_rules": rules,
        "expectations": suite.statistics,
        "data_docs": suite.docs_uri,
        "metrics": day_metrics(published, contract),
        "outputs": {
            "staging": arguments.staging,
            "quarantine": arguments.quarantine,
            "rejected": arguments.rejected,
            "prepared": arguments.prepared,
        },
        "schema": [{"name": name, "type": kind} for name, kind in published.dtypes],
    }


def _sample(tested: DataFrame, contract: Contract, withheld: Collection[str]) -> list[dict[str, Any]]:
    """Return some rows that pass, to be shown to whoever decides: without personal data, declared or suspected."""
    open_columns = [column for column in contract.columns if not (column.generated_by or column.personal)]
    shown = [column.name for column in open_columns if not column.suspect_name and column.name not in withheld]
    rows = publishable(tested).orderBy(SOURCE_FILE, SOURCE_LINE).select(*shown).limit(SAMPLE_ROWS).collect()
    return [{name: None if value is None else str(value) for name, value in row.asDict().items()} for row in rows]


def _summary(document: dict[str, Any]) -> str:
    replay, rows = document["replay"], document["rows"]
    lines = [
        f"{document['product']} {document['ingest_date']}, rule {replay['rule']}: {replay['selected']} quarantined "
        f"rows tested by contract {document['contract_version']}, {replay['passing']} pass now",
        f"  {rows['landed']} rows landed = {rows['published']} published + {rows['quarantined']} quarantined + "
        f"{rows['duplicates']} duplicates, if it is approved",
    ]
    lines += [f"  still fails, {reason}: {count}" for reason, count in replay["failing_by_reason"].items()]
    return "\n".join(lines) + "\n"
