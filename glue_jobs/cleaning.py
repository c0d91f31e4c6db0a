"""Cleaning one delivered day by its contract: the steps every product shares, in their order.

Write order is part of the design. An old result is deleted first and the new one written last, so that a result JSON
always describes files that are complete, whenever the job was killed.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from glue_jobs import personal_data, problems, report, storage
from glue_jobs.arguments import CleaningArguments
from glue_jobs.conform import conform, publishable
from glue_jobs.contracts import Contract, read_contract
from glue_jobs.generated import Finish, column_generator
from glue_jobs.landing import delivered_records, file_reports, parse_files
from glue_jobs.masking import masking_of
from glue_jobs.metrics import day_metrics
from glue_jobs.outcomes import Outcomes, count_outcomes, file_outcomes
from glue_jobs.pseudonyms import PseudonymKey, read_key
from glue_jobs.quarantine import (
    REJECTED,
    apply_rejections,
    count_by_status,
    quarantined,
    read_quarantine,
    read_rejections,
)
from glue_jobs.records import FileReport
from glue_jobs.suite import NO_SUITE, SuiteResult, import_in_background, run_suite
from glue_jobs.writing import distributed, protected, with_generated, write_published, write_quarantine

# The checks read the published rows some fifteen times, each time a few columns. Beyond this many rows, keeping all of
# them in memory costs more than reading the columns again (bench/quality_cost.py).
MOST_CACHED_ROWS = 500_000
LEDGER_FILE = "ledger.parquet"
# The line that judge_quality puts in its place when it publishes the day; the underscore hides it until then.
PUBLISHED_LEDGER_FILE = "_published.ledger.parquet"
GREAT_EXPECTATIONS = "greatExpectations"  # in quality_engines of a contract
REFUSED_FILES = "_refused_files/"  # the underscore hides it from Athena, Spark and crawlers


@dataclass(frozen=True)
class CleanedRows:
    """The rows of a day after they were written.

    :param published: the published rows, as they are read back
    :param balance: rows that landed and what became of them, verified
    :param rejected: quarantined rows that a person has rejected
    :param outcomes: rows by file and by rule
    :param files: what became of each file
    :param inspection: undeclared personal data in a sample, and the columns that are held back for it
    """

    published: DataFrame
    balance: report.Balance
    rejected: int
    outcomes: Outcomes
    files: list[report.FileOutcome]
    inspection: personal_data.Inspection


def clean_day(
    spark: SparkSession, arguments: CleaningArguments, finish: Finish | None = None, key: PseudonymKey | None = None
) -> dict[str, Any]:
    """Clean one day and write everything the run leaves behind.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: what to read and where to write
    :param finish: adds the generated columns to the publishable rows; those the contract names when not given
    :param key: pseudonym key; read from Secrets Manager when not given
    :return: the result, as written to ``arguments.result``
    :raises JobProblem: if the day cannot be processed at all
    """
    started = time.monotonic()
    contract = load_contract(arguments.contract, arguments.contract_hash)
    if GREAT_EXPECTATIONS in contract.quality_engines:
        import_in_background()
    key = key or read_key(arguments.pii_secret)
    storage.delete_file(arguments.result)
    cleaned = write_rows(spark, arguments, contract, finish or column_generator(contract), key)
    written = time.monotonic()
    names = [column.name for column in contract.columns]
    day = arguments.ingest_date.isoformat()
    published, suite = cleaned.published, NO_SUITE
    if cleaned.balance.published <= MOST_CACHED_ROWS:
        published = published.persist(StorageLevel.MEMORY_AND_DISK)
    # The suite spends most of a small day, and some of a big one, in Python: Spark measures meanwhile.
    with ThreadPoolExecutor(1) as beside:
        metrics = beside.submit(day_metrics, published, contract)
        if GREAT_EXPECTATIONS in contract.quality_engines:
            suite = run_suite(published.select(*names), contract, day, arguments.data_docs)
    document = _result(arguments, contract, cleaned, suite)
    document["metrics"] = metrics.result()
    document["pii_key_version"] = key.version
    document["spark_version"] = spark.version
    document["seconds"] = {
        "rows": round(written - started, 1),
        "expectations": round(time.monotonic() - written, 1),
    }
    now = datetime.now(UTC)
    for name, verdict in ((LEDGER_FILE, report.HELD), (PUBLISHED_LEDGER_FILE, report.PUBLISHED)):
        storage.write_bytes(f"{arguments.ledger}{name}", report.ledger_line(document, now, verdict))
    storage.write_bytes(arguments.result, report.to_text(document).encode())
    sys.stdout.write(_summary(document))
    return document


def write_rows(
    spark: SparkSession, arguments: CleaningArguments, contract: Contract, finish: Finish, key: PseudonymKey
) -> CleanedRows:
    """Read the files, split the rows, and write staging and quarantine.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: what to read and where to write
    :param contract: the compiled contract
    :param finish: adds the generated columns of the product to the publishable rows
    :param key: pseudonym key
    :raises NoInputFiles: if the source holds no file
    :raises SchemaMismatch: if no file has the contract's columns
    :raises UnreadableFile: if no file can be read
    :raises RowsOutOfBalance: if rows were lost or invented
    """
    delivered = storage.list_files(arguments.source)
    if not delivered:
        raise problems.NoInputFiles(
            f"{arguments.source} holds no files: deliver the day, or check the prefix. A marker alone is no delivery."
        )
    parsed = parse_files(spark, arguments.source, contract.landing).persist(StorageLevel.MEMORY_AND_DISK)
    reports = {_name_below(found.file, arguments.source): found for found in file_reports(parsed)}
    refused = {name: found for name, found in reports.items() if found.problem}
    if refused and len(refused) == len([file for file in delivered if file.size]):
        _keep_files(refused, arguments)
        _refuse_day(list(refused.values()))

    records = delivered_records(parsed, [found.file for found in refused.values()])
    rejections = read_rejections(arguments.rejections)
    conformed = apply_rejections(conform(records, contract, arguments.ingest_date), contract, rejections)
    conformed = conformed.persist(StorageLevel.MEMORY_AND_DISK)
    outcomes = count_outcomes(conformed)
    parsed.unpersist()
    inspection = personal_data.inspect(publishable(conformed), contract, outcomes.publishable)
    rows = protected(publishable(conformed), contract, key, inspection.withheld)
    rows = distributed(rows, contract, outcomes.publishable)
    published = write_published(spark, with_generated(rows, contract, finish, key), contract, arguments.staging)
    by_status: dict[str, int] = {}
    if outcomes.quarantined:
        write_quarantine(quarantined(conformed, contract, arguments.run_key), arguments.quarantine)
        by_status = count_by_status(read_quarantine(spark, arguments.quarantine))
    kept_at = _keep_files(refused, arguments)
    balance = report.Balance(
        landed=sum(found.records for found in reports.values() if not found.problem),
        published=published.count(),
        quarantined=sum(by_status.values()),
        duplicates=outcomes.duplicates,
    )
    balance.verify()
    conformed.unpersist()
    rejected = by_status.get(REJECTED, 0)
    files = file_outcomes(delivered, reports, outcomes, kept_at)
    return CleanedRows(published, balance, rejected, outcomes, files, inspection)


def load_contract(uri: str, expected_hash: str | None = None) -> Contract:
    """Read the compiled contract.

    :param uri: S3 URI or local path
    :param expected_hash: fingerprint of the contract that the caller means
    :raises ContractMismatch: if it is missing, of another layout, or another one than the caller means: rows that one
        contract let through must not be published, and kept, as those of another
    """
    try:
        text = storage.read_text(uri)
    except FileNotFoundError as error:
        raise problems.ContractMismatch(f"{uri} does not exist: upload the output of `make contracts`.") from error
    contract = read_contract(text, uri)
    if expected_hash and contract.hash != expected_hash:
        raise problems.ContractMismatch(
            f"{uri} is contract {contract.hash}, but the DAG goes by contract {expected_hash}: deploy both together "
            "(on a laptop `make up`, else `make deploy`), then clear this task."
        )
    return contract


def _name_below(uri: str, folder: str) -> str:
    """Return the path of a file below the source folder; Spark writes local paths with a scheme."""
    place = uri.find(folder)
    return uri[place + len(folder) :] if place >= 0 else uri


def _refuse_day(refused: list[FileReport]) -> None:
    """Raise the problem of the first file, with what is wrong with the others."""
    first, others = refused[0], refused[1:]
    kind = getattr(problems, str(first.problem))
    more = f" So are all other files of the day: {' '.join(str(found.message) for found in others)}" if others else ""
    raise kind(f"{first.message}{more}")


def _keep_files(refused: dict[str, FileReport], arguments: CleaningArguments) -> dict[str, str]:
    """Copy refused files to quarantine, where they outlive the landing bucket's lifecycle rules."""
    kept_at = {name: f"{arguments.quarantine}{REFUSED_FILES}{name}" for name in refused}
    for name, target in kept_at.items():
        storage.copy_file(f"{arguments.source}{name}", target)
    return kept_at


