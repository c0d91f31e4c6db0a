"""``python -m local.scaffold NAME --sample FILE``: start a data product from a sample of its delivery."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.scaffold.product import RUNBOOK, ScaffoldError, left_to_do, product_files, runbook_section
from local.scaffold.sample import SampleError, read_sample

REPOSITORY = Path(__file__).resolve().parents[2]


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    :param argv: arguments without the program name
    """
    parser = argparse.ArgumentParser(prog="python -m local.scaffold", description=__doc__)
    parser.add_argument("name", help="name of the product, for example flight_delays")
    parser.add_argument("--sample", type=Path, required=True, help="a CSV file as it will be delivered")
    parser.add_argument("--owner", default="data-platform", help="team that answers for it (default %(default)s)")
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="where to write")
    options = parser.parse_args(argv)
    try:
        columns = read_sample(options.sample)
        files = product_files(options.repository, options.name, columns, options.owner)
    except (SampleError, ScaffoldError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path, text in files.items():
        target = options.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    with (options.repository / RUNBOOK).open("a", encoding="utf-8") as runbook:
        runbook.write(runbook_section(options.repository, options.name))
    print(f"added a section to {RUNBOOK}\n\nLeft to do:\n{left_to_do(options.name, columns)}", end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
