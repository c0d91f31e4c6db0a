"""What can stop a cleaning job. Each message is one sentence that names the place and the repair."""

from __future__ import annotations


class JobProblem(Exception):
    """A problem of the input or the environment; the job ends FAILED with this message."""


class ContractMismatch(JobProblem):
    """The compiled contract is missing, not readable, or of a layout this job does not know."""


class NoInputFiles(JobProblem):
    """The source holds no file at all."""


class SchemaMismatch(JobProblem):
    """No file of the day has the columns of the contract."""


class UnreadableFile(JobProblem):
    """No file of the day can be read as CSV."""


class PiiKeyUnavailable(JobProblem):
    """The key for pseudonyms cannot be read."""


class CannotReplay(JobProblem):
    """What was published does not fit the quarantined rows any more; the day has to be run again instead."""


class RowsOutOfBalance(JobProblem):
    """Landed rows are not the sum of published, quarantined and duplicate rows: a defect of the job."""
