"""
### online_retail_daily
Turns one delivered day of invoices into the day's partition of `curated.online_retail`.

- **Reads** `s3://<landing>/online_retail/ingest_date=<day>/`, complete with `_SUCCESS`; a day without files is skipped,
  a delivery without the marker fails
- **Writes** `curated.online_retail` (partition of the day), `quarantine.online_retail` (rows that broke a rule, and
  why), `governance.ledger`, and the day's quality report; then announces the asset `curated.online_retail`
- **Re-run** any day, in any order, as often as you like: what is done is recognised by the fingerprint of the input and
  not done again; readers see the old day or the new one, never a half
- **If it fails** docs/runbook.md#online_retail_daily
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable

from lake.contracts import contract
from lake.defaults import DEFAULT_ARGS, SQL_ROOT
from lake.operators.quality import ACCEPTANCE_PARAMS
from lake.tags import Domain, Layer, Tier
from lake.task_groups import publish_day

CONTRACT = contract("online_retail")

with DAG(
    dag_id="online_retail_daily",
    schedule=CronDataIntervalTimetable(CONTRACT.schedule, timezone="UTC"),
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    params=ACCEPTANCE_PARAMS,
    tags=[Layer.CURATED, Domain.SALES, Tier.ONE],
    doc_md=__doc__,
):
    # await_landing >> crawl_landing >> check_schema >> ensure_tables >> clean_rows >> publish_quarantine
    # >> check_tables >> judge_quality >> convert_to_parquet >> publish_day >> sync_permissions
    publish_day(CONTRACT)
