"""Arguments of the jobs, as Glue passes them: ``--name value`` on the command line of the script."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from typing import Any


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
    :param rejections: folder of the files that name records of the day that a person has rejected; DAGs that were
        deployed before there were any do not pass it
    :param contract_hash: fingerprint of the contract that the caller knows, which the run key is made of; None from
        DAGs that were deployed before it was compared
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
    rejections: str | None
    contract_hash: str | None = None


@dataclass(frozen=True)
class ReplayArguments:
    """See glue_jobs/README.md for what is read and written where. Folders end with a slash.

    :param contract: URI of the compiled contract
    :param ingest_date: delivery day
    :param run_key: replay key: fingerprint of the two versions below, the rule, the contract and the script
    :param base: folder of the published version of the day
    :param base_result: URI of the result JSON of the run that published it
    :param quarantined: folder of the quarantined rows of that version
    :param rule: rule whose rows are tested again, or ``all``
    :param staging: folder for the rows of the candidate
    :param quarantine: folder for the quarantine as it is when the candidate is approved
    :param rejected: folder for the quarantine as it is when the candidate is rejected
    :param prepared: folder for what is recorded after the decision: ledger line and rejections
    :param result: URI of the result JSON
    :param data_docs: folder for the Great Expectations Data Docs
    :param pii_secret: name or ARN of the Secrets Manager secret that holds the pseudonym key
    :param contract_hash: as of :class:`CleaningArguments`
    """

    contract: str
    ingest_date: date
    run_key: str
    base: str
    base_result: str
    quarantined: str
    rule: str
    staging: str
    quarantine: str
    rejected: str
    prepared: str
    result: str
    data_docs: str
    pii_secret: str
    contract_hash: str | None = None


_CLEANING_FOLDERS = ("source", "staging", "quarantine", "ledger", "data_docs")
_CLEANING_TEXTS = ("contract", "run_key", "result", "pii_secret")
_REPLAY_FOLDERS = ("base", "quarantined", "staging", "quarantine", "rejected", "prepared", "data_docs")
_REPLAY_TEXTS = ("contract", "run_key", "base_result", "rule", "result", "pii_secret")


def parse_arguments(argv: list[str]) -> CleaningArguments:
    """Parse the arguments of the cleaning job. Others, which Glue adds for itself, are ignored.

    :param argv: arguments without the program name
    :raises SystemExit: if one is missing or the date is not YYYY-MM-DD
    """
    return CleaningArguments(**_parse("clean", argv, _CLEANING_FOLDERS, _CLEANING_TEXTS, optional=("rejections",)))


def parse_replay_arguments(argv: list[str]) -> ReplayArguments:
    """Parse the arguments of the replay job. Others, which Glue adds for itself, are ignored.

    :param argv: arguments without the program name
    :raises SystemExit: if one is missing or the date is not YYYY-MM-DD
    """
    return ReplayArguments(**_parse("replay", argv, _REPLAY_FOLDERS, _REPLAY_TEXTS))


def _parse(
    program: str, argv: list[str], folders: tuple[str, ...], texts: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    # Not abbreviated: Glue's own arguments begin like some of ours.
    parser = argparse.ArgumentParser(prog=program, allow_abbrev=False)
    for name in texts:
        parser.add_argument(f"--{name}", required=True)
    for name in folders:
        parser.add_argument(f"--{name}", required=True, type=_folder)
    for name in optional:
        parser.add_argument(f"--{name}", type=_folder)
    parser.add_argument("--contract_hash")
    parser.add_argument("--ingest_date", required=True, type=date.fromisoformat)
    known, _ = parser.parse_known_args(argv)
    return vars(known)


def _folder(text: str) -> str:
    return text if text.endswith("/") else f"{text}/"
