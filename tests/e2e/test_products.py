"""Products of several tables: two real days of flights, two days of ticket sales, and the warehouse they end in.

Each day is a delivery that misses something on purpose: nulls, tables that do not come, keys that nobody knows.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from local.demo.airflow_runs import RunOutcome
from local.landing import land
from tests.conftest import run_local
from tests.e2e.lake import Lake

# A normal winter day with every table, and the day of a blizzard on which the reference tables do not come.
FULL, BLIZZARD = "2013-02-07", "2013-02-09"
FIRST_SALES, SECOND_SALES = "2008-03-01", "2008-03-02"
FLIGHTS = 60
SALES = 300
TICKIT = ("tickit_category", "tickit_event", "tickit_sales")

Rows = list[dict[str, str]]
Folder = Path


@pytest.fixture(scope="module")
def deliveries(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Files of all days. The local runtime makes them: it holds the real flights."""
    folder = tmp_path_factory.mktemp("deliveries")
    for product, rows, days in (
        ("flights", FLIGHTS, (FULL, BLIZZARD)),
        ("tickit", SALES, (FIRST_SALES, SECOND_SALES)),
    ):
        arguments = (product, *days, "--rows", str(rows), "--out", str(folder))
        done = run_local(lake.aws.settings.state_dir, "generate", *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def _land(lake: Lake, deliveries: Folder, day: str, *tables: str) -> None:
    for table in tables:
        list(land(lake.aws.settings, table, day, [deliveries / table / f"{day}.csv"]))


def _delivered(deliveries: Folder, table: str, day: str, delimiter: str = ",") -> Rows:
    text = (deliveries / table / f"{day}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def _states(outcome: RunOutcome, group: str) -> set[str]:
    return {state for task, state in outcome.tasks.items() if task.startswith(f"{group}.")}


def _rows(lake: Lake, table: str, day: str) -> dict[str, int]:
    """What became of the delivered rows, as the day's newest result says."""
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"results/{table}/ingest_date={day}/")["Contents"]
    key = max(listed, key=lambda item: item["LastModified"])["Key"]
    rows: dict[str, int] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["rows"]
    return rows


def _result_of_rules(lake: Lake, table: str, day: str) -> dict[str, dict[str, str]]:
    """The day's newest row of the quality history for each rule."""
    return {row["rule"]: row for row in _results(lake, table, day)}


def _results(lake: Lake, table: str, day: str) -> Rows:
    """The day's newest rows of the quality history."""
    s3, bucket = lake.client("s3"), lake.aws.name("governance")
    prefix = f"quality_results/ingest_date={day}/{table}-"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    key = max(listed, key=lambda item: item["LastModified"])["Key"]
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return [json.loads(line) for line in text.splitlines()]


def _forget(lake: Lake, *tables: str) -> None:
    """Take published days away: other tests publish days of these tables, too."""
    glue = lake.client("glue")
    known = {table["Name"] for table in glue.get_tables(DatabaseName="curated")["TableList"]}
    for table in known.intersection(tables):
        for partition in glue.get_partitions(DatabaseName="curated", TableName=table)["Partitions"]:
            glue.delete_partition(DatabaseName="curated", TableName=table, PartitionValues=partition["Values"])


def _number_of_jobs(lake: Lake) -> int:
    pages = lake.client("glue").get_paginator("get_job_runs").paginate(JobName=lake.aws.name("clean-product"))
    return sum(len(page["JobRuns"]) for page in pages)


def _evaluations(lake: Lake, table: str) -> list[str]:
    """Evaluation runs of Glue Data Quality on a table's staged rows."""
    source = {"GlueTable": {"DatabaseName": "staging", "TableName": table}}
    listed = lake.client("glue").list_data_quality_ruleset_evaluation_runs(Filter={"DataSource": source})
    return [run["RunId"] for run in listed["Runs"]]


@pytest.fixture(scope="module")
def flights(lake: Lake, deliveries: Folder) -> dict[str, RunOutcome]:
    reference = ("flights_airlines", "flights_airports", "flights_planes")
    _forget(lake, *reference, "flights_weather", "flights")
    _land(lake, deliveries, FULL, *reference, "flights_weather", "flights")
    _land(lake, deliveries, BLIZZARD, "flights_weather", "flights")
    return {FULL: lake.record("flights_daily", FULL), BLIZZARD: lake.run("flights_daily", BLIZZARD)}


@pytest.fixture(scope="module")
def tickit(lake: Lake, deliveries: Folder) -> dict[str, RunOutcome]:
    _forget(lake, *TICKIT)
    lake.warehouse("DROP SCHEMA IF EXISTS tickit CASCADE")
    _land(lake, deliveries, FIRST_SALES, *TICKIT)
    _land(lake, deliveries, SECOND_SALES, "tickit_event", "tickit_sales")
    return {
        FIRST_SALES: lake.record("tickit_sales_daily", FIRST_SALES),
        SECOND_SALES: lake.run("tickit_sales_daily", SECOND_SALES),
    }


class TestFlights:
    def test_every_day_is_published(self, flights: dict[str, RunOutcome]) -> None:
        assert {day: (run.state, run.error) for day, run in flights.items()} == dict.fromkeys(
            flights, ("success", None)
        )

    def test_tables_that_did_not_come_are_skipped_and_the_others_are_not(self, flights: dict[str, RunOutcome]) -> None:
        assert all(_states(flights[FULL], table) == {"success"} for table in ("flights_planes", "flights"))
        for table in ("flights_airlines", "flights_airports", "flights_planes"):
            assert _states(flights[BLIZZARD], table) == {"skipped"}
        assert _states(flights[BLIZZARD], "flights_weather") == {"success"}
        assert _states(flights[BLIZZARD], "flights") == {"success"}

    def test_na_is_no_value_and_every_other_row_is_as_delivered(
        self, lake: Lake, flights: dict[str, RunOutcome], deliveries: Folder
    ) -> None:
        columns = ("dep_time", "dep_delay", "arr_time", "tailnum", "air_time", "distance", "sched_dep_time")
        for day in flights:
            published = lake.query(f"SELECT * FROM curated.flights WHERE flight_day = DATE '{day}'")
            assert Counter(tuple(row[name] for name in columns) for row in published) == Counter(
                tuple("" if row[name] == "NA" else row[name] for name in columns)
                for row in _delivered(deliveries, "flights", day)
            )
        cancelled = [row for row in published if row["is_cancelled"] == "true"]
        assert len(cancelled) > FLIGHTS / 4, "the blizzard cancelled more than half of the flights"
        assert all(row["dep_time"] == row["dep_delay"] == "" for row in cancelled)

    def test_the_hour_in_utc_finds_the_weather(self, lake: Lake, flights: dict[str, RunOutcome]) -> None:
        (found,) = lake.query(
            "SELECT COUNT(*) AS flights, COUNT(w.temp) AS with_weather FROM curated.flights f"
            " LEFT JOIN curated.flights_weather w ON w.origin = f.origin AND w.time_hour = f.time_hour"
        )
        assert int(found["flights"]) == 2 * FLIGHTS
        assert int(found["with_weather"]) == 2 * FLIGHTS

    def test_the_last_snapshot_counts_on_a_day_without_one(
        self, lake: Lake, flights: dict[str, RunOutcome], deliveries: Folder
    ) -> None:
        planes = lake.query(
            "SELECT tailnum FROM curated.flights_planes"
            f" WHERE snapshot_day = (SELECT MAX(snapshot_day) FROM curated.flights_planes"
            f" WHERE snapshot_day <= DATE '{BLIZZARD}')"
        )
        assert {row["tailnum"] for row in planes} == {
            row["tailnum"] for row in _delivered(deliveries, "flights_planes", FULL)
        }

    @pytest.mark.parametrize(
        ("rule", "column", "table", "key", "severity"),
        [
            ("carrier_known", "carrier", "flights_airlines", "carrier", "error"),
            ("origin_known", "origin", "flights_airports", "faa", "error"),
            ("dest_known", "dest", "flights_airports", "faa", "warning"),
            ("tailnum_known", "tailnum", "flights_planes", "tailnum", "info"),
        ],
    )
    def test_keys_that_nobody_knows_are_reported_with_the_contracts_severity(
        self, rule: str, column: str, table: str, key: str, severity: str,
        lake: Lake, flights: dict[str, RunOutcome], deliveries: Folder,
    ) -> None:  # fmt: skip
        known = {row[key] for row in _delivered(deliveries, table, FULL)}
        for day in flights:
            orphans = [
                row[column] for row in _delivered(deliveries, "flights", day) if row[column] not in {"NA", *known}
            ]
            result = _result_of_rules(lake, "flights", day)[rule]
            assert (result["severity"], int(result["failed_rows"])) == (severity, len(orphans))
            assert result["status"] == ("failed" if orphans else "passed")

    def test_every_flight_of_these_days_has_weather(self, lake: Lake, flights: dict[str, RunOutcome]) -> None:
        for day in flights:
            assert _result_of_rules(lake, "flights", day)["weather_known"]["status"] == "passed"

    def test_a_second_run_does_nothing_again(self, lake: Lake, flights: dict[str, RunOutcome]) -> None:
        everything = "SELECT * FROM curated.flights ORDER BY flight_day, carrier, flight, origin"
        before, jobs = lake.query(everything), _number_of_jobs(lake)
        again = lake.run("flights_daily", BLIZZARD)
        assert again.succeeded, (again.error, again.tasks)
        assert _number_of_jobs(lake) == jobs
        assert lake.query(everything) == before


class TestTickit:
    def test_every_day_is_published(self, tickit: dict[str, RunOutcome]) -> None:
        assert {day: (run.state, run.error) for day, run in tickit.items()} == dict.fromkeys(tickit, ("success", None))
        assert _states(tickit[SECOND_SALES], "tickit_category") == {"skipped"}

    def test_dirt_is_quarantined_and_everything_balances(
        self, lake: Lake, tickit: dict[str, RunOutcome], deliveries: Folder
    ) -> None:
        for day in tickit:
            lines = _delivered(deliveries, "tickit_sales", day, "\t")
            distinct = {tuple(row.items()) for row in lines}
            bad = [
                row
                for row in map(dict, distinct)
                if row["qtysold"] == "0" or Decimal(row["commission"]) * 100 != 15 * Decimal(row["pricepaid"])
            ]
            (published,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.tickit_sales WHERE sale_day = DATE '{day}'")
            assert int(published["n"]) == len(distinct) - len(bad)
            assert _rows(lake, "tickit_sales", day) == {
                "landed": len(lines),
                "published": len(distinct) - len(bad),
                "quarantined": len(bad),
                "duplicates": len(lines) - len(distinct),
            }

    def test_sales_of_withdrawn_events_are_reported(
        self, lake: Lake, tickit: dict[str, RunOutcome], deliveries: Folder
    ) -> None:
        for day in tickit:
            listed = {row["eventid"] for row in _delivered(deliveries, "tickit_event", day, "|")}
            published = lake.query(f"SELECT eventid FROM curated.tickit_sales WHERE sale_day = DATE '{day}'")
            orphans = [row for row in published if row["eventid"] not in listed]
            result = _result_of_rules(lake, "tickit_sales", day)["event_known"]
            assert (result["severity"], int(result["failed_rows"])) == ("warning", len(orphans))

    def test_two_engines_evaluate_the_rules_of_the_sales_and_agree(
        self, lake: Lake, tickit: dict[str, RunOutcome]
    ) -> None:
        for day, run in tickit.items():
            assert run.tasks["tickit_sales.evaluate_rules"] == "success"
            assert "tickit_event.evaluate_rules" not in run.tasks
            by_engine: dict[str, dict[str, str]] = {"spark": {}, "glue_data_quality": {}, "athena": {}}
            for row in _results(lake, "tickit_sales", day):
                by_engine[row["engine"]][row["rule"]] = row["status"]
            assert len(by_engine["glue_data_quality"]) > 10
            assert by_engine["glue_data_quality"].items() <= by_engine["spark"].items()

    def test_the_warehouse_holds_the_sales_and_the_newest_lists(
        self, lake: Lake, tickit: dict[str, RunOutcome]
    ) -> None:
        columns = "salesid, eventid, qtysold, CAST(pricepaid AS VARCHAR), CAST(sale_day AS VARCHAR)"
        in_lake = lake.query(f"SELECT {columns} FROM curated.tickit_sales ORDER BY salesid")
        in_warehouse = lake.warehouse(f"SELECT {columns} FROM tickit.tickit_sales ORDER BY salesid")
        assert [list(row.values()) for row in in_lake] == [[str(value) for value in row] for row in in_warehouse]
        for table, newest in (("tickit_event", SECOND_SALES), ("tickit_category", FIRST_SALES)):
            held = lake.warehouse(f"SELECT CAST(snapshot_day AS VARCHAR), COUNT(*) FROM tickit.{table} GROUP BY 1")
            (listed,) = lake.query(f"SELECT COUNT(*) AS n FROM curated.{table} WHERE snapshot_day = DATE '{newest}'")
            assert held == [[newest, int(listed["n"])]]

    def test_the_view_is_what_the_files_add_up_to(
        self, lake: Lake, tickit: dict[str, RunOutcome], deliveries: Folder
    ) -> None:
        groups = {row["catid"]: row["catgroup"] for row in _delivered(deliveries, "tickit_category", FIRST_SALES, "|")}
        events = {
            row["eventid"]: groups[row["catid"]] for row in _delivered(deliveries, "tickit_event", SECOND_SALES, "|")
        }
        sold: Counter[str] = Counter()
        for row in lake.query("SELECT eventid, qtysold FROM curated.tickit_sales"):
            if row["eventid"] in events:
                sold[events[row["eventid"]]] += int(row["qtysold"])
        view = lake.warehouse("SELECT catgroup, sold FROM tickit.sales_by_category_group")
        assert {group: int(count) for group, count in view} == sold
        assert set(sold) == {"Concerts", "Shows", "Sports"}

    def test_a_second_run_loads_nothing(self, lake: Lake, tickit: dict[str, RunOutcome]) -> None:
        before = lake.warehouse("SELECT * FROM tickit.tickit_sales ORDER BY salesid")
        evaluations = _evaluations(lake, "tickit_sales")
        again = lake.run("tickit_sales_daily", SECOND_SALES)
        assert again.succeeded, (again.error, again.tasks)
        assert {again.tasks[f"load_{table}.load_partition"] for table in TICKIT} == {"skipped"}
        assert lake.warehouse("SELECT * FROM tickit.tickit_sales ORDER BY salesid") == before
        assert _evaluations(lake, "tickit_sales") == evaluations

    def test_who_may_not_see_buyers_does_not(self, lake: Lake, tickit: dict[str, RunOutcome]) -> None:
        (seen, *_) = lake.query("SELECT * FROM curated.tickit_sales LIMIT 1", "uk-analyst")
        assert "pricepaid" in seen
        assert not {"buyerid", "sellerid"} & set(seen)
