"""Glue job ``clean-product``: one delivered day of any product -> published rows, quarantine and a report.

Arguments: --contract --source --ingest_date --run_key --staging --quarantine --result --ledger --data_docs
--pii_secret, and --rejections if there are any (README.md of glue_jobs says what each names). What only this product
does comes from the module its contract names.
"""

from __future__ import annotations

import sys

from glue_jobs.arguments import parse_arguments
from glue_jobs.cleaning import clean_day
from glue_jobs.session import cleaning_session


def main(argv: list[str]) -> None:
    """Run the job.

    :param argv: arguments without the script's name
    """
    arguments = parse_arguments(argv)
    with cleaning_session() as spark:
        clean_day(spark, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
