"""``python -m local cloudtrail``: deliver log files of a day's calls, or of a sample, to the bucket of the logs."""

from __future__ import annotations

import argparse
import sys
from datetime import date


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the sub-command
    """
    parser.add_argument("day", type=date.fromisoformat, metavar="DAY", help="UTC day, for example 2026-11-26")
    parser.add_argument(
        "--sample",
        action="store_true",
        help="made-up calls instead of those that this local AWS has seen; the day has a newcomer and many denials",
    )
    parser.add_argument("--days", type=int, default=31, help="days of the sample, DAY the last (default %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same sample (default %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Deliver and name the files.

    :param options: parsed options
    """
    from local import lifecycle
    from local.cloudtrail.delivery import deliver, of_day
    from local.cloudtrail.recorded import recorded_calls
    from local.cloudtrail.sample import sample_calls
    from local.services.iam.decisions import read_decisions

    settings = lifecycle.running_settings(options.state)
    if options.sample:
        calls = sample_calls(
            options.day, options.days, settings.name(""), settings.account_id, settings.region, options.seed
        )
        keys = deliver(settings, calls, f"sample {options.seed}")
    else:
        keys = deliver(settings, of_day(recorded_calls(read_decisions(settings.state_dir)), options.day), "recorded")
    for key in keys:
        sys.stdout.write(f"s3://{settings.name('logs')}/{key}\n")
    if not keys:
        sys.stderr.write(f"no call was seen on {options.day} (UTC)\n")
    return 0 if keys else 1
