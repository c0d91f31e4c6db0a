"""The contracts of flights and tickit on rows that are right, missing or wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from glue_jobs.cleaning import CleanedRows, load_contract, write_rows
from glue_jobs.generated import column_generator
from tests.glue_jobs.conftest import KEY, REPOSITORY, deliver, job_arguments

FLIGHT = {
    "year": "2013", "month": "1", "day": "5", "dep_time": "517", "sched_dep_time": "515", "dep_delay": "2",
    "arr_time": "830", "sched_arr_time": "819", "arr_delay": "11", "carrier": "UA", "flight": "1545",
    "tailnum": "N14228", "origin": "EWR", "dest": "IAH", "air_time": "227", "distance": "1400", "hour": "5",
    "minute": "15", "time_hour": "2013-01-05T10:00:00Z",
}  # fmt: skip
CANCELLED = dict.fromkeys(("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"), "NA")
WEATHER = {
    "origin": "EWR", "year": "2013", "month": "1", "day": "5", "hour": "1", "temp": "39.02", "dewp": "NA",
    "humid": "59.37", "wind_dir": "NA", "wind_speed": "10.357019999999999", "wind_gust": "NA", "precip": "0",
    "pressure": "NA", "visib": "10", "time_hour": "2013-01-05T06:00:00Z",
}  # fmt: skip
SALE = {
    "salesid": "1", "listid": "5", "sellerid": "7", "buyerid": "8", "eventid": "9", "dateid": "1889", "qtysold": "2",
    "pricepaid": "200.00", "commission": "30.00", "saletime": "03/03/2008 09:05:00",
}  # fmt: skip
AIRPORT = {
    "faa": "04G", "name": "Lansdowne Airport", "lat": "41.1304722", "lon": "-80.6195833", "alt": "1044", "tz": "-5",
    "dst": "A", "tzone": "NA",
}  # fmt: skip
DAYS = {"flights": "2013-01-05", "flights_weather": "2013-01-05", "flights_airports": "2013-01-05",
        "tickit_sales": "2008-03-03"}  # fmt: skip
ROWS = {"flights": FLIGHT, "flights_weather": WEATHER, "flights_airports": AIRPORT, "tickit_sales": SALE}


def _clean(spark: SparkSession, folder: Path, product: str, *rows: dict[str, str]) -> CleanedRows:
    delimiter = "\t" if product == "tickit_sales" else ","
    lines = [delimiter.join(ROWS[product]), *(delimiter.join(row.values()) for row in rows)]
    deliver(folder / "source", {"a.csv": ("\n".join(lines) + "\n").encode()})
    path = str(REPOSITORY / "dags" / "contracts" / f"{product}.json")
    contract = load_contract(path)
    arguments = replace(job_arguments(folder, DAYS[product]), contract=path)
    return write_rows(spark, arguments, contract, column_generator(contract), KEY)


def test_na_is_no_value_and_a_flight_without_departure_is_cancelled(spark: SparkSession, tmp_path: Path) -> None:
    cleaned = _clean(spark, tmp_path, "flights", FLIGHT, FLIGHT | CANCELLED | {"flight": "7"})
    flown, cancelled = sorted(cleaned.published.collect(), key=lambda row: -row["flight"])
    assert (flown["dep_time"], flown["tailnum"], flown["is_cancelled"]) == (517, "N14228", False)
    assert flown["time_hour"] == datetime(2013, 1, 5, 10)
    assert [cancelled[name] for name in CANCELLED] == [None] * len(CANCELLED)
    assert cancelled["is_cancelled"] is True
    assert str(cancelled["flight_day"]) == "2013-01-05"


def test_observations_keep_their_gaps(spark: SparkSession, tmp_path: Path) -> None:
    (row,) = _clean(spark, tmp_path, "flights_weather", WEATHER).published.collect()
    assert (row["temp"], row["dewp"], row["wind_dir"], row["pressure"]) == (39.02, None, None, None)
    assert str(row["weather_day"]) == "2013-01-05"


def test_a_snapshot_belongs_to_its_delivery(spark: SparkSession, tmp_path: Path) -> None:
    (row,) = _clean(spark, tmp_path, "flights_airports", AIRPORT).published.collect()
    assert (str(row["snapshot_day"]), row["tzone"], row["alt"]) == ("2013-01-05", None, 1044)


def test_files_with_tabs_and_american_times(spark: SparkSession, tmp_path: Path) -> None:
    (row,) = _clean(spark, tmp_path, "tickit_sales", SALE).published.collect()
    assert row["saletime"] == datetime(2008, 3, 3, 9, 5)
    assert str(row["sale_day"]) == "2008-03-03"


@pytest.mark.parametrize(
    ("product", "change", "rule"),
    [
        ("flights", {"day": "6"}, "flight_of_another_day"),
        ("flights", {"dep_time": "575"}, "time_impossible"),
        ("flights", {"minute": "16"}, "schedule_contradicts_itself"),
        ("flights", {"dep_time": "NA", "dep_delay": "NA"}, "arrived_without_departure"),
        ("flights", {"dest": "EWR"}, "distance_impossible"),
        ("flights", {"origin": "SFO"}, "origin_not_listed"),
        ("flights", {"carrier": "NA"}, "carrier_missing"),
        ("flights_weather", {"day": "4"}, "weather_of_another_day"),
        ("flights_weather", {"humid": "101"}, "humidity_impossible"),
        ("flights_weather", {"wind_dir": "361"}, "direction_impossible"),
        ("flights_airports", {"lat": "91"}, "place_not_on_earth"),
        ("flights_airports", {"name": "NA"}, "name_missing"),
        ("tickit_sales", {"qtysold": "0"}, "nothing_sold"),
        ("tickit_sales", {"commission": "40.00"}, "commission_wrong"),
        ("tickit_sales", {"saletime": "03/04/2008 09:05:00"}, "sale_of_another_day"),
        ("tickit_sales", {"dateid": "1827"}, "date_contradicts_sale"),
        ("tickit_sales", {"saletime": "2008-03-03 09:05:00"}, "saletime_unreadable"),
    ],
)
def test_what_a_contract_refuses(
    product: str, change: dict[str, str], rule: str, spark: SparkSession, tmp_path: Path
) -> None:
    # Beside a row that is right: the wrong one takes nothing else along.
    cleaned = _clean(spark, tmp_path, product, ROWS[product], ROWS[product] | change)
    assert (cleaned.balance.landed, cleaned.balance.published, cleaned.balance.quarantined) == (2, 1, 1)
    assert rule in cleaned.outcomes.failed
