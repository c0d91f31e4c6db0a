"""Replaying quarantined rows of a day: test them again by the current contract and join what passes to what is published.

Nothing here changes what readers see. The job writes a candidate: the rows of the day with those that pass now, the
quarantine as it is afterwards, and the quarantine as it is when somebody says no.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs import problems, report, storage
from glue_jobs.arguments import ReplayArguments
from glue_jobs.cleaning import (
    GREAT_EXPECTATIONS,
    LEDGER_FILE,
    distributed,
    load_contract,
    write_published,
    write_quarantine,
)
from glue_jobs.conform import FAILED_RULES, RAW, RESCUED_COLUMN, SOURCE_FILE, SOURCE_LINE, publishable
from glue_jobs.contracts import Contract
from glue_jobs.generated import Finish, column_generator
from glue_jobs.metrics import day_metrics
from glue_jobs.pseudonyms import PseudonymKey, mask_columns, read_key
from glue_jobs.quarantine import (
    DECISION,
    NEW,
    REJECTED,
    REJECTED_BY_PERSON,
    REJECTIONS_FILE,
    REPLAYED,
    RUN_KEY,
    STATUS,
    read_quarantine,
    rejections_document,
)
from glue_jobs.retest import Verdicts, count_by, is_selected, retest
from glue_jobs.suite import NO_SUITE, import_in_background, run_suite

SAMPLE_ROWS = 5
_NOW_FAILED = "_now_failed"


def replay_day(
    spark: SparkSession, arguments: ReplayArguments, finish: Finish | None = None, key: PseudonymKey | None = None
) -> dict[str, Any]:
    """Test the selected rows again and write the candidate.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: what to read and where to write
    :param finish: adds the generated columns; those the contract names when not given
    :param key: pseudonym key; read from Secrets Manager when not given
    :return: the result, as written to ``arguments.result``
    :raises CannotReplay: if the published rows cannot be joined with others
    :raises RowsOutOfBalance: if rows were lost or invented
    """
    started = time.monotonic()
    contract = load_contract(arguments.contract)
    if GREAT_EXPECTATIONS in contract.quality_engines:
        import_in_background()
    key = key or read_key(arguments.pii_secret)
    base_result = _base_result(arguments, contract, key)
    storage.delete_file(arguments.result)
    kept = read_quarantine(spark, arguments.quarantined).persist(StorageLevel.MEMORY_AND_DISK)
    verdicts = retest(kept.where(is_selected(arguments.rule)), contract, arguments.ingest_date)
    document = _told(base_result, arguments, contract, verdicts)
    if verdicts.passing:
        published = _write_candidate(spark, arguments, contract, verdicts, finish, key, base_result)
        open_rows = _write_outcomes(spark, arguments, contract, kept, verdicts)
        document |= _checked(document, arguments, contract, published, open_rows, verdicts)
        storage.write_bytes(f"{arguments.prepared}{LEDGER_FILE}", report.ledger_line(document, datetime.now(UTC)))
        document["replay"]["sample"] = _sample(verdicts.tested, contract)
    document["pii_key_version"] = key.version
    document["spark_version"] = spark.version
    document["seconds"] = {"replay": round(time.monotonic() - started, 1)}
    storage.write_bytes(arguments.result, report.to_text(document).encode())
    sys.stdout.write(_summary(document))
    return document


def _base_result(arguments: ReplayArguments, contract: Contract, key: PseudonymKey) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(storage.read_text(arguments.base_result))
    except FileNotFoundError as error:
        raise problems.CannotReplay(
            f"{arguments.base_result} is gone, so nobody knows how many rows landed: run the day again instead."
        ) from error
    has_pseudonyms = any(column.masking_domain for column in contract.columns)
    if has_pseudonyms and result["pii_key_version"] != key.version:
        raise problems.CannotReplay(
            f"The published rows have pseudonyms of key version {result['pii_key_version']}, the secret has "
            f"{key.version} now; they would not match. Run the day again instead: it takes every row from landing."
        )
    return result


def _published_base(
    spark: SparkSession, arguments: ReplayArguments, contract: Contract, base_result: dict[str, Any]
) -> DataFrame:
    """Read the published rows without their generated columns, with the current contract's columns."""
    base = spark.read.parquet(arguments.base)
    found = base.count()
    if found != base_result["rows"]["published"]:
        raise problems.CannotReplay(
            f"{arguments.base} holds {found} rows, its run published {base_result['rows']['published']}: somebody "
            "changed the files. Run the day again instead."
        )
    wanted = [column for column in contract.columns if column.generated_by is None]
    missing = [column for column in wanted if column.name not in base.columns]
    # The partition column is in the folder's name, not in its files; it is the only one that has one value a day.
    partition = [column for column in missing if column.name == contract.partition_column]
    lost = [column.name for column in missing if column.required and column not in partition]
    if lost:
        raise problems.CannotReplay(
            f"The published rows have no {', '.join(lost)}, which the contract requires by now. Run the day again "
            "instead: it takes every row from landing."
        )
    for column in missing:
        value = F.lit(arguments.ingest_date.isoformat()) if column in partition else F.lit(None)
        base = base.withColumn(column.name, value)
    columns = [F.col(column.name).cast(column.spark_type).alias(column.name) for column in wanted]
    return base.select(*columns, F.lit(None).cast("string").alias(RESCUED_COLUMN))


