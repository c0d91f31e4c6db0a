"""
### sales_marts
Brings the Redshift mart `mart` to what `curated.online_retail` shows, and proves that both agree.

- **Reads** the published days of `curated.online_retail` whose version the warehouse does not hold yet
- **Writes** `mart.fact_sales`, `mart.dim_product`, `mart.dim_customer` and `mart.load_ledger` in one transaction, then
  refreshes the materialized views `mart.daily_sales` and `mart.product_sales`
- **Re-run** at any time: days that are loaded are not loaded again, a missed day heals with the next run; with nothing
  to load, all days are compared with the lake
- **If it fails** docs/runbook.md#sales_marts
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, TriggerRule

from lake.assets import MART_FACT_SALES, curated
from lake.contracts import contract
from lake.defaults import ATHENA, DEFAULT_ARGS, REDSHIFT, SQL_ROOT
from lake.operators.athena import AthenaStatementOperator
from lake.operators.redshift import EnsureViewsOperator, RedshiftStatementOperator, RequireNoRowsOperator
from lake.operators.warehouse_load import PlanLoadOperator, ReconcileOperator
from lake.operators.warehouse_masks import SyncMasksOperator
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

CONTRACT = contract("online_retail")
MART = "redshift/mart/"
READ_BY_PEOPLE = ("fact_sales", "dim_product", "dim_customer", "daily_sales", "product_sales")
LOAD = {
    name: "{{ ti.xcom_pull(task_ids='plan_load', key='" + name + "') }}"
    for name in ("load", "manifest", "days_file", "days")
}

with DAG(
    dag_id="sales_marts",
    schedule=[curated(CONTRACT)],
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    # The days of two runs would be loaded twice if both planned before one had loaded.
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    tags=[Layer.MART, Domain.SALES, Tier.TWO],
    doc_md=__doc__,
):
    ensure_tables = RedshiftStatementOperator(
        task_id="ensure_tables",
        sql=[MART + name + ".ddl.sql" for name in ("mart", "fact_sales", "dim_product", "dim_customer", "load_ledger")],
        **REDSHIFT,
    )
    ensure_views = EnsureViewsOperator(
        task_id="ensure_views",
        sql=MART + "materialized_views.check.sql",
        views=[MART + "daily_sales.view.sql", MART + "product_sales.view.sql"],
        **REDSHIFT,
    )
    sync_masks = SyncMasksOperator(
        task_id="sync_masks", product=CONTRACT.product, schema="mart", tables=READ_BY_PEOPLE, **REDSHIFT
    )
    read_load_ledger = RedshiftStatementOperator(
        task_id="read_load_ledger", sql=MART + "load_ledger.check.sql", **REDSHIFT
    )
    plan_load = PlanLoadOperator(
        task_id="plan_load",
        table=CONTRACT.table("curated"),
        ledger_statement="{{ ti.xcom_pull(task_ids='read_load_ledger')[0] }}",
        folder=LAKE.uri("governance", "loads/sales_marts/"),
    )
    copy_fact_sales = RedshiftStatementOperator(
        task_id="copy_fact_sales",
        # One batch is one transaction: readers see all of these days, facts and dimensions, or none of them.
        sql=[
            MART + step + ".sql"
            for step in (
                *("stage_sales.ddl", "stage_days.ddl", "stage_sales.copy", "stage_days.copy", "fact_sales.lock"),
                *("touched_products.ddl", "touched_customers.ddl", "fact_sales.delete", "fact_sales.insert"),
                *("dim_product.delete", "dim_product.insert", "dim_customer.delete", "dim_customer.insert"),
                *("load_ledger.delete", "load_ledger.insert"),
            )
        ],
        sql_values=LOAD,
        statement_name="copy_fact_sales_" + LOAD["load"],
        outlets=[MART_FACT_SALES],
        **REDSHIFT,
    )
    refresh_daily_sales = RedshiftStatementOperator(
        task_id="refresh_daily_sales",
        sql=MART + "daily_sales.refresh.sql",
        # Also when there was nothing to load: a run that was killed may have loaded and not refreshed.
        trigger_rule=TriggerRule.NONE_FAILED,
        **REDSHIFT,
    )
    refresh_product_sales = RedshiftStatementOperator(
        task_id="refresh_product_sales", sql=MART + "product_sales.refresh.sql", **REDSHIFT
    )
    count_lake = AthenaStatementOperator(
        task_id="count_lake",
        query="athena/curated/online_retail.check.sql",
        sql_values=LOAD,
        **ATHENA,
    )
    count_warehouse = RedshiftStatementOperator(
        task_id="count_warehouse", sql=MART + "fact_sales.check.sql", sql_values=LOAD, **REDSHIFT
    )
    check_fact_sales = ReconcileOperator(
        task_id="check_fact_sales",
        lake_query="{{ ti.xcom_pull(task_ids='count_lake') }}",
        warehouse_statement="{{ ti.xcom_pull(task_ids='count_warehouse')[0] }}",
        remedy="Delete these days from mart.load_ledger and run sales_marts again: it loads them anew.",
    )
    check_integrity = RequireNoRowsOperator(
        task_id="check_integrity", sql=MART + "sales_integrity.check.sql", **REDSHIFT
    )

    ensure_tables >> ensure_views >> sync_masks >> read_load_ledger >> plan_load >> copy_fact_sales
    copy_fact_sales >> refresh_daily_sales >> refresh_product_sales
    refresh_product_sales >> count_lake >> count_warehouse >> check_fact_sales >> check_integrity
