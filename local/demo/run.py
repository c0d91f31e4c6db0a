"""The demo's steps, in the order in which a person would take them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from local.demo import report
from local.demo.airflow_runs import RunOutcome, WarmAirflow, print_line, run_by_command_line
from local.demo.facts import PRODUCT, DayLedger, Reader
from local.environment import airflow_environment
from local.landing import land
from local.lifecycle import reset, up
from local.seed.online_retail import generate
from local.settings import REPOSITORY, SETTINGS_FILE, LocalSettings, load_settings

DAYS = tuple(date(2010, 12, 1) + timedelta(days=number) for number in range(3))
RUN_LIMIT_SECONDS = 300.0
TOP = 5
PRINCIPALS = ("data-engineer", "uk-analyst", "outsider")
ACCESS_QUERY = "SELECT * FROM curated.online_retail"


class Demo:
    """Three generated days through both DAGs on a local AWS of the demo's own.

    :param state_dir: state folder of the demo; the lake that a user keeps beside it is not touched
    :param rows: invoice lines a day
    :param seed: seed of the generated days
    """

    def __init__(self, state_dir: Path, rows: int, seed: int) -> None:
        self._state_dir = state_dir
        self._rows = rows
        self._seed = seed

    def start_afresh(self) -> None:
        """Throw away what an earlier demo left."""
        if (self._state_dir / SETTINGS_FILE).exists():
            reset(load_settings(self._state_dir), lambda _line: None)

    def run(self) -> bool:
        """Do everything and print the summary.

        :return: True if every run succeeded and every row is accounted for
        """
        begin = time.monotonic()
        print_line("1  Local AWS: SeaweedFS, Postgres, Spark, DuckDB behind AWS's own APIs")
        settings = up(load_settings(self._state_dir), lambda line: print_line(f"     {line}"))
        environment = airflow_environment(settings)
        log = settings.folder("logs") / "demo-airflow.log"
        print_line(f"     up after {time.monotonic() - begin:.0f} s; Airflow's log: {_shown(log)}")

        with WarmAirflow.start(environment, self._state_dir, log) as warm:
            self._land(settings)
            for outcome in self._runs(warm, environment, log):
                print_line(f"     {outcome.state} in {outcome.seconds:.0f} s")
                if not outcome.succeeded:
                    print_line(f"\n✗ {outcome.dag_id} {outcome.day}: {_reason(outcome)}\n  log: {_shown(log)}")
                    return False
        balanced = self._summary(Reader(settings))
        print_line(self._next_steps())
        return balanced

    def _runs(self, warm: WarmAirflow, environment: dict[str, str], log: Path) -> Iterator[RunOutcome]:
        """Every run of the demo, one after the other, each told before it starts."""
        first, *others = (day.isoformat() for day in DAYS)
        print_line(f"\n3  airflow dags test online_retail_daily {first}    (the command you would type)")
        yield run_by_command_line(
            "online_retail_daily", first, environment, self._state_dir, log, print_line, RUN_LIMIT_SECONDS
        )
        for day in others:
            print_line(f"\n   online_retail_daily {day}    (in a warm Airflow process)")
            yield warm.run("online_retail_daily", day, print_line, RUN_LIMIT_SECONDS)
        print_line("\n4  sales_marts    (Airflow's scheduler starts it when the curated table changes)")
        yield warm.run("sales_marts", DAYS[-1].isoformat(), print_line, RUN_LIMIT_SECONDS)

    def _land(self, settings: LocalSettings) -> None:
        bucket = settings.name("landing")
        print_line(f"\n2  Landing {len(DAYS)} days of {self._rows:,} invoice lines in s3://{bucket}/{PRODUCT}/")
        days = [day.isoformat() for day in DAYS]
        files = generate(settings.folder("seed"), days=days, rows_per_day=self._rows, seed=self._seed)
        for day, file in zip(days, files, strict=True):
            for uri in land(settings, PRODUCT, day, [file]):
                print_line(f"     {uri}")

    def _summary(self, reader: Reader) -> bool:
        ledgers: list[DayLedger] = [reader.ledger(day.isoformat()) for day in DAYS]
        print_line(report.days_section(ledgers))
        print_line(report.lake_section(reader.partitions()))
        print_line(report.warehouse_section(reader.table_rows(), reader.views()))
        print_line(report.best_sellers_section(reader.best_sellers(TOP)))
        seen = [reader.access(principal, ACCESS_QUERY) for principal in PRINCIPALS]
        print_line(report.access_section(ACCESS_QUERY, seen))
        return all(day.balanced for day in ledgers)

    def _next_steps(self) -> str:
        steps = {
            f". {_shown(self._state_dir / 'env.sh')}": "your shell and Airflow now talk to the local AWS",
            f"airflow dags test online_retail_daily {DAYS[0]}": "run a day again: nothing is done twice",
            "make down": "stop; the data stays until the next demo",
        }
        width = max(len(command) for command in steps)
        lines = [f"  {command:<{width}}   # {what}" for command, what in steps.items()]
        return "\n".join([report.heading("It is all still running: look around"), *lines])


def _reason(outcome: RunOutcome) -> str:
    """What to tell about a failed run: the engine's words, else the tasks that failed."""
    return outcome.error or "failed: " + ", ".join(task for task, state in outcome.tasks.items() if state == "failed")


def _shown(path: Path) -> str:
    """A path as the reader would type it from the repository."""
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)
