"""``python -m local generate``: the deliveries of a data product on disk, one file per table and day."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from local.seed.products import GENERATORS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the sub-command
    """
    parser.add_argument("product", choices=sorted(GENERATORS), help="whose deliveries")
    parser.add_argument("days", nargs="+", type=_day, metavar="DAY", help="ISO date, for example 2010-12-01")
    rows = "rows per day of the product's largest table (default: 3000 invoice lines, 450 ticket sales, every flight)"
    parser.add_argument("--rows", type=_rows, help=rows)
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same files (default %(default)s)")
    out = "folder; the files are <folder>/<table>/<day>.csv (default %(default)s)"
    parser.add_argument("--out", type=Path, default=Path("build"), help=out)
    parser.add_argument("--gzip", action="store_true", help="write .csv.gz")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Generate the days and name the files.

    :param options: parsed options
    :raises LocalAwsError: if the source has no such day
    """
    for path in GENERATORS[options.product](options.out, options.days, options.rows, options.seed, options.gzip):
        sys.stdout.write(f"{path}\n")
    return 0


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2010-12-01") from None


def _rows(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows")
    return int(text)
