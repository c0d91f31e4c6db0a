"""One Spark session for all tests, and a day that is cleaned from bytes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from glue_jobs.arguments import CleaningArguments, parse_arguments
from glue_jobs.cleaning import CleanedRows, clean_day, load_contract, write_rows
from glue_jobs.contracts import Contract
from glue_jobs.online_retail.transforms import number_lines
from glue_jobs.pseudonyms import PseudonymKey
from glue_jobs.session import apply_settings

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACT = REPOSITORY / "dags" / "contracts" / "online_retail.json"
REAL_DAYS = REPOSITORY.parent / "shared" / "data" / "online_retail"
KEY = PseudonymKey(b"a key that only the tests know, 32+", "version-1")
DAY = "2010-12-01"


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(REPOSITORY)  # for the Python workers
    session = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.log.level", "ERROR")
        # Short jobs: compiling less thoroughly costs less than it gains.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .getOrCreate()
    )
    apply_settings(session)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(str(CONTRACT))


@dataclass(frozen=True)
class CleanedDay:
    """A cleaned day, and access to what it wrote.

    :param spark: the session
    :param arguments: what the job was given
    :param rows: what ``write_rows`` returned
    """

    spark: SparkSession
    arguments: CleaningArguments
    rows: CleanedRows

    def published(self) -> DataFrame:
        return self.spark.read.parquet(self.arguments.staging)

    def published_rows(self) -> list[tuple[Any, ...]]:
        """The published rows in file order, without the rescued columns."""
        return [tuple(row) for row in self.published().drop("rescued").collect()]

    def quarantined_rows(self) -> list[dict[str, Any]]:
        """The quarantined rows with their payload as a dict; none when nothing was written."""
        if self.rows.balance.quarantined == 0:
            return []
        rows = self.spark.read.parquet(self.arguments.quarantine).collect()
        return [{**row.asDict(), "raw": json.loads(row["raw"])} for row in rows]

    def reasons(self) -> list[list[str]]:
        return [row["failed_rules"] for row in self.quarantined_rows()]

    def file(self, name: str) -> Any:
        return next(found for found in self.rows.files if found.file == name)


Clean = Callable[..., CleanedDay]


def job_arguments(folder: Path, day: str = DAY, contract: Path = CONTRACT) -> CleaningArguments:
    """Arguments of a run that reads and writes below a folder."""
    folders = [
        text
        for name in ("source", "rejections", "staging", "quarantine", "ledger", "data_docs")
        for text in (f"--{name}", str(folder / name))
    ]
    rest = ["--contract", str(contract), "--ingest_date", day, "--run_key", "k1", "--pii_secret", "none"]
    return parse_arguments([*folders, *rest, "--result", str(folder / "result.json")])


def clean_files(spark: SparkSession, folder: Path, files: Mapping[str, bytes], day: str = DAY) -> CleanedDay:
    """Clean a day given as bytes by file name: everything but the Great Expectations suite."""
    deliver(folder / "source", files)
    arguments = job_arguments(folder, day)
    rows = write_rows(spark, arguments, load_contract(str(CONTRACT)), number_lines, KEY)
    return CleanedDay(spark, arguments, rows)


@pytest.fixture
def clean(spark: SparkSession, tmp_path: Path) -> Iterator[Clean]:
    """:func:`clean_files` below the test's folder; a ``folder`` name keeps several days of one test apart."""
    published: list[DataFrame] = []

    def run(files: Mapping[str, bytes], day: str = DAY, folder: str = ".") -> CleanedDay:
        (tmp_path / folder).mkdir(exist_ok=True)
        cleaned = clean_files(spark, tmp_path / folder, files, day)
        published.append(cleaned.rows.published)
        return cleaned

    yield run
    for frame in published:
        frame.unpersist()


@pytest.fixture
def run_job(spark: SparkSession, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run the whole job on a day given as bytes by file name, and return the result it wrote."""

    def run(files: Mapping[str, bytes], day: str = DAY) -> dict[str, Any]:
        deliver(tmp_path / "source", files)
        clean_day(spark, job_arguments(tmp_path, day), key=KEY)
        result: dict[str, Any] = json.loads((tmp_path / "result.json").read_text())
        return result

    return run


def deliver(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the delivered files of a day."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "_SUCCESS").touch()
