"""Glue job ``canary``: one synthetic record from landing to staging, on the way the data products take.

Arguments: --run_key --source (folder of the landed CSV) --staging (folder of the Parquet) --result (JSON, written last)
--pii_secret (key of the pseudonyms). ``dags/lake_canary_hourly.py`` starts it.
"""

from __future__ import annotations

import argparse
import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from glue_jobs import storage
from glue_jobs.canary.transforms import LANDED_SCHEMA, typed
from glue_jobs.pseudonyms import pseudonym, read_key
from glue_jobs.session import cleaning_session

_ARGUMENTS = ("run_key", "source", "staging", "result", "pii_secret")
_PSEUDONYM_DOMAIN = "canary"


def carry(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Read the record, check that it is the one that was sent, write it and say so.

    :param spark: session with the settings of ``session.SQL_SETTINGS``
    :param arguments: see the module's text
    :raises RuntimeError: if the folder does not hold exactly this run's record, readable in every column
    """
    key = read_key(arguments.pii_secret)
    landed = spark.read.csv(arguments.source, schema=LANDED_SCHEMA, header=True, escape='"', mode="FAILFAST")
    record = typed(landed)
    found = record.collect()
    if [row.run_key for row in found] != [arguments.run_key] or None in found[0]:
        raise RuntimeError(
            f"{arguments.source} must hold the one record of run {arguments.run_key}, but it holds "
            f"{[row.asDict() for row in found]}. Did something else write there?"
        )
    sender = F.lit(pseudonym(key, _PSEUDONYM_DOMAIN, found[0].sender))
    record.withColumn("sender", sender).coalesce(1).write.mode("overwrite").parquet(arguments.staging)
    storage.write_bytes(arguments.result, json.dumps({"run_key": arguments.run_key, "rows": 1}).encode())


def main(argv: list[str]) -> None:
    """Run the job.

    :param argv: arguments without the script's name
    """
    parser = argparse.ArgumentParser(prog="carry_record", allow_abbrev=False)
    for name in _ARGUMENTS:
        parser.add_argument(f"--{name}", required=True)
    known, _ = parser.parse_known_args(argv)
    with cleaning_session() as spark:
        carry(spark, known)


if __name__ == "__main__":
    main(sys.argv[1:])
