"""``python -m local.demo``: the main job of Sluice on generated days, end to end, on this machine."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from local.demo.run import Demo
from local.errors import LocalAwsError
from local.settings import state_folder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.demo",
        description="Start the local AWS, land three generated days of invoices, run both DAGs, show what happened.",
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="state folder (default: $SLUICE_STATE, else .sluice); demo data goes to its subfolder demo/",
    )
    parser.add_argument("--rows", type=int, default=3000, help="invoice lines a day (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20101201, help="seed of the generated data (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="go on with an earlier demo's lake instead of a fresh one")
    return parser.parse_args()


def main() -> int:
    """:return: 0 if every run succeeded and every row is accounted for, else 1"""
    options = arguments()
    begin = time.monotonic()
    demo = Demo(state_folder(options.state) / "demo", rows=options.rows, seed=options.seed)
    try:
        if not options.keep:
            demo.start_afresh()
        succeeded = demo.run()
    except LocalAwsError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The local AWS keeps running; `make down` stops it.", file=sys.stderr)
        return 130
    print(f"\n{'Done' if succeeded else 'FAILED'} in {time.monotonic() - begin:.0f} s.")
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
