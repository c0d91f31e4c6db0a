"""The quarantine: rows as they are kept, how each is recognised again, and what people have decided about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pandas as pd
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from glue_jobs import storage
from glue_jobs.conform import FAILED_RULES, NOTED_RULES, RAW, RESCUED_COLUMN, SOURCE_FILE, SOURCE_LINE
from glue_jobs.contracts import Contract
from glue_jobs.landing import TEXT

STATUS, DECISION, RUN_KEY = "status", "decision", "run_key"
NEW, REPLAYED, REJECTED = "new", "replayed", "rejected"
RECORD = "_record"  # in the payload: the text of a record that could not be split into columns
RESCUED_VALUES = "_rescued"  # in the payload: JSON of the columns the contract did not know
REJECTED_BY_PERSON = "rejected_by_person"  # reason of a row that somebody does not want, beside the rules it breaks
REJECTIONS_FILE = "rejections.json"

# As dags/lake/catalog.py declares the table.
SCHEMA = (
    f"{FAILED_RULES} array<string>, {RAW} string, {SOURCE_FILE} string, {SOURCE_LINE} bigint, "
    f"contract_version string, contract_hash string, {RUN_KEY} string, {STATUS} string, {DECISION} string"
)


def read_quarantine(spark: SparkSession, folder: str) -> DataFrame:
    """Read quarantined rows; rows written before a column existed have NULL there, and count as new.

    :param spark: session
    :param folder: folder of one version of a day; one without files holds no rows
    """
    if not storage.list_files(folder):
        return spark.createDataFrame([], SCHEMA)
    return spark.read.schema(SCHEMA).parquet(folder).withColumn(STATUS, F.coalesce(STATUS, F.lit(NEW)))


def count_by_status(rows: DataFrame) -> dict[str, int]:
    """Count quarantined rows by status.

    :param rows: result of :func:`read_quarantine`
    """
    return {row[STATUS]: row["count"] for row in rows.groupBy(STATUS).count().collect()}


def quarantined(conformed: DataFrame, contract: Contract, run_key: str) -> DataFrame:
    """Return the rows that are not published as they are kept: what was delivered, every reason, and where it was.

    :param conformed: result of :func:`apply_rejections`
    :param contract: the compiled contract
    :param run_key: run that keeps them
    """
    return conformed.where(F.size(FAILED_RULES) > 0).select(
        FAILED_RULES,
        payload(contract).alias(RAW),
        SOURCE_FILE,
        SOURCE_LINE,
        F.lit(contract.version).alias("contract_version"),
        F.lit(contract.hash).alias("contract_hash"),
        F.lit(run_key).alias(RUN_KEY),
        F.when(F.col(DECISION).isNull(), NEW).otherwise(REJECTED).alias(STATUS),
        DECISION,
    )


def payload(contract: Contract) -> SparkColumn:
    """Return the column with what was delivered, as JSON by header name; columns without a value are left out.

    :param contract: the compiled contract
    """
    delivered = [F.col(RAW)[name].alias(name) for name in contract.landing.columns]
    return F.to_json(F.struct(*delivered, F.col(RESCUED_COLUMN).alias(RESCUED_VALUES), F.col(TEXT).alias(RECORD)))


def fingerprint(raw: str) -> str:
    """Return SHA-256 of a payload. It stays the same when a contract learns a column that was rescued before.

    :param raw: column ``raw`` of a quarantined row
    """
    delivered = json.loads(raw)
    rescued = json.loads(delivered.pop(RESCUED_VALUES, "{}"))
    values = {name.lower(): value for name, value in {**delivered, **rescued}.items() if value is not None}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def rejections_document(decision: str, payloads: list[str]) -> bytes:
    """Return the file by which later runs know the records that somebody rejected.

    :param decision: key of the decision
    :param payloads: ``raw`` of each rejected row
    """
    document = {"decision": decision, "fingerprints": sorted(map(fingerprint, payloads))}
    return json.dumps(document, indent=1).encode()


def read_rejections(folder: str | None) -> dict[str, str]:
    """Return the decision by fingerprint of every record of a day that was rejected.

    :param folder: folder of the files of :func:`rejections_document`; None if there are none
    """
    if folder is None:
        return {}
    found: dict[str, str] = {}
    for file in storage.list_files(folder):
        document = json.loads(storage.read_text(f"{folder}{file.name}"))
        found |= dict.fromkeys(document["fingerprints"], document["decision"])
    return found


def apply_rejections(conformed: DataFrame, contract: Contract, rejections: dict[str, str]) -> DataFrame:
    """Add the column ``decision``; a rejected row gets one more reason, so that no contract lets it pass again.

    :param conformed: result of ``conform.conform``
    :param contract: the compiled contract
    :param rejections: result of :func:`read_rejections`
    """
    if not rejections:
        return conformed.withColumn(DECISION, F.lit(None).cast("string"))
    decided = conformed.withColumn(DECISION, _decision_finder(rejections)(payload(contract)))
    is_rejected = F.col(DECISION).isNotNull()
    reasons = F.array_append(FAILED_RULES, F.lit(REJECTED_BY_PERSON))
    return decided.withColumn(FAILED_RULES, F.when(is_rejected, reasons).otherwise(F.col(FAILED_RULES))).withColumn(
        NOTED_RULES, F.when(is_rejected, F.array().cast("array<string>")).otherwise(F.col(NOTED_RULES))
    )


def _decision_finder(rejections: dict[str, str]) -> Callable[[SparkColumn], SparkColumn]:
    @F.pandas_udf("string")
    def find(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for batch in batches:
            yield pd.Series([rejections.get(fingerprint(raw)) for raw in batch], dtype=object)

    return find  # type: ignore[no-any-return]