def _write_candidate(
    spark: SparkSession,
    arguments: ReplayArguments,
    contract: Contract,
    verdicts: Verdicts,
    finish: Finish | None,
    key: PseudonymKey,
    base_result: dict[str, Any],
) -> DataFrame:
    base = _published_base(spark, arguments, contract, base_result)
    passing = mask_columns(publishable(verdicts.tested), contract.columns, key)
    passing = passing.select([F.col(name).cast(kind) for name, kind in base.dtypes])
    count = base_result["rows"]["published"] + verdicts.passing
    rows = distributed(base.unionByName(passing), contract, count)
    return write_published(spark, (finish or column_generator(contract))(rows), contract, arguments.staging)


def _write_outcomes(
    spark: SparkSession, arguments: ReplayArguments, contract: Contract, kept: DataFrame, verdicts: Verdicts
) -> DataFrame:
    """Write the quarantine of either decision, and return the rows that stay in it when the candidate is approved."""
    now = verdicts.tested.select(SOURCE_FILE, SOURCE_LINE, F.col(FAILED_RULES).alias(_NOW_FAILED))
    judged = kept.join(now, [SOURCE_FILE, SOURCE_LINE], "left").persist(StorageLevel.MEMORY_AND_DISK)
    write_quarantine(_decided(judged, contract, arguments, REPLAYED), arguments.quarantine)
    write_quarantine(_decided(judged, contract, arguments, REJECTED), arguments.rejected)
    payloads = [row[0] for row in judged.where(F.size(_NOW_FAILED) == 0).select(RAW).collect()]
    rejections = rejections_document(arguments.run_key, payloads)
    storage.write_bytes(f"{arguments.prepared}{REJECTIONS_FILE}", rejections)
    judged.unpersist()
    return read_quarantine(spark, arguments.quarantine).where(F.col(STATUS) != REPLAYED)


def _decided(judged: DataFrame, contract: Contract, arguments: ReplayArguments, status: str) -> DataFrame:
    """Return the quarantine after a decision: rows that pass have the new status, the others their newest reasons."""
    is_tested, passes = F.col(_NOW_FAILED).isNotNull(), F.size(_NOW_FAILED) == 0
    reasons = F.col(FAILED_RULES)
    if status == REJECTED:
        reasons = F.array_append(FAILED_RULES, F.lit(REJECTED_BY_PERSON))
    news = {
        FAILED_RULES: F.when(passes, reasons).otherwise(F.col(_NOW_FAILED)),
        "contract_version": F.lit(contract.version),
        "contract_hash": F.lit(contract.hash),
        RUN_KEY: F.lit(arguments.run_key),
        STATUS: F.when(passes, status).otherwise(F.lit(NEW)),
        DECISION: F.when(passes, arguments.run_key),
    }
    changed = {name: F.when(is_tested, value).otherwise(F.col(name)).alias(name) for name, value in news.items()}
    return judged.select(*(changed.get(name, F.col(name)) for name in judged.columns if name != _NOW_FAILED))


def _told(
    base_result: dict[str, Any], arguments: ReplayArguments, contract: Contract, verdicts: Verdicts
) -> dict[str, Any]:
    """Return the result of a replay that changes nothing; the layout is that of a cleaning run."""
    return base_result | {
        "kind": report.REPLAY,
        "run_key": arguments.run_key,
        "contract_version": contract.version,
        "contract_hash": contract.hash,
        "replay": {
            "rule": arguments.rule,
            "base_run_key": base_result["run_key"],
            "base_contract_version": base_result["contract_version"],
            "selected": verdicts.selected,
            "passing": verdicts.passing,
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
    checks = [*report.share_checks(balance, contract), *report.noted_checks(rules), *suite.checks]
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


def _sample(tested: DataFrame, contract: Contract) -> list[dict[str, Any]]:
    """Return some rows that pass, to be shown to whoever decides: without personal data."""
    shown = [column.name for column in contract.columns if column.generated_by is None and not column.personal]
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
