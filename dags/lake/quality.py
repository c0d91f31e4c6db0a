"""Judge a run by the result its Glue job wrote: publish, publish with a warning, or stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lake.contracts import Contract
from lake.data_quality import ENGINE as GLUE_DATA_QUALITY
from lake.table_checks import LOOK_BACK_DAYS

# Checks of the job that are judged here by what they are about, with more to say, or by what a person accepts.
JUDGED_BY_CONTENT = frozenset({"files_readable", "quarantine_share_allowed", "quarantine_share_low"})


@dataclass
class Judgement:
    """What speaks against publishing, and what people should know.

    :param reasons_to_stop: each of them alone stops the run
    :param warnings: published, but somebody should look
    """

    reasons_to_stop: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def publish(self) -> bool:
        """Whether readers may see the day."""
        return not self.reasons_to_stop


def judge(
    result: Mapping[str, Any],
    contract: Contract,
    accepted_percent: float | None = None,
    failed_before: Mapping[str, int] | None = None,
) -> Judgement:
    """:param result: the job's result.json, see glue_jobs/README.md, with the checks of every engine
    :param accepted_percent: share of quarantined rows that a person accepts for this run instead of the contract's
    :param failed_before: on how many of the days before each rule failed
    """
    judgement = Judgement()
    _judge_rows(result["rows"], judgement)
    _judge_quarantine(result, contract, accepted_percent, judgement)
    _judge_files(result.get("unreadable_files", []), contract, judgement)
    _judge_checks(result["checks"], failed_before or {}, judgement)
    return judgement


def quarantined_percent(rows: Mapping[str, int]) -> float:
    """:return: share of the delivered lines, duplicates not counted, that broke a rule"""
    counted = rows["landed"] - rows["duplicates"]
    return 100.0 * rows["quarantined"] / counted if counted else 0.0


def _judge_rows(rows: Mapping[str, int], judgement: Judgement) -> None:
    accounted = rows["published"] + rows["quarantined"] + rows["duplicates"]
    if rows["landed"] != accounted:
        judgement.reasons_to_stop.append(
            f"rows are lost or invented: {rows['landed']} landed, but {rows['published']} published + "
            f"{rows['quarantined']} quarantined + {rows['duplicates']} duplicates = {accounted}. This is a defect of "
            "the job, not of the data"
        )
    if rows["landed"] == 0:
        judgement.reasons_to_stop.append("the files hold no rows; an empty day is never published over another version")


def _judge_quarantine(
    result: Mapping[str, Any], contract: Contract, accepted_percent: float | None, judgement: Judgement
) -> None:
    percent = quarantined_percent(result["rows"])
    limit = contract.quarantine.max_percent if accepted_percent is None else accepted_percent
    reasons = ", ".join(f"{reason} {rows}" for reason, rows in result.get("quarantined_by_reason", {}).items())
    if percent > limit:
        judgement.reasons_to_stop.append(
            f"{percent:.1f} % of the rows are quarantined, {limit:g} % are allowed ({reasons}). If it is right to "
            "leave them out, run the day again with the parameter accepted_quarantine_percent"
        )
    elif percent > contract.quarantine.warn_percent:
        judgement.warnings.append(f"{percent:.1f} % of the rows are quarantined ({reasons})")


def _judge_files(files: list[Mapping[str, str]], contract: Contract, judgement: Judgement) -> None:
    for refused in files:
        text = f"file {refused['file']} was refused: {refused['message']}"
        if contract.on_refused_file == "stop":
            judgement.reasons_to_stop.append(text)
        else:
            judgement.warnings.append(text)


def _judge_checks(checks: list[Mapping[str, Any]], failed_before: Mapping[str, int], judgement: Judgement) -> None:
    for check in checks:
        if check["success"] is True or check["id"] in JUDGED_BY_CONTENT:
            continue
        # A check without a result could not be evaluated: that blocks like a failure.
        failed = "failed" if check["success"] is False else "could not be evaluated"
        earlier = failed_before.get(check["id"], 0)
        often = f"also on {earlier} of the {LOOK_BACK_DAYS} days before" if earlier else "new"
        seen = f"observed {check.get('observed')}, expected {check.get('expected')}"
        engine = " of Glue Data Quality" if check.get("engine") == GLUE_DATA_QUALITY else ""
        text = f"check {check['id']}{engine} {failed} ({often}): {seen}"
        if check["severity"] == "error" or check["success"] is None:
            judgement.reasons_to_stop.append(text)
        elif check["severity"] == "warning":
            judgement.warnings.append(text)
