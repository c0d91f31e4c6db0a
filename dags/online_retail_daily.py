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

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, CronDataIntervalTimetable

from lake.assets import CURATED_ONLINE_RETAIL
from lake.contracts import contract
from lake.defaults import ATHENA, DEFAULT_ARGS, SQL_ROOT
from lake.operators.athena import ConvertToParquetOperator
from lake.operators.glue_job import GlueJobOncePerKeyOperator
from lake.operators.lake_formation import LakeFormationSyncOperator
from lake.operators.landing import CrawlLandingOperator, LandingSensor
from lake.operators.partitions import PublishPartitionOperator
from lake.operators.quality import ACCEPTANCE_PARAMS, JudgeQualityOperator
from lake.operators.schema import CheckSchemaOperator, EnsureTablesOperator
from lake.run_paths import RunPaths
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

CONTRACT = contract("online_retail")
RUN_KEY = "{{ ti.xcom_pull(task_ids='check_schema', key='run_key') }}"
ROWS = "{{ ti.xcom_pull(task_ids='judge_quality')['published'] }}"
RUN = RunPaths(CONTRACT, day="{{ ds }}", run_key=RUN_KEY)
HELPER_TABLE = "online_retail_{{ ds_nodash }}_" + RUN_KEY

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
    await_landing = LandingSensor(
        task_id="await_landing",
        folder=RUN.landing,
        patience=timedelta(hours=6),
        poke_interval=LAKE.poll_seconds,
        deferrable=True,
    )
    crawl_landing = CrawlLandingOperator(
        task_id="crawl_landing",
        crawler_name=LAKE.name("landing-online-retail"),
        poll_interval=LAKE.poll_seconds,
        deferrable=True,
    )
    check_schema = CheckSchemaOperator(task_id="check_schema", product=CONTRACT.product, folder=RUN.landing)
    ensure_tables = EnsureTablesOperator(task_id="ensure_tables", product=CONTRACT.product)
    clean_invoices = GlueJobOncePerKeyOperator(
        task_id="clean_invoices",
        job_name=LAKE.name("clean-invoices"),
        run_key=RUN_KEY,
        result=RUN.result,
        script_args=RUN.job_arguments,
        waiter_delay=LAKE.poll_seconds,
        waiter_max_attempts=3600 // LAKE.poll_seconds,
        deferrable=True,
    )
    publish_quarantine = PublishPartitionOperator(
        task_id="publish_quarantine",
        database=CONTRACT.databases["quarantine"],
        table=CONTRACT.product,
        value="{{ ds }}",
        location=RUN.quarantine,
        version=RUN_KEY,
    )
    judge_quality = JudgeQualityOperator(
        task_id="judge_quality",
        product=CONTRACT.product,
        result=RUN.result,
        run_key=RUN_KEY,
        data_docs=RUN.data_docs,
        accepted_percent="{{ params.accepted_quarantine_percent }}",
    )
    convert_to_parquet = ConvertToParquetOperator(
        task_id="convert_to_parquet",
        query="athena/curated/online_retail.ctas.sql",
        sql_values={"day": "{{ ds }}", "run_key": RUN_KEY, "location": RUN.curated, "helper_table": HELPER_TABLE},
        helper_database=CONTRACT.databases["staging"],
        published=(CONTRACT.databases["curated"], CONTRACT.product, "{{ ds }}"),
        expected_rows=ROWS,
        **ATHENA,
    )
    publish_day = PublishPartitionOperator(
        task_id="publish_day",
        database=CONTRACT.databases["curated"],
        table=CONTRACT.product,
        value="{{ ds }}",
        location=RUN.curated,
        version=RUN_KEY,
        rows=ROWS,
        helper_table=(CONTRACT.databases["staging"], HELPER_TABLE),
        outlets=[CURATED_ONLINE_RETAIL],
    )
    sync_permissions = LakeFormationSyncOperator(task_id="sync_permissions", product=CONTRACT.product)

    await_landing >> crawl_landing >> check_schema >> ensure_tables >> clean_invoices >> publish_quarantine
    publish_quarantine >> judge_quality >> convert_to_parquet >> publish_day >> sync_permissions
