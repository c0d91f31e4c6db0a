"""
### lake_canary_hourly
Sends a synthetic record through the lake's services, compares what comes back, and publishes how long it took. A
deployment runs it as its smoke test.

- **Reads** requirements.txt (every package must be importable), the lake's permissions, alerts topic and
  arrivals queue, its own record
- **Writes** `canary/` in landing, staging and curated, the Glue database and the Redshift schema `canary`, and the
  metrics `CanarySucceeded` and `CanaryAgeSeconds` (namespace `Sluice`); keeps the newest runs. Announces no asset and
  grants nobody anything
- **Re-run** at any time, also beside another run: each run sends a record of its own
- **If it fails** docs/runbook.md#lake_canary_hourly
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from lake.canary import CURATED, DATABASE, IN_RUN, JOB_ARGUMENTS, KEEP_RUNS, RESULT, RUN, RUN_KEY, SQL_VALUES
from lake.defaults import ATHENA, DEFAULT_ARGS, REDSHIFT, SQL_ROOT, watched
from lake.operators import canary
from lake.operators.athena import AthenaStatementOperator, ConvertToParquetOperator
from lake.operators.glue_job import GlueJobOncePerKeyOperator
from lake.operators.installed import CheckRequirementsOperator
from lake.operators.landing import CrawlLandingOperator
from lake.operators.partitions import PublishPartitionOperator
from lake.operators.redshift import RedshiftStatementOperator
from lake.operators.seclusion import CheckAlertsTopicOperator, CheckArrivalsQueueOperator, RequireNoConsumersOperator
from lake.settings import LAKE
from lake.tags import Domain, Layer, Tier

COPY_STEPS = ("canary.ddl", "record.ddl", "record.lock", "record.delete", "record.copy")

with DAG(
    dag_id="lake_canary_hourly",
    schedule="17 * * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=2,
    # A paused DAG leaves the run that a deployment has started in the queue.
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS,
    template_searchpath=[SQL_ROOT],
    tags=[Layer.PLATFORM, Domain.PLATFORM, Tier.ONE],
    doc_md=__doc__,
):
    check_requirements = CheckRequirementsOperator(task_id="check_requirements")
    check_alerts = CheckAlertsTopicOperator(task_id="check_alerts")
    check_arrivals = CheckArrivalsQueueOperator(task_id="check_arrivals", queue_name=LAKE.name("arrivals"))
    check_seclusion = RequireNoConsumersOperator(task_id="check_seclusion", database=DATABASE)
    ensure_tables = canary.EnsureCanaryTablesOperator(task_id="ensure_tables")
    land_record = canary.LandRecordOperator(task_id="land_record")
    crawl_landing = CrawlLandingOperator(
        task_id="crawl_landing", crawler_name=LAKE.name("canary"), poll_interval=LAKE.poll_seconds, deferrable=True
    )
    check_crawled = canary.CheckCrawledOperator(task_id="check_crawled", run=RUN)
    carry_record = GlueJobOncePerKeyOperator(
        task_id="carry_record",
        job_name=LAKE.name("canary"),
        run_key=RUN_KEY,
        result=RESULT,
        script_args=JOB_ARGUMENTS,
        **watched(1800),
    )
    convert_to_parquet = ConvertToParquetOperator(
        task_id="convert_to_parquet",
        query="athena/canary/record.ctas.sql",
        sql_values=SQL_VALUES,
        helper_database=DATABASE,
        published=(DATABASE, "record", RUN),
        expected_rows=1,
        **ATHENA,
    )
    publish_record = PublishPartitionOperator(
        task_id="publish_record",
        database=DATABASE,
        table="record",
        value=RUN,
        location=CURATED + IN_RUN,
        version=RUN_KEY,
        rows=1,
        helper_table=(DATABASE, SQL_VALUES["helper_table"]),
    )
    copy_record = RedshiftStatementOperator(
        task_id="copy_record",
        sql=["redshift/canary/" + step + ".sql" for step in COPY_STEPS],
        sql_values=SQL_VALUES,
        statement_name="copy_canary_" + RUN_KEY,
        **REDSHIFT,
    )
    read_lake = AthenaStatementOperator(
        task_id="read_lake", query="athena/canary/record.check.sql", sql_values=SQL_VALUES, **ATHENA
    )
    read_warehouse = RedshiftStatementOperator(
        task_id="read_warehouse", sql="redshift/canary/record.check.sql", sql_values=SQL_VALUES, **REDSHIFT
    )
    compare_record = canary.CompareRecordOperator(
        task_id="compare_record",
        run=RUN,
        lake_query="{{ ti.xcom_pull(task_ids='read_lake') }}",
        warehouse_statement="{{ ti.xcom_pull(task_ids='read_warehouse')[0] }}",
    )
    # Teardowns run whatever became of the tasks before them. Their own failure alerts, but compare_record alone decides
    # about the run: with on_failure_fail_dagrun they would, and hide a stage that failed.
    publish_freshness = canary.PublishFreshnessOperator(
        task_id="publish_freshness", compared="compare_record"
    ).as_teardown()
    clean_up = canary.CleanUpOperator(task_id="clean_up", keep=KEEP_RUNS).as_teardown()

    check_requirements >> check_alerts >> check_arrivals >> check_seclusion >> ensure_tables >> land_record
    land_record >> crawl_landing >> check_crawled >> carry_record >> convert_to_parquet >> publish_record
    publish_record >> copy_record >> read_lake >> read_warehouse >> compare_record >> [publish_freshness, clean_up]
