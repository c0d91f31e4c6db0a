"""Glue job ``replay-quarantine``: quarantined rows of a day and its published rows -> a candidate of the day.

Arguments: --contract --ingest_date --run_key --base --base_result --quarantined --rule --staging --quarantine
--rejected --prepared --result --data_docs --pii_secret (README.md of glue_jobs says what each names).
"""

from __future__ import annotations

import sys

from glue_jobs.arguments import parse_replay_arguments
from glue_jobs.replay import replay_day
from glue_jobs.session import cleaning_session


def main(argv: list[str]) -> None:
    """Run the job.

    :param argv: arguments without the script's name
    """
    arguments = parse_replay_arguments(argv)
    with cleaning_session() as spark:
        replay_day(spark, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
