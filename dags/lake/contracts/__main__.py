"""The tools for data contracts: ``python -m lake.contracts COMMAND`` with ``dags`` on PYTHONPATH."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lake.contracts import compile as compiler
from lake.contracts import diff, drift_command, import_command, lint_command
from lake.contracts.odcs import ContractError

COMMANDS = {
    "compile": (compiler, "write what DAGs, jobs, CloudFormation and people read"),
    "lint": (lint_command, "tell every problem of every contract; write nothing"),
    "diff": (diff, "what changed, how much that is, whether the version is raised enough, who reads it"),
    "import": (import_command, "draft a contract from a sample file or a Glue table"),
    "drift": (drift_command, "compare the contracts with the live catalog and the warehouse"),
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    :param argv: arguments without the program name
    :return: exit code; 1 for a bad contract
    """
    parser = argparse.ArgumentParser(prog="python -m lake.contracts", description=__doc__)
    parser.add_argument(
        "--repository", type=Path, default=compiler.REPOSITORY, help="its contracts are in dags/contracts"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module, text) in COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=text, description=text))
    options = parser.parse_args(argv)
    try:
        code: int = options.run(options)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
