"""
### flights_daily
Turns one delivered day of New York's flights, weather and reference tables into partitions of five curated tables.

- **Reads** `s3://<landing>/flights/`, `flights_airlines/`, `flights_airports/`, `flights_planes/` and
  `flights_weather/`, each `ingest_date=<day>/` complete with `_SUCCESS`. A table without files that day is skipped: its
  last published snapshot counts
- **Writes** the day's partition of `curated.flights` and of the four tables it refers to, their quarantine, ledger and
  quality reports
- **Re-run** any day, in any order: what is done is recognised by the fingerprint of the input and not done again
- **If it fails** docs/runbook.md#flights_daily
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable, TriggerRule

from lake.contracts import contract
from lake.defaults import DEFAULT_ARGS, SQL_ROOT
from lake.operators.quality import ACCEPTANCE_PARAMS
from lake.tags import Domain, Layer, Tier
from lake.task_groups import publish_day

FLIGHTS = contract("flights")
# What flights refer to is published before them; weather refers to airports itself.
REFERENCE = [contract(name) for name in ("flights_airlines", "flights_airports", "flights_planes")]
WEATHER = contract("flights_weather")

with DAG(
    dag_id="flights_daily",
    schedule=CronDataIntervalTimetable(FLIGHTS.schedule, timezone="UTC"),
    start_date=pendulum.datetime(2013, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    params=ACCEPTANCE_PARAMS,
    tags=[Layer.CURATED, Domain.TRAVEL, Tier.TWO],
    doc_md=__doc__,
):
    reference = [publish_day(terms, grouped=True) for terms in REFERENCE]
    weather = publish_day(WEATHER, grouped=True, first_trigger_rule=TriggerRule.NONE_FAILED)
    flights = publish_day(FLIGHTS, grouped=True, first_trigger_rule=TriggerRule.NONE_FAILED)

    for table in reference:
        table.last >> weather.first
    weather.last >> flights.first
