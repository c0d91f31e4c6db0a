"""``python -m lake.contracts lint``: every problem of every contract, without writing anything."""

from __future__ import annotations

import argparse
import sys

from lake.contracts.compile import CONTRACTS, compile_contract
from lake.contracts.lint_folder import lint_folder
from lake.contracts.odcs import ContractError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the sub-command
    """
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Lint all contracts of a repository.

    :param options: ``repository``
    :return: exit code; 1 when there is a problem
    """
    problems: list[str] = []
    compiled = []
    files = sorted((options.repository / CONTRACTS).glob("*.odcs.yaml"))
    for path in files:
        try:
            compiled.append(compile_contract(path))
        except ContractError as error:
            problems += str(error).splitlines()
    # Whether contracts fit together can only be told once each of them is sound.
    if not problems:
        problems += [f"{name}: {problem}" for name, found in lint_folder(compiled).items() for problem in found]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{len(files)} contract(s), {len(problems)} problem(s)\n")
    return 1 if problems else 0