def _result(
    arguments: CleaningArguments, contract: Contract, cleaned: CleanedRows, suite: SuiteResult
) -> dict[str, Any]:
    balance, outcomes, files = cleaned.balance, cleaned.outcomes, cleaned.files
    distinct = outcomes.publishable + outcomes.quarantined
    rules = report.rule_results(contract, outcomes.failed, outcomes.noted, distinct)
    checks = [
        *report.file_checks(files, contract),
        *report.share_checks(balance, contract),
        *personal_data.checks(cleaned.inspection),
        *report.noted_checks(rules),
        *suite.checks,
    ]
    refused = [file for file in files if file.state == "refused"]
    return {
        "format": report.FORMAT,
        "kind": report.CLEAN,
        "product": contract.product,
        "ingest_date": arguments.ingest_date.isoformat(),
        "run_key": arguments.run_key,
        "contract_version": contract.version,
        "contract_hash": contract.hash,
        "rows": {
            "landed": balance.landed,
            "published": balance.published,
            "quarantined": balance.quarantined,
            "duplicates": balance.duplicates,
        },
        "rejected": cleaned.rejected,
        "quarantine_percent": balance.quarantine_percent,
        "quarantined_by_reason": dict(sorted(outcomes.failed.items())),
        "checks": report.checks_as_dicts(checks),
        "row_rules": rules,
        "personal_data": personal_data.as_dict(cleaned.inspection),
        "masking": masking_of(contract),
        "files": report.files_as_dicts(files),
        "unreadable_files": [
            {"file": file.file, "problem": file.problem, "message": file.message, "kept_at": file.kept_at}
            for file in refused
        ],
        "expectations": suite.statistics,
        "data_docs": suite.docs_uri,
        "outputs": {
            "staging": arguments.staging,
            "quarantine": arguments.quarantine if balance.quarantined else None,
            "ledger": f"{arguments.ledger}{LEDGER_FILE}",
            "published_ledger": f"{arguments.ledger}{PUBLISHED_LEDGER_FILE}",
        },
        "schema": [{"name": name, "type": kind} for name, kind in cleaned.published.dtypes],
    }


def _summary(document: dict[str, Any]) -> str:
    rows = document["rows"]
    lines = [
        f"{document['product']} {document['ingest_date']}: {rows['landed']} rows landed = "
        f"{rows['published']} published + {rows['quarantined']} quarantined + {rows['duplicates']} duplicates"
    ]
    lines += [f"  quarantined, {reason}: {count}" for reason, count in document["quarantined_by_reason"].items()]
    for check in document["checks"]:
        if not check["success"]:
            lines.append(f"  {check['severity']}: {check['name']}: {check['observed']}")
    return "\n".join(lines) + "\n"
