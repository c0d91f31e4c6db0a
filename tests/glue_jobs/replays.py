"""A day that was cleaned by a contract that was too strict, and its replays by the one that was put right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from glue_jobs.arguments import parse_replay_arguments
from glue_jobs.cleaning import clean_day
from glue_jobs.pseudonyms import PseudonymKey
from glue_jobs.quarantine import REPLAYED
from glue_jobs.replay import replay_day
from tests.glue_jobs.conftest import CONTRACT, DAY, KEY, deliver, job_arguments

# Rules that are wrong; without them the contract is right.
TOO_STRICT = {
    "quantity_even": "quantity % 2 = 0",
    "description_wanted": "description IS NULL OR description LIKE '%LANTERN%'",
}


@dataclass(frozen=True)
class Version:
    """A version of the day, as partitions would show it.

    :param folder: folder of the run that wrote it
    :param quarantine: its quarantine
    """

    folder: Path
    quarantine: Path

    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return result

    def published(self) -> list[tuple[Any, ...]]:
        """Rows as readers see them, in an order of their own."""
        return sorted((tuple(row.values()) for row in _rows(self.folder / "staging", "rescued")), key=repr)

    def quarantined(self) -> list[dict[str, Any]]:
        return _rows(self.quarantine)

    def open_reasons(self) -> Counter[tuple[str, ...]]:
        """Reasons of the rows that are still in quarantine."""
        return Counter(tuple(row["failed_rules"]) for row in self.quarantined() if row["status"] != REPLAYED)

    def assert_balances(self) -> None:
        """The ledger's numbers are those of the files."""
        rows = self.result()["rows"]
        assert rows["published"] == len(self.published())
        assert rows["quarantined"] == self.open_reasons().total()
        assert rows["landed"] == rows["published"] + rows["quarantined"] + rows["duplicates"]


class Replays:
    """Cleans a day by the strict contract and replays it by the right one, below a folder.

    :param folder: folder of the test
    """

    def __init__(self, spark: SparkSession, folder: Path, files: dict[str, bytes]) -> None:
        self._spark = spark
        self._folder = folder
        self._files = files

    def clean(self, name: str, contract: Path = CONTRACT, rejections: Path | None = None) -> Version:
        """Clean the day in a folder of its own."""
        folder = self._folder / name
        folder.mkdir()
        deliver(folder / "source", self._files)
        if rejections:
            (folder / "rejections").mkdir()
            (folder / "rejections" / "a.json").write_bytes(rejections.read_bytes())
        clean_day(self._spark, job_arguments(folder, contract=contract), key=KEY)
        version = Version(folder, folder / "quarantine")
        version.assert_balances()
        return version

    def clean_strictly(self) -> Version:
        return self.clean("strict", strict_contract(self._folder))

    def replay(
        self,
        base: Version,
        rule: str = "all",
        name: str = "replayed",
        contract: Path = CONTRACT,
        key: PseudonymKey = KEY,
        base_folder: Path | None = None,
    ) -> tuple[Version, Version]:
        """Replay a version by the right contract: the version if it is approved, the one if it is rejected."""
        folder = self._folder / name
        texts = {
            "contract": contract,
            "ingest_date": DAY,
            "run_key": name,
            "base": base_folder or base.folder / "staging",
            "base_result": base.folder / "result.json",
            "quarantined": base.quarantine,
            "rule": rule,
            "result": folder / "result.json",
            "pii_secret": "none",
        }
        texts |= {part: folder / part for part in ("staging", "quarantine", "rejected", "prepared", "data_docs")}
        replay_day(
            self._spark,
            parse_replay_arguments([text for part, value in texts.items() for text in (f"--{part}", str(value))]),
            key=key,
        )
        return Version(folder, folder / "quarantine"), Version(folder, folder / "rejected")


def strict_contract(folder: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Path:
    """Write the product's contract with two more rules, under another version."""
    document = json.loads(CONTRACT.read_text())
    template = document["row_rules"][0]
    for rule, fails_when in TOO_STRICT.items():
        text = {"id": rule, "name": rule, "severity": "error", "fails_when": f"coalesce(({fails_when}), false)"}
        document["row_rules"].append({**template, **text})
    document |= {"version": "0.9.0", "hash": "0" * 16}
    change(document)
    path = folder / "strict.json"
    path.write_text(json.dumps(document))
    return path


def _rows(folder: Path, *without: str) -> list[dict[str, Any]]:
    """Rows of a folder; none when nothing was written."""
    files = sorted(folder.glob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return [{name: value for name, value in row.items() if name not in without} for row in rows]
