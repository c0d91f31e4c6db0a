"""
### tickit_sales_daily
Turns one delivered day of ticket sales, with the lists of events and categories, into curated tables, loads the
warehouse and refreshes the sales by category group.

- **Reads** `s3://<landing>/tickit_category/`, `tickit_event/` and `tickit_sales/`, each `ingest_date=<day>/` complete
  with `_SUCCESS`. A table without files that day is skipped: its last published snapshot counts
- **Writes** the day's partition of `curated.tickit_category`, `curated.tickit_event` and `curated.tickit_sales`; the
  same tables and the materialized view `sales_by_category_group` in Redshift's schema `tickit`
- **Re-run** any day, in any order: a partition whose published version the warehouse holds is not loaded again
- **If it fails** docs/runbook.md#tickit_sales_daily
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable, TriggerRule, chain

from lake.contracts import contract
from lake.defaults import ATHENA, DEFAULT_ARGS, REDSHIFT, SQL_ROOT
from lake.operators.athena import AthenaStatementOperator
from lake.operators.quality import ACCEPTANCE_PARAMS
from lake.operators.redshift import EnsureViewsOperator, RedshiftStatementOperator
from lake.operators.warehouse_load import ReconcileOperator
from lake.tags import Domain, Layer, Tier
from lake.task_groups import publish_day
from lake.warehouse_tasks import load_warehouse

CATEGORY, EVENT, SALES = (contract(f"tickit_{name}") for name in ("category", "event", "sales"))
TICKIT = "redshift/tickit/"

with DAG(
    dag_id="tickit_sales_daily",
    schedule=CronDataIntervalTimetable(SALES.schedule, timezone="UTC"),
    start_date=pendulum.datetime(2008, 1, 1, tz="UTC"),
    catchup=False,
    # Two runs at once would plan the same loads of the warehouse.
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    params=ACCEPTANCE_PARAMS,
    tags=[Layer.MART, Domain.SALES, Tier.TWO],
    doc_md=__doc__,
):
    category = publish_day(CATEGORY, grouped=True)
    event = publish_day(EVENT, grouped=True, first_trigger_rule=TriggerRule.NONE_FAILED)
    sales = publish_day(SALES, grouped=True, first_trigger_rule=TriggerRule.NONE_FAILED)
    load_category = load_warehouse(CATEGORY, "tickit", newest_only=True)
    load_event = load_warehouse(EVENT, "tickit", newest_only=True)
    load_sales = load_warehouse(SALES, "tickit")

    ensure_views = EnsureViewsOperator(
        task_id="ensure_views",
        sql=TICKIT + "materialized_views.check.sql",
        views=[TICKIT + "sales_by_category_group.view.sql"],
        **REDSHIFT,
    )
    refresh_view = RedshiftStatementOperator(
        task_id="refresh_view", sql=TICKIT + "sales_by_category_group.refresh.sql", **REDSHIFT
    )
    count_groups = AthenaStatementOperator(
        task_id="count_groups", query="athena/curated/tickit_sales_by_category_group.check.sql", **ATHENA
    )
    read_view = RedshiftStatementOperator(
        task_id="read_view", sql=TICKIT + "sales_by_category_group.check.sql", **REDSHIFT
    )
    check_view = ReconcileOperator(
        task_id="check_view",
        lake_query="{{ ti.xcom_pull(task_ids='count_groups') }}",
        warehouse_statement="{{ ti.xcom_pull(task_ids='read_view')[0] }}",
        remedy="Clear refresh_view; if it still differs, load the tables anew (docs/runbook.md, tickit_sales_daily).",
    )

    category.last >> event.first
    event.last >> sales.first
    sales.last >> load_category.first
    load_category.last >> load_event.first
    load_event.last >> load_sales.first
    chain(load_sales.last, ensure_views, refresh_view, count_groups, read_view, check_view)
