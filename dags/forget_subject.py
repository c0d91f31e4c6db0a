"""
### forget_subject
Erases a person who asks for it from every file of the lake, old versions included, and from the warehouse.

- **Reads** the request `erasure_requests/<request>.json` in the governance bucket, which alone says whom it is about;
  every version of every object of the products
- **Writes** landing, staging, curated and quarantine without the person's rows; removes old versions that hold them;
  the mart and its views; `erased_subjects/` (the deletion list, keyed hashes), `erasures/<request>/` (the report)
- **Re-run** as often as you like; the request's file is removed at the end. With the request `deletion-list` it cleans
  files that were delivered again after an erasure
- **If it fails** docs/runbook.md#forget_subject
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, chain

from lake.defaults import DEFAULT_ARGS, REDSHIFT, SQL_ROOT, watched
from lake.erasure import ERASURE_PARAMS, checked, job_arguments
from lake.operators.approval import APPROVED_BY, ApproveOperator, approver
from lake.operators.erasure import (
    CheckRequestOperator,
    CloseRequestOperator,
    ReportFoundOperator,
)
from lake.operators.glue_job import GlueJobOncePerKeyOperator
from lake.operators.redshift import EnsureViewsOperator, RedshiftStatementOperator
from lake.operators.warehouse_scan import ScanWarehouseOperator
from lake.run_conf import refuse_unknown_conf
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

MART = "redshift/mart/"
TABLES = [MART + name + ".ddl.sql" for name in ("mart", "fact_sales", "dim_product", "dim_customer", "load_ledger")]
LISTING = [MART + "erased_subjects.ddl.sql", MART + "erased_subjects.copy.sql"]
# One batch is one transaction. The dimension of products is written anew: its descriptions and dates come from facts.
STEPS = (
    *("erased_subjects.ddl", "erased_subjects.copy", "fact_sales.lock", "erased_products.ddl", "fact_sales.erase"),
    *("dim_customer.erase", "dim_product.delete", "dim_product.insert", "load_ledger.recount"),
    *("statistics.set", "fact_sales.analyze", "dim_customer.analyze", "dim_product.analyze"),
)
SUBJECTS = {"pseudonyms": checked("pseudonyms")}
JOB = {"job_name": LAKE.name("forget-subject"), **watched()}

with DAG(
    dag_id="forget_subject",
    schedule=None,
    start_date=pendulum.datetime(2010, 12, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # two at once would search what the other rewrites
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    params={**ERASURE_PARAMS, **APPROVED_BY},
    tags=[Layer.PLATFORM, Domain.PLATFORM, Tier.TWO],
    doc_md=__doc__,
):
    check_request = CheckRequestOperator(
        task_id="check_request",
        request="{{ params.request }}",
        products="{{ (params.products or []) | tojson }}",
        pre_execute=refuse_unknown_conf,
    )
    find_rows = GlueJobOncePerKeyOperator(
        task_id="find_rows",
        run_key=checked("run_key"),
        result=checked("found"),
        script_args=job_arguments("find", "found"),
        **JOB,
    )
    report_found = ReportFoundOperator(task_id="report_found", found=checked("found"), only_tell="{{ params.dry_run }}")
    approve_erasure = ApproveOperator(
        task_id="approve_erasure",
        subject="Erase the subject of request {{ params.request }} for good?",
        body="{{ ti.xcom_pull(task_ids='report_found', key='note') }}",
        response_timeout=timedelta(days=7),
    )
    erase_files = GlueJobOncePerKeyOperator(
        task_id="erase_files",
        run_key=checked("erasing_key"),
        result=checked("erased"),
        script_args=job_arguments("erase", "erased"),
        **JOB,
    )
    ensure_tables = RedshiftStatementOperator(task_id="ensure_tables", sql=TABLES, **REDSHIFT)
    ensure_views = EnsureViewsOperator(
        task_id="ensure_views",
        sql=MART + "materialized_views.check.sql",
        views=[MART + "daily_sales.view.sql", MART + "product_sales.view.sql"],
        **REDSHIFT,
    )
    erase_warehouse = RedshiftStatementOperator(
        task_id="erase_warehouse", sql=[MART + step + ".sql" for step in STEPS], sql_values=SUBJECTS, **REDSHIFT
    )
    daily_sales, product_sales = (MART + name + ".refresh.sql" for name in ("daily_sales", "product_sales"))
    refresh_daily_sales = RedshiftStatementOperator(task_id="refresh_daily_sales", sql=daily_sales, **REDSHIFT)
    refresh_product_sales = RedshiftStatementOperator(task_id="refresh_product_sales", sql=product_sales, **REDSHIFT)
    scan_warehouse = ScanWarehouseOperator(
        task_id="scan_warehouse",
        sql=MART + "text_columns.check.sql",
        listing=LISTING,
        sql_values=SUBJECTS,
        **REDSHIFT,
    )
    close_request = CloseRequestOperator(
        task_id="close_request",
        checked="{{ ti.xcom_pull(task_ids='check_request') | tojson }}",
        approved_by=approver("approve_erasure"),
        reason="{{ params.reason or '' }}",
        warehouse_statement="{{ ti.xcom_pull(task_ids='erase_warehouse')[0] }}",
        steps=STEPS,
        scanned="{{ ti.xcom_pull(task_ids='scan_warehouse') | tojson }}",
    )
    chain(check_request, find_rows, report_found, approve_erasure, erase_files, ensure_tables, ensure_views)
    chain(ensure_views, erase_warehouse, refresh_daily_sales, refresh_product_sales, scan_warehouse, close_request)
