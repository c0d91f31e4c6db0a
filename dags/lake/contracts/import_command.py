"""Draft a contract from a sample or a Glue table: ``python -m lake.contracts import``.

What is guessed is written for people to check: types, key, partition, personal data, texts that mean "no value".
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from lake.contracts.compile import compile_contract
from lake.contracts.draft import contract_text, partition_column
from lake.contracts.glue_table import read_glue_table
from lake.contracts.odcs import ContractError
from lake.contracts.reserved_words import RESERVED, reserving
from lake.contracts.revisions import CONTRACTS
from lake.contracts.sample import Sample, SampleError, key_column, read_sample

_PRODUCT_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command.

    :param parser: parser of the command
    """
    parser.add_argument("name", help="name of the product, for example flight_delays")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--sample", type=Path, help="a CSV file as it will be delivered, also gzip")
    source.add_argument("--glue-table", metavar="DATABASE.TABLE", help="a table of the Glue catalog")
    parser.add_argument("--owner", default="data-platform", help="team that answers for it (default %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the draft; never over a file that exists.

    :param options: ``repository``, ``name``, ``sample`` or ``glue_table``, ``owner``
    :return: exit code
    :raises ContractError: if the draft does not compile, which is a defect of this command
    """
    target: Path = options.repository / CONTRACTS / f"{options.name}.odcs.yaml"
    try:
        if not _PRODUCT_NAME.fullmatch(options.name):
            raise SampleError(f"{options.name!r} cannot name a product: use lower-case letters, digits and underscores")
        if engines := reserving(options.name):
            what = f"{options.name!r} is a reserved word of {', '.join(engines)}"
            raise SampleError(f"{what}: name the product otherwise, for example {options.name}_data")
        if target.exists():
            raise SampleError(f"{CONTRACTS}/{target.name} exists already: nothing was written")
        sample = read_sample(options.sample) if options.sample else read_glue_table(options.glue_table)
    except SampleError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as file:
        file.write(contract_text(options.name, sample, options.owner))
    try:
        compile_contract(target)
    except ContractError:
        target.unlink()
        raise
    sys.stdout.write("\n  ".join([f"wrote {CONTRACTS}/{target.name}", *guesses(sample)]) + "\n")
    return 0


def guesses(sample: Sample) -> list[str]:
    """Return what was guessed and should be looked at.

    :param sample: what was read
    """
    columns = sample.columns
    key = key_column(columns)
    lines = [f"{len(columns)} columns, partitioned by {partition_column(columns)}"]
    lines.append(f"key: {key.name}" if key else "key: no single column identifies a row, so row_no is generated")
    renamed = [f"{column.header} -> {column.name}" for column in columns if column.name.removesuffix("_") in RESERVED]
    if renamed:
        lines.append(f"renamed, because an engine reserves the word: {', '.join(renamed)}")
    personal = [column.name for column in columns if column.looks_personal]
    if personal:
        lines.append(f"{', '.join(personal)} look(s) like personal data and will be masked: check tags and masking")
    if sample.null_texts:
        lines.append(f"read as no value: {', '.join(sample.null_texts)}")
    return lines
