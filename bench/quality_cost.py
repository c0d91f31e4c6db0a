"""What quality costs: the cleaning job with all checks, compared with the same job without any, in one process.

Run in the Glue runtime: ``.venv/glue/bin/python -m bench.quality_cost [--rows 2000000] [--rounds 3]``.
Limit: 1.5 times.

Without checks: the files are read, cast, deduplicated, pseudonymised and written. With them: the row rules and the
quarantine, undeclared personal data, Great Expectations with its Data Docs, the metrics. Both are the code of the job
``clean-product`` on the same files; a small day before the first round warms Spark and imports Great Expectations.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

REPOSITORY = Path(__file__).resolve().parents[1]
DAY = "2010-12-01"
FILES = 8  # a file is read by one task
WARM_ROWS = 2_000
LIMIT = 1.5

# As the local Glue runs a job: two cores, two gigabytes (docs/local-aws/glue.md).
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--master local[2] --driver-memory 2g --conf spark.ui.enabled=false "
                                             "--conf spark.ui.showConsoleProgress=false pyspark-shell")  # fmt: skip
os.environ["PYTHONPATH"] = str(REPOSITORY)  # for the Python workers

from pyspark.sql import SparkSession  # noqa: E402 (the settings above are read when it is imported)

from glue_jobs import cleaning, personal_data  # noqa: E402
from glue_jobs.arguments import CleaningArguments, parse_arguments  # noqa: E402
from glue_jobs.generated import column_generator  # noqa: E402
from glue_jobs.pseudonyms import PseudonymKey  # noqa: E402
from glue_jobs.session import apply_settings  # noqa: E402
from local.seed.online_retail import generate  # noqa: E402

KEY = PseudonymKey(b"a key that only this measurement knows", "version-1")
Run = Callable[[SparkSession, CleaningArguments], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, session() as spark:
        warm, day = Path(folder, "warm"), Path(folder, "day")
        deliver(warm / "source", WARM_ROWS)
        deliver(day / "source", options.rows)
        for run in (without_checks, with_checks):
            run(spark, arguments(warm))
        print(f"{options.rows:,} rows in {FILES} files; seconds of the clock, and of the processors")
        print(f"{'round':>5} {'without':>16} {'with':>16} {'ratio':>14}")
        rounds = []
        for number in range(1, options.rounds + 1):
            plain = measured(without_checks, spark, arguments(day))
            checked = measured(with_checks, spark, arguments(day))
            rounds.append((plain, checked))
            print(f"{number:5} {plain} {checked} {checked.clock / plain.clock:6.2f} {checked.busy / plain.busy:7.2f}",
                  flush=True)  # fmt: skip
        for name in ("clock", "busy"):
            plain_median, checked_median = (statistics.median(getattr(cost, name) for cost in costs)
                                            for costs in zip(*rounds, strict=True))  # fmt: skip
            print(f"ratio of the medians ({name}): {checked_median / plain_median:.2f}, limit {LIMIT}")


@contextmanager
def session() -> Iterator[SparkSession]:
    spark = SparkSession.builder.appName("quality_cost").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    apply_settings(spark)
    try:
        yield spark
    finally:
        spark.stop()


def deliver(source: Path, rows: int) -> None:
    """Write a day of the shop, in several files."""
    for number in range(FILES):
        (made,) = generate(source, [DAY], rows // FILES, seed=number)
        made.rename(source / f"part-{number}.csv")


def arguments(folder: Path) -> CleaningArguments:
    """What the job is started with; it reads and writes below a folder."""
    places = ("source", "staging", "quarantine", "ledger", "data_docs")
    named = [text for name in places for text in (f"--{name}", f"{folder / name}/")]
    contract = REPOSITORY / "dags" / "contracts" / "online_retail.json"
    rest = ["--contract", str(contract), "--ingest_date", DAY, "--run_key", "k1", "--pii_secret", "none"]
    return parse_arguments([*named, *rest, "--result", str(folder / "result.json")])


@dataclass(frozen=True)
class Cost:
    """What a run took.

    :param clock: seconds of the clock, which other work on the machine makes longer
    :param busy: processor seconds of this process, the JVM and the Python workers, which it hardly does
    """

    clock: float
    busy: float

    def __str__(self) -> str:
        return f"{self.clock:7.1f} {self.busy:8.1f}"


def measured(run: Run, spark: SparkSession, given: CleaningArguments) -> Cost:
    """Measure one run; what it cached is forgotten afterwards."""
    with Processors() as processors:
        begin = time.perf_counter()
        run(spark, given)
        clock = time.perf_counter() - begin
    spark.catalog.clearCache()
    return Cost(clock, processors.seconds)


class Processors:
    """Adds up what this process and all below it use, also of those that end meanwhile: looks every half second."""

    def __init__(self) -> None:
        self._before = family_ticks()
        self._latest = dict(self._before)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processors:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._latest |= family_ticks()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self._latest |= family_ticks()

    @property
    def seconds(self) -> float:
        used = sum(ticks - self._before.get(pid, 0) for pid, ticks in self._latest.items())
        return used / os.sysconf("SC_CLK_TCK")


def family_ticks() -> dict[int, int]:
    """Clock ticks that this process and each one below it has used so far (proc(5), fields 4, 14 and 15)."""
    parents, ticks = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended in this moment
            fields = status.read_text().rpartition(")")[2].split()
            pid = int(status.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
    family, grown = {os.getpid()}, 0
    while len(family) > grown:
        grown = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return {pid: ticks[pid] for pid in family}


def with_checks(spark: SparkSession, given: CleaningArguments) -> None:
    """The job as it is."""
    with patch("sys.stdout", sys.stderr):  # its summary
        cleaning.clean_day(spark, given, key=KEY)


def without_checks(spark: SparkSession, given: CleaningArguments) -> None:
    """The job by a contract without rules, and without the search for personal data."""
    contract = replace(cleaning.load_contract(given.contract), row_rules=(), table_rules=(), quality_engines=())
    nothing = personal_data.Inspection(0, (), ())
    with patch.object(personal_data, "inspect", lambda *_: nothing):
        cleaning.write_rows(spark, given, contract, column_generator(contract), KEY)


if __name__ == "__main__":
    main()
