"""Where one run of a data product reads and writes.

Everything a run writes is addressed by its run key, the fingerprint of its input (see ``lake.run_key``). A second run
of the same input therefore finds its own work, and a run of changed input disturbs nothing that is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from lake.contracts import Contract
from lake.settings import LAKE, LakeSettings


@dataclass(frozen=True)
class RunPaths:
    """S3 addresses of one run. Folders end with a slash.

    :param terms: contract of the data product, whose name is also the folder in every zone
    :param day: ``YYYY-MM-DD``, or the Jinja expression that renders to it
    :param run_key: run key, or the Jinja expression that renders to it
    :param lake: environment whose buckets are meant
    """

    terms: Contract
    day: str
    run_key: str
    lake: LakeSettings = LAKE

    def _of_day(self, zone: str, folder: str) -> str:
        return self.lake.uri(zone, folder + "/ingest_date=" + self.day + "/")

    def _of_run(self, zone: str, folder: str) -> str:
        return self._of_day(zone, folder) + "run_key=" + self.run_key + "/"

    @property
    def landing(self) -> str:
        """The files as delivered."""
        return self._of_day("landing", self.terms.product)

    @property
    def staging(self) -> str:
        """Typed rows that kept the contract's rules, as the Glue job writes them."""
        return self._of_run("staging", self.terms.product)

    @property
    def quarantine(self) -> str:
        """Rows that broke a rule, with all reasons."""
        return self._of_run("quarantine", self.terms.product)

    @property
    def curated(self) -> str:
        """The version of the day that readers will see once it is published."""
        return self.lake.uri(
            "curated",
            f"{self.terms.product}/{self.terms.partition_column}=" + self.day + "/version=" + self.run_key + "/",
        )

    @property
    def result(self) -> str:
        """Row counts and check results, written by the Glue job as its last act."""
        return self._of_run("governance", "results/" + self.terms.product) + "result.json"

    @property
    def ledger(self) -> str:
        """The run's line in governance.ledger."""
        return self._of_run("governance", "ledger/" + self.terms.product)

    def quality_history(self, table: str) -> str:
        """The run's rows of one of the quality history tables.

        :param table: quality_results, quality_metrics or quality_scores
        """
        folder = f"{table}/ingest_date=" + self.day + "/"
        return self.lake.uri("governance", folder + self.terms.product + "-" + self.run_key + ".json")

    @property
    def rejections(self) -> str:
        """Files that name records of the day that a person has rejected: they stay in quarantine, whatever a contract
        says."""
        return self._of_day("governance", "rejections/" + self.terms.product)

    @property
    def data_docs(self) -> str:
        """The day's Great Expectations report."""
        return self._of_day("governance", "data_docs/" + self.terms.product)

    @property
    def contract(self) -> str:
        """The compiled contract that the Glue job reads."""
        return self.lake.uri("artifacts", "contracts/" + self.terms.product + ".json")

    @property
    def job_arguments(self) -> dict[str, str]:
        """What the product's Glue job is started with; the operator adds ``--run_key`` (see glue_jobs/README.md)."""
        return {
            "--contract": self.contract,
            "--contract_hash": self.terms.hash,
            "--source": self.landing,
            "--rejections": self.rejections,
            "--ingest_date": self.day,
            "--staging": self.staging,
            "--quarantine": self.quarantine,
            "--result": self.result,
            "--ledger": self.ledger,
            "--data_docs": self.data_docs,
            "--pii_secret": self.lake.secret("pii"),
        }
