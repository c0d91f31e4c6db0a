"""Counting what became of the rows: by file and by rule, from the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from glue_jobs.conform import COPIES, FAILED_RULES, NOTED_RULES, SOURCE_FILE
from glue_jobs.records import FileReport
from glue_jobs.report import FileOutcome
from glue_jobs.storage import StoredFile


@dataclass(frozen=True)
class Outcomes:
    """Distinct rows of a run.

    :param by_file: (publishable, quarantined) rows by URI of the file they were first seen in
    :param copies: records, further copies included
    :param failed: quarantined rows by rule
    :param noted: publishable rows by rule of severity warning or info
    """

    by_file: dict[str, tuple[int, int]]
    copies: int
    failed: dict[str, int]
    noted: dict[str, int]

    @property
    def publishable(self) -> int:
        """Rows that break no rule of severity error."""
        return sum(good for good, _ in self.by_file.values())

    @property
    def quarantined(self) -> int:
        """The other rows."""
        return sum(bad for _, bad in self.by_file.values())

    @property
    def duplicates(self) -> int:
        """Further copies of records."""
        return self.copies - self.publishable - self.quarantined


def count_outcomes(conformed: DataFrame) -> Outcomes:
    """Count the rows of a run.

    :param conformed: result of ``conform.conform``, cached: it is read twice
    """
    is_good = F.size(FAILED_RULES) == 0
    files = conformed.groupBy(SOURCE_FILE).agg(
        F.count_if(is_good).alias("good"), F.count_if(~is_good).alias("bad"), F.sum(COPIES).alias("copies")
    )
    by_file = {row[SOURCE_FILE]: (row["good"], row["bad"], row["copies"]) for row in files.collect()}
    rules = conformed.select(F.explode(F.concat(FAILED_RULES, NOTED_RULES)).alias("rule"), is_good.alias("is_good"))
    by_rule = {
        (row["rule"], row["is_good"]): row["count"] for row in rules.groupBy("rule", "is_good").count().collect()
    }
    return Outcomes(
        by_file={file: (good, bad) for file, (good, bad, _) in by_file.items()},
        copies=sum(copies for _, _, copies in by_file.values()),
        failed={rule: count for (rule, good), count in by_rule.items() if not good},
        noted={rule: count for (rule, good), count in by_rule.items() if good},
    )


def file_outcomes(
    delivered: list[StoredFile], reports: dict[str, FileReport], outcomes: Outcomes, kept_at: dict[str, str]
) -> list[FileOutcome]:
    """Return what became of each delivered file.

    :param delivered: listing of the source folder
    :param reports: report by file name; empty files have none
    :param outcomes: counted rows
    :param kept_at: where refused files were copied to, by file name
    """
    return [_file_outcome(file, reports.get(file.name), outcomes, kept_at.get(file.name)) for file in delivered]


def _file_outcome(file: StoredFile, report: FileReport | None, outcomes: Outcomes, kept_at: str | None) -> FileOutcome:
    if report is None:
        return FileOutcome(file.name, "empty")
    found = FileOutcome(
        file=file.name,
        state="accepted" if report.records else "empty",
        unknown_columns=tuple(report.unknown_columns),
        missing_columns=tuple(report.missing_columns),
        reordered=report.reordered,
    )
    if report.problem:
        return replace(found, state="refused", problem=report.problem, message=report.message, kept_at=kept_at)
    good, bad = outcomes.by_file.get(report.file, (0, 0))
    return replace(
        found, landed=report.records, published=good, quarantined=bad, duplicates=report.records - good - bad
    )
