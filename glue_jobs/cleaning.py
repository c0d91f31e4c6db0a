"""Cleaning one delivered day by its contract: the steps every product shares, in their order.

Write order is part of the design. An old result is deleted first and the new one written last, so that a result JSON
always describes files that are complete, whenever the job was killed.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs import problems, report, storage
from glue_jobs.arguments import CleaningArguments
from glue_jobs.conform import RESCUED_COLUMN, conform, publishable, quarantined
from glue_jobs.contracts import Contract, read_contract
from glue_jobs.generated import Finish, column_generator
from glue_jobs.landing import delivered_records, file_reports, parse_files
from glue_jobs.metrics import day_metrics
from glue_jobs.outcomes import Outcomes, count_outcomes, file_outcomes
from glue_jobs.pseudonyms import PseudonymKey, mask_columns, read_key
from glue_jobs.records import FileReport
from glue_jobs.suite import NO_SUITE, SuiteResult, import_in_background, run_suite

ROWS_PER_FILE = 500_000
LEDGER_FILE = "ledger.parquet"
GREAT_EXPECTATIONS = "greatExpectations"  # in quality_engines of a contract
REFUSED_FILES = "_refused_files/"  # the underscore hides it from Athena, Spark and crawlers


@dataclass(frozen=True)
class CleanedRows:
    """The rows of a day after they were written.

    :param published: the published rows, read back and cached
    :param balance: rows that landed and what became of them, verified
    :param outcomes: rows by file and by rule
    :param files: what became of each file
    """

    published: DataFrame
    balance: report.Balance
    outcomes: Outcomes
    files: list[report.FileOutcome]


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
    contract = load_contract(arguments.contract)
    if GREAT_EXPECTATIONS in contract.quality_engines:
        import_in_background()
    key = key or read_key(arguments.pii_secret)
    storage.delete_file(arguments.result)
    cleaned = write_rows(spark, arguments, contract, finish or column_generator(contract), key)
    written = time.monotonic()
    names = [column.name for column in contract.columns]
    day = arguments.ingest_date.isoformat()
    suite = NO_SUITE
    if GREAT_EXPECTATIONS in contract.quality_engines:
        suite = run_suite(cleaned.published.select(*names), contract, day, arguments.data_docs)
    document = _result(arguments, contract, cleaned, suite)
    document["metrics"] = day_metrics(cleaned.published, contract)
    document["pii_key_version"] = key.version
    document["spark_version"] = spark.version
    document["seconds"] = {
        "rows": round(written - started, 1),
        "expectations": round(time.monotonic() - written, 1),
    }
    storage.write_bytes(f"{arguments.ledger}{LEDGER_FILE}", report.ledger_line(document, datetime.now(UTC)))
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
    conformed = conform(records, contract, arguments.ingest_date).persist(StorageLevel.MEMORY_AND_DISK)
    outcomes = count_outcomes(conformed)
    parsed.unpersist()
    rows = mask_columns(finish(_distributed(conformed, contract, outcomes)), contract.columns, key)
    published = _write_published(spark, rows, contract, arguments.staging)
    quarantined_rows = _write_quarantined(spark, conformed, contract, outcomes, arguments.quarantine)
    kept_at = _keep_files(refused, arguments)
    balance = report.Balance(
        landed=sum(found.records for found in reports.values() if not found.problem),
        published=published.count(),
        quarantined=quarantined_rows,
        duplicates=outcomes.duplicates,
    )
    balance.verify()
    conformed.unpersist()
    return CleanedRows(published, balance, outcomes, file_outcomes(delivered, reports, outcomes, kept_at))


def load_contract(uri: str) -> Contract:
    """Read the compiled contract.

    :param uri: S3 URI or local path
    :raises ContractMismatch: if it is missing or of another layout
    """
    try:
        text = storage.read_text(uri)
    except FileNotFoundError as error:
        raise problems.ContractMismatch(f"{uri} does not exist: upload the output of `make contracts`.") from error
    return read_contract(text, uri)


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


def _distributed(conformed: DataFrame, contract: Contract, outcomes: Outcomes) -> DataFrame:
    """Spread publishable rows over as many partitions as files are wanted, by the first key column that is delivered.

    Without one, rows are numbered within the day: that needs them in one place anyway.
    """
    known = [name for name in contract.primary_key if name in conformed.columns]
    if not known:
        return publishable(conformed).repartition(1)
    files = max(1, math.ceil(outcomes.publishable / ROWS_PER_FILE))
    return publishable(conformed).repartition(files, known[0])


def _write_published(spark: SparkSession, rows: DataFrame, contract: Contract, target: str) -> DataFrame:
    """Write the published rows and return what was written, read back and cached."""
    columns = [F.col(column.name).cast(column.spark_type) for column in contract.columns]
    ordered = rows.select(*columns, RESCUED_COLUMN).sortWithinPartitions(*contract.primary_key)
    _write(ordered, target)
    return spark.read.schema(ordered.schema).parquet(target).persist(StorageLevel.MEMORY_AND_DISK)


def _write_quarantined(
    spark: SparkSession, conformed: DataFrame, contract: Contract, outcomes: Outcomes, target: str
) -> int:
    """Write the quarantined rows, if any; return the number of rows found in what was written."""
    rows = quarantined(conformed, contract)
    if outcomes.quarantined == 0:
        return 0
    _write(rows, target)
    return int(spark.read.schema(rows.schema).parquet(target).count())


def _write(rows: DataFrame, target: str) -> None:
    # Completeness is told by the result JSON; a marker file here would say it too early.
    writer = rows.write.mode("overwrite").option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    writer.parquet(target)


def _result(
    arguments: CleaningArguments, contract: Contract, cleaned: CleanedRows, suite: SuiteResult
) -> dict[str, Any]:
    balance, outcomes, files = cleaned.balance, cleaned.outcomes, cleaned.files
    distinct = outcomes.publishable + outcomes.quarantined
    rules = report.rule_results(contract, outcomes.failed, outcomes.noted, distinct)
    checks = [
        *report.file_checks(files, contract),
        *report.share_checks(balance, contract),
        *report.noted_checks(rules),
        *suite.checks,
    ]
    refused = [file for file in files if file.state == "refused"]
    return {
        "format": report.FORMAT,
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
        "quarantine_percent": balance.quarantine_percent,
        "quarantined_by_reason": dict(sorted(outcomes.failed.items())),
        "checks": report.checks_as_dicts(checks),
        "row_rules": rules,
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
