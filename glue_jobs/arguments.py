"""Arguments of a cleaning job, as Glue passes them: ``--name value`` on the command line of the script."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class CleaningArguments:
    """See glue_jobs/README.md for what is read and written where. Folders end with a slash.

    :param contract: URI of the compiled contract
    :param source: folder of the delivered files of one day
    :param ingest_date: delivery day
    :param run_key: fingerprint of input, contract and script, given by the caller
    :param staging: folder for the published rows
    :param quarantine: folder for quarantined rows and refused files
    :param result: URI of the result JSON
    :param ledger: folder for the run's ledger line
    :param data_docs: folder for the Great Expectations Data Docs
    :param pii_secret: name or ARN of the Secrets Manager secret that holds the pseudonym key
    """

    contract: str
    source: str
    ingest_date: date
    run_key: str
    staging: str
    quarantine: str
    result: str
    ledger: str
    data_docs: str
    pii_secret: str


_FOLDERS = ("source", "staging", "quarantine", "ledger", "data_docs")
_TEXTS = ("contract", "run_key", "result", "pii_secret")


def parse_arguments(argv: list[str]) -> CleaningArguments:
    """Parse the script's arguments. Others, which Glue adds for itself, are ignored; names are not abbreviated.

    :param argv: arguments without the program name
    :raises SystemExit: if one is missing or the date is not YYYY-MM-DD
    """
    parser = argparse.ArgumentParser(prog="clean", allow_abbrev=False)
    for name in _TEXTS:
        parser.add_argument(f"--{name}", required=True)
    for name in _FOLDERS:
        parser.add_argument(f"--{name}", required=True, type=_folder)
    parser.add_argument("--ingest_date", required=True, type=date.fromisoformat)
    known, _ = parser.parse_known_args(argv)
    return CleaningArguments(**vars(known))


def _folder(text: str) -> str:
    return text if text.endswith("/") else f"{text}/"
