"""Where a replay reads and writes: a run like any other, addressed by its key, beside the run it starts from."""

from __future__ import annotations

from dataclasses import dataclass

from lake.run_paths import RunPaths


@dataclass(frozen=True)
class ReplayPaths(RunPaths):
    """S3 addresses of a replay; ``run_key`` is the replay's key. Folders end with a slash."""

    @property
    def rejected(self) -> str:
        """The quarantine as it is when somebody rejects the replay; beside the approved one, because Athena reads a
        partition's folder with everything below it."""
        return self.quarantine.removesuffix("/") + "-rejected/"

    @property
    def prepared(self) -> str:
        """What the job prepares for either decision: lines of the ledger, and the records to reject."""
        return self._of_run("governance", "replays/" + self.terms.product)

    @property
    def data_docs(self) -> str:
        """The report on the candidate; the day keeps its own until somebody approves."""
        return self._of_run("governance", "data_docs/" + self.terms.product)

    @property
    def rejection(self) -> str:
        """What later runs of the day read to know the rejected records."""
        return self.rejections + self.run_key + ".json"

    @property
    def decision(self) -> str:
        """The replay's row in governance.decisions."""
        return self._of_day("governance", "decisions/" + self.terms.product) + self.run_key + ".json"

    def published_by(self, version: str) -> RunPaths:
        """:return: the addresses of the run that wrote a version"""
        return RunPaths(self.terms, self.day, version, self.lake)
