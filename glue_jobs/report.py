"""What a run says about itself: the result JSON for the DAG and people, one ledger line for the books."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from glue_jobs.contracts import Contract
from glue_jobs.problems import RowsOutOfBalance
from glue_jobs.suite import Check

FORMAT = 1
CLEAN, REPLAY, REJECTION = "clean", "replay", "rejection"  # kinds of ledger lines
HELD, PUBLISHED = "held", "published"  # verdicts of ledger lines: readers get the rows only of a day judged good
FILE_CHECKS = ("files_readable", "files_not_empty", "columns_known", "columns_complete")


@dataclass(frozen=True)
class Balance:
    """Rows of a run. A row is a record of a file that could be read; headers and empty lines are none.

    :param landed: records of all accepted files
    :param published: rows written to staging
    :param quarantined: rows written to quarantine
    :param duplicates: further copies of records, removed
    """

    landed: int
    published: int
    quarantined: int
    duplicates: int

    def verify(self) -> None:
        """Make sure that nothing was lost or invented.

        :raises RowsOutOfBalance: if the three outcomes do not add up to what landed
        """
        if self.landed != self.published + self.quarantined + self.duplicates:
            raise RowsOutOfBalance(
                f"{self.landed} rows landed, but {self.published} published + {self.quarantined} quarantined + "
                f"{self.duplicates} duplicates = {self.published + self.quarantined + self.duplicates}: "
                "nothing of this run may be used; report it as a defect of the job."
            )

    @property
    def quarantine_percent(self) -> float:
        """Quarantined share of the distinct rows, 0 to 100."""
        distinct = self.published + self.quarantined
        return round(100 * self.quarantined / distinct, 3) if distinct else 0.0


@dataclass(frozen=True)
class FileOutcome:
    """Rows of one file.

    :param file: path below the source folder
    :param state: accepted, empty or refused
    :param landed: records read from it, 0 when refused
    :param published: rows first seen in this file that were published
    :param quarantined: rows first seen in this file that were quarantined
    :param duplicates: records seen before in this or an earlier file
    :param unknown_columns: rescued columns
    :param missing_columns: optional columns it does not have
    :param reordered: True when columns come in another order than in the contract
    :param problem: class of the problem of a refused file
    :param message: the problem in a sentence
    :param kept_at: where the refused file was copied to
    """

    file: str
    state: str
    landed: int = 0
    published: int = 0
    quarantined: int = 0
    duplicates: int = 0
    unknown_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    reordered: bool = False
    problem: str | None = None
    message: str | None = None
    kept_at: str | None = None


def file_checks(files: list[FileOutcome], contract: Contract) -> list[Check]:
    """Return the checks on the delivered files.

    :param files: outcome of each file
    :param contract: the compiled contract
    """
    refused = [file.file for file in files if file.state == "refused"]
    empty = [file.file for file in files if file.state == "empty"]
    unknown = sorted({name for file in files for name in file.unknown_columns})
    missing = sorted({name for file in files for name in file.missing_columns})
    refusal = "error" if contract.landing.on_refused_file == "stop" else "warning"
    return [
        _files_check("files_readable", "Every file can be read as this product", refusal, "conformity", refused),
        _files_check("files_not_empty", "No file is empty", "warning", "coverage", empty),
        _files_check(
            "columns_known", "Files have no columns the contract does not know", "warning", "conformity", unknown
        ),
        _files_check("columns_complete", "Files have every optional column", "warning", "completeness", missing),
    ]


def share_checks(balance: Balance, contract: Contract) -> list[Check]:
    """Return the checks on the quarantined share.

    :param balance: rows of the run
    :param contract: the compiled contract
    """
    share = balance.quarantine_percent
    observed = f"{balance.quarantined} of {balance.published + balance.quarantined} rows ({share} %)"
    bounds = (
        ("quarantine_share_low", "warning", contract.warn_percent),
        ("quarantine_share_allowed", "error", contract.max_percent),
    )
    return [
        Check(
            id=check_id,
            name=f"At most {limit} % of the rows are quarantined",
            severity=severity,
            dimension="conformity",
            success=share <= limit,
            observed=observed,
            expected=f"at most {limit} %",
        )
        for check_id, severity, limit in bounds
    ]


def rule_results(contract: Contract, failed: dict[str, int], noted: dict[str, int], rows: int) -> list[dict[str, Any]]:
    """Return every row rule with the rows that break it; zero is said too.

    :param contract: the compiled contract
    :param failed: quarantined rows by rule; a row that breaks two rules counts in both
    :param noted: published rows by rule of severity warning or info
    :param rows: distinct rows, the base of the percentage
    """
    results = []
    for rule in (*contract.structure_rules, *contract.row_rules):
        count = failed.get(rule.id, 0) if rule.severity == "error" else noted.get(rule.id, 0)
        action = "quarantined" if rule.severity == "error" else "noted"
        results.append(
            {
                "id": rule.id,
                "name": rule.name,
                "severity": rule.severity,
                "dimension": rule.dimension,
                "rows": count,
                "percent": round(100 * count / rows, 3) if rows else 0.0,
                "status": "held" if count == 0 else action,
            }
        )
    return results


def noted_checks(results: list[dict[str, Any]]) -> list[Check]:
    """Return the row rules that do not quarantine as checks of the day.

    :param results: result of :func:`rule_results`
    """
    return [
        Check(
            id=result["id"],
            name=result["name"],
            severity=result["severity"],
            dimension=result["dimension"],
            success=result["rows"] == 0,
            observed=f"{result['rows']} published rows break it",
            expected=result["name"],
        )
        for result in results
        if result["severity"] != "error"
    ]


def ledger_line(document: dict[str, Any], recorded_at: datetime, verdict: str) -> bytes:
    """Return a Parquet file with the run's one line of the ledger.

    :param document: the result JSON
    :param recorded_at: when the run ended, UTC
    :param verdict: whether readers get the rows: held or published
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = document["rows"]
    failed = [check["id"] for check in document["checks"] if not check["success"] and check["severity"] != "info"]
    line = {
        "product": document["product"],
        "ingest_date": document["ingest_date"],
        "run_key": document["run_key"],
        "contract_version": document["contract_version"],
        "contract_hash": document["contract_hash"],
        "landed": rows["landed"],
        "published": rows["published"],
        "quarantined": rows["quarantined"],
        "duplicates": rows["duplicates"],
        "files": len(document["files"]),
        "unreadable_files": len(document["unreadable_files"]),
        "checks_failed": ",".join(failed),
        "recorded_at": recorded_at.replace(tzinfo=None),
        "kind": document["kind"],
        "rejected": document["rejected"],
        "verdict": verdict,
    }
    numbers = ("landed", "published", "quarantined", "duplicates", "files", "unreadable_files", "rejected")
    schema = pa.schema(
        [
            (name, pa.int64() if name in numbers else pa.timestamp("ms") if name == "recorded_at" else pa.string())
            for name in line
        ]
    )
    buffer = BytesIO()
    pq.write_table(pa.Table.from_pylist([line], schema=schema), buffer)
    return buffer.getvalue()


def checks_as_dicts(checks: list[Check]) -> list[dict[str, Any]]:
    """Return checks as plain values.

    :param checks: all checks of the day
    """
    return [asdict(check) for check in checks]


def files_as_dicts(files: list[FileOutcome]) -> list[dict[str, Any]]:
    """Return file outcomes as plain values.

    :param files: outcome of each file
    """
    return [asdict(file) for file in files]


def to_text(document: dict[str, Any]) -> str:
    """Return the result as JSON text.

    :param document: the result
    """
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"


def _files_check(check_id: str, name: str, severity: str, dimension: str, offenders: list[str]) -> Check:
    observed = ", ".join(offenders) if offenders else "none"
    return Check(check_id, name, severity, dimension, not offenders, observed, "none")
