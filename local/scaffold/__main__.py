"""``python -m local.scaffold NAME``: write what a data product needs beside its contract."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.scaffold.product import RUNBOOK, ScaffoldError, left_to_do, product_files, runbook_section

REPOSITORY = Path(__file__).resolve().parents[2]


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    :param argv: arguments without the program name
    """
    parser = argparse.ArgumentParser(prog="python -m local.scaffold", description=__doc__)
    parser.add_argument("name", help="name of a product that has a compiled contract")
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="where to write")
    options = parser.parse_args(argv)
    try:
        files = product_files(options.repository, options.name)
    except ScaffoldError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path, text in files.items():
        target = options.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    with (options.repository / RUNBOOK).open("a", encoding="utf-8") as runbook:
        runbook.write(runbook_section(options.repository, options.name))
    print(f"added a section to {RUNBOOK}\n\nLeft to do:\n{left_to_do(options.name)}", end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
