"""Glue job ``forget-subject``: find or erase a data subject in every file of the lake, old versions included.

Arguments: --mode --request --request_file --contracts --products --buckets --deletion_list --pseudonyms --result
--pii_secret --key_versions --removals (README.md of glue_jobs says what each names). Whom it is about is in the request
file only.
"""

from __future__ import annotations

import argparse
import sys

from glue_jobs.erasure.erase import ERASE, FIND, ErasureArguments, forget
from glue_jobs.session import cleaning_session

_TEXTS = ("request", "contracts", "deletion_list", "pseudonyms", "result", "pii_secret", "removals")


def parse(argv: list[str]) -> ErasureArguments:
    """Parse the script's arguments. Others, which Glue adds for itself, are ignored.

    :param argv: arguments without the program name
    :raises SystemExit: if one is missing or is not understood
    """
    parser = argparse.ArgumentParser(prog="forget", allow_abbrev=False)
    for name in _TEXTS:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mode", required=True, choices=(FIND, ERASE))
    # Glue takes no empty arguments.
    parser.add_argument("--request_file", required=True, type=lambda text: "" if text == "none" else text)
    parser.add_argument("--products", required=True, type=lambda text: tuple(text.split(",")))
    parser.add_argument("--buckets", required=True, type=_buckets)
    parser.add_argument("--key_versions", required=True, type=_key_versions)
    known, _ = parser.parse_known_args(argv)
    return ErasureArguments(**vars(known))


def _buckets(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(","))


def _key_versions(text: str) -> dict[str, str]:
    """``none``, or ``<version>=<partitions in words>`` with semicolons between."""
    return {} if text == "none" else dict(part.split("=", 1) for part in text.split(";"))


def main(argv: list[str]) -> None:
    """Run the job.

    :param argv: arguments without the script's name
    """
    arguments = parse(argv)
    with cleaning_session() as spark:
        forget(spark, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
