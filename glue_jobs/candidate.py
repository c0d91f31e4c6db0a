"""The candidate of a replay: published rows with those that pass by now, and the quarantine of either decision."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs import problems, storage
from glue_jobs.arguments import ReplayArguments
from glue_jobs.conform import FAILED_RULES, RAW, RESCUED_COLUMN, SOURCE_FILE, SOURCE_LINE, publishable
from glue_jobs.contracts import Contract
from glue_jobs.generated import Finish, column_generator
from glue_jobs.masking import KEYED, masking_of
from glue_jobs.pseudonyms import PseudonymKey
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
from glue_jobs.retest import Verdicts
from glue_jobs.writing import distributed, protected, with_generated, write_published, write_quarantine

_NOW_FAILED = "_now_failed"
_AGAIN = "Run the day again instead: it takes every row from landing."


def read_base_result(arguments: ReplayArguments, contract: Contract, key: PseudonymKey) -> dict[str, Any]:
    """Read what the run that published the base says about it.

    :param arguments: what to read
    :param contract: the compiled contract
    :param key: pseudonym key that the passing rows will get
    :raises CannotReplay: if it is gone, or the published rows are protected otherwise than the passing ones would be
    """
    try:
        result: dict[str, Any] = json.loads(storage.read_text(arguments.base_result))
    except FileNotFoundError as error:
        raise problems.CannotReplay(
            f"{arguments.base_result} is gone, so nobody knows how many rows landed: run the day again instead."
        ) from error
    if result.get("masking") != masking_of(contract):
        raise problems.CannotReplay(
            f"The published rows protect personal data as contract {result['contract_version']} said, this one says it "
            f"otherwise ({contract.version}). {_AGAIN}"
        )
    has_keyed_values = any(column.masking and column.masking.method in KEYED for column in contract.columns)
    if has_keyed_values and result["pii_key_version"] != key.version:
        raise problems.CannotReplay(
            f"The published rows have pseudonyms of key version {result['pii_key_version']}, the secret has "
            f"{key.version} now; they would not match. {_AGAIN}"
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
            f"{arguments.base} holds {found} rows, its run published {base_result['rows']['published']}: rows were "
            f"erased, or somebody changed the files. {_AGAIN}"
        )
    wanted = [column for column in contract.columns if column.generated_by is None]
    missing = [column for column in wanted if column.name not in base.columns]
    # The partition column is in the folder's name, not in its files; it is the only one that has one value a day.
    partition = [column for column in missing if column.name == contract.partition_column]
    lost = [column.name for column in missing if column.required and column not in partition]
    if lost:
        raise problems.CannotReplay(
            f"The published rows have no {', '.join(lost)}, which the contract requires by now. {_AGAIN}"
        )
    for column in missing:
        value = F.lit(arguments.ingest_date.isoformat()) if column in partition else F.lit(None)
        base = base.withColumn(column.name, value)
    columns = [F.col(column.name).cast(column.spark_type).alias(column.name) for column in wanted]
    return base.select(*columns, F.lit(None).cast("string").alias(RESCUED_COLUMN))


def write_candidate(
    spark: SparkSession,
    arguments: ReplayArguments,
    contract: Contract,
    verdicts: Verdicts,
    finish: Finish | None,
    key: PseudonymKey,
    base_result: dict[str, Any],
    withheld: Collection[str],
) -> DataFrame:
    """Write published and passing rows together, and return what was written, read back and cached.

    :param spark: session
    :param arguments: what to read and where to write
    :param contract: the compiled contract
    :param verdicts: what the contract says about the selected rows
    :param finish: adds the generated columns, over all rows; those the contract names when not given
    :param key: pseudonym key
    :param base_result: result of :func:`read_base_result`
    :param withheld: names of columns that are not published, because they hold undeclared personal data
    :raises CannotReplay: if the published rows cannot be joined with others
    """
    base = _published_base(spark, arguments, contract, base_result)
    passing = protected(publishable(verdicts.tested), contract, key, withheld)
    passing = passing.select([F.col(name).cast(kind) for name, kind in base.dtypes])
    count = base_result["rows"]["published"] + verdicts.passing
    rows = distributed(base.unionByName(passing), contract, count)
    rows = with_generated(rows, contract, finish or column_generator(contract), key)
    return write_published(spark, rows, contract, arguments.staging).persist(StorageLevel.MEMORY_AND_DISK)


def with_verdicts(kept: DataFrame, verdicts: Verdicts) -> DataFrame:
    """Return the quarantine as it is, with the rules that each selected row breaks by now, cached.

    :param kept: the quarantine as it is
    :param verdicts: what the contract says about the selected rows
    """
    now = verdicts.tested.select(SOURCE_FILE, SOURCE_LINE, F.col(FAILED_RULES).alias(_NOW_FAILED))
    return kept.join(now, [SOURCE_FILE, SOURCE_LINE], "left").persist(StorageLevel.MEMORY_AND_DISK)


def write_rejection(judged: DataFrame, contract: Contract, arguments: ReplayArguments) -> None:
    """Write the quarantine as it is when somebody rejects the selected rows, and the fingerprints of all of them.

    :param judged: result of :func:`with_verdicts`
    :param contract: the compiled contract
    :param arguments: where to write
    """
    write_quarantine(_decided(judged, contract, arguments, REJECTED), arguments.rejected)
    payloads = [row[0] for row in judged.where(F.col(_NOW_FAILED).isNotNull()).select(RAW).collect()]
    rejections = rejections_document(arguments.run_key, payloads)
    storage.write_bytes(f"{arguments.prepared}{REJECTIONS_FILE}", rejections)


def write_approval(spark: SparkSession, judged: DataFrame, contract: Contract, arguments: ReplayArguments) -> DataFrame:
    """Write the quarantine as it is when somebody approves the candidate, and return the rows that stay in it.

    :param spark: session
    :param judged: result of :func:`with_verdicts`
    :param contract: the compiled contract
    :param arguments: where to write
    """
    write_quarantine(_decided(judged, contract, arguments, REPLAYED), arguments.quarantine)
    return read_quarantine(spark, arguments.quarantine).where(F.col(STATUS) != REPLAYED)


def _decided(judged: DataFrame, contract: Contract, arguments: ReplayArguments, status: str) -> DataFrame:
    """Return the quarantine after a decision: an approval concerns the selected rows that pass, a rejection all.

    A row that passes keeps the reasons it had; one that does not has its newest ones.
    """
    is_tested, passes = F.col(_NOW_FAILED).isNotNull(), F.size(_NOW_FAILED) == 0
    is_decided, reasons = passes, F.when(passes, F.col(FAILED_RULES)).otherwise(F.col(_NOW_FAILED))
    if status == REJECTED:
        is_decided, reasons = F.lit(True), F.array_append(reasons, F.lit(REJECTED_BY_PERSON))
    news = {
        FAILED_RULES: reasons,
        "contract_version": F.lit(contract.version),
        "contract_hash": F.lit(contract.hash),
        RUN_KEY: F.lit(arguments.run_key),
        STATUS: F.when(is_decided, status).otherwise(F.lit(NEW)),
        DECISION: F.when(is_decided, arguments.run_key),
    }
    changed = {name: F.when(is_tested, value).otherwise(F.col(name)).alias(name) for name, value in news.items()}
    return judged.select(*(changed.get(name, F.col(name)) for name in judged.columns if name != _NOW_FAILED))
